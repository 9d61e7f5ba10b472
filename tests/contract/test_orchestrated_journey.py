"""One payment that a person approves, through the real handlers and adapters, the state machine played by hand."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from functions.approver import handler as approver
from functions.charger import handler as charger
from functions.dispatcher import handler as dispatcher
from functions.examiner import handler as examiner
from functions.processor import handler as processor
from functions.requester import handler as requester
from functions.validator import handler as validator
from payments.domain.errors import ApprovalNotAwaited, PaymentUnsettled
from payments.domain.messages import encode_message
from payments.domain.timestamps import rfc3339
from payments.runtime import system
from tests.contract.deployment import CONTEXT, flow, get
from tests.contract.test_workflow import StepFunctions
from tests.unit.handlers.events import Event, api_event, body_of, sample

if TYPE_CHECKING:
    from tests.contract.deployment import Deployment
    from tests.contract.services import Services

ABOVE_THE_LIMIT = {
    "payment_id": "order-1",
    "customer_id": "cust-1",
    "amount": "25000.00",
    "currency": "EUR",
    "processing": "orchestrated",
}


class Orchestration:
    """The state machine, whose states the test plays, and the back office's mailbox."""

    def __init__(self, services: Services) -> None:
        self.step_functions = StepFunctions(services.step_functions)
        self.topic = services.topic()

    def ask(self, wait: str) -> str:
        """Let a wait begin, and return the token that the back office was told."""
        event = {
            "payment_id": "order-1",
            "task_token": wait,
            "entered_at": rfc3339(system.now()),
            "timeout_seconds": 3600,
        }
        requester.handler(event, CONTEXT)
        (told,) = self.topic.messages()
        return str(told["approval_token"])


@pytest.fixture
def orchestration(
    services: Services,
    deployment: Deployment,  # noqa: ARG001 - its variables are set first
    monkeypatch: pytest.MonkeyPatch,
) -> Orchestration:
    orchestration = Orchestration(services)
    monkeypatch.setenv("PAYMENT_WORKFLOW_ARN", orchestration.step_functions.machine)
    monkeypatch.setenv("BACK_OFFICE_TOPIC_ARN", orchestration.topic.arn)
    monkeypatch.setenv("APPROVAL_LIMITS", "EUR=10000")
    return orchestration


def accept() -> None:
    answer = validator.handler(api_event("api_post_payments", body=json.dumps(ABOVE_THE_LIMIT)), CONTEXT)
    assert (answer["statusCode"], body_of(answer)["approval"]) == (202, "required")


def decide(token: str, decision: str) -> Event:
    event = sample("api_post_approvals")
    event["pathParameters"] = {"token": token}
    event["body"] = json.dumps({"decision": decision, "actor": "ada"})
    return approver.handler(event, CONTEXT)


def woken_by_the_queue() -> Any:  # noqa: ANN401 - whatever the handler returns
    event = sample("sqs")
    event["Records"] = [{**event["Records"][0], "body": encode_message("order-1")}]
    return processor.handler(event, CONTEXT)


def test_a_payment_above_the_limit_is_asked_about_approved_and_then_charged(
    deployment: Deployment,
    orchestration: Orchestration,
) -> None:
    accept()
    flow(deployment)
    assert orchestration.step_functions.started() == ["order-1"]
    assert examiner.handler({"payment_id": "order-1"}, CONTEXT)["verdict"] == "await_approval"

    old, token = orchestration.ask("wait-1"), orchestration.ask("wait-2")
    assert woken_by_the_queue() == {"batchItemFailures": []}
    with pytest.raises(PaymentUnsettled):
        charger.handler({"payment_id": "order-1"}, CONTEXT)
    assert get("api_get_payment", "order-1")["status"] == "accepted"

    assert decide(old, "approve")["statusCode"] == 404
    assert [decide(token, "approve")["statusCode"], decide(token, "approve")["statusCode"]] == [200, 200]
    assert decide(token, "refuse")["statusCode"] == 409
    assert dispatcher.handler(deployment.stream(), CONTEXT) == {"batchItemFailures": []}
    with pytest.raises(ApprovalNotAwaited):
        orchestration.ask("wait-3")

    charged = charger.handler({"payment_id": "order-1"}, CONTEXT)
    assert charged == {"payment_id": "order-1", "status": "succeeded", "failure_code": None}
    flow(deployment)
    payment = get("api_get_payment", "order-1")
    assert (payment["status"], payment["approval"], payment["processing"]) == ("succeeded", "granted", "orchestrated")


def test_a_payment_that_is_refused_is_told_and_never_charged(
    deployment: Deployment,
    orchestration: Orchestration,
) -> None:
    accept()
    flow(deployment)
    assert decide(orchestration.ask("wait-1"), "refuse")["statusCode"] == 200
    flow(deployment)
    assert woken_by_the_queue() == {"batchItemFailures": []}
    said = charger.handler({"payment_id": "order-1"}, CONTEXT)
    assert (said["status"], said["failure_code"]) == ("failed", "approval_refused")
    trail = get("api_get_events", "order-1")["items"]
    assert [event["actor"] for event in trail][-1] == "approver:ada"
