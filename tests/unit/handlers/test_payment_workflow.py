"""The functions of a payment's workflow, from what its state machine sends to what it gets back."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from functions.charger import handler as charger
from functions.examiner import handler as examiner
from functions.requester import handler as requester
from payments.adapters.back_office import SnsApprovalRequests
from payments.adapters.gateway_simulator import SimulatorGateway
from payments.domain.approval import approval_token
from payments.domain.decision import Decision
from payments.domain.errors import (
    ApprovalNotAwaited,
    DeliveryFailed,
    GatewayAmbiguous,
    PaymentNotFound,
    PaymentUnsettled,
)
from payments.domain.payment import Status
from payments.domain.timestamps import rfc3339
from tests.fakes import Act
from tests.samples import WAIT
from tests.unit.pipeline import APPROVALS, HIGH, LEASE, ORCHESTRATED, Pipeline

if TYPE_CHECKING:
    from collections.abc import Callable

    from aws_lambda_powertools.utilities.typing import LambdaContext

    from tests.unit.handlers.conftest import Line

Event = dict[str, Any]
TIMEOUT_SECONDS = int(APPROVALS.timeout.total_seconds())


CONNECT = {module: module.aws_ports for module in (examiner, requester, charger)}


@pytest.fixture(autouse=True)
def connected(pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch) -> None:
    """Connect the functions to the pipeline's ports."""
    shared: dict[str, Any] = {"store": pipeline.store, "clock": pipeline.clock, "tokens": pipeline.tokens}
    charging: dict[str, Any] = {"gateway": pipeline.gateway, "measure": pipeline.measure, "lease": LEASE}
    monkeypatch.setattr(examiner, "aws_ports", lambda: examiner.Ports(**shared))
    monkeypatch.setattr(requester, "aws_ports", lambda: requester.Ports(**shared, requests=pipeline.requests))
    monkeypatch.setattr(charger, "aws_ports", lambda: charger.Ports(**shared, **charging))


def asking(pipeline: Pipeline, payment_id: str, wait: str = WAIT, timeout_seconds: object = TIMEOUT_SECONDS) -> Event:
    return {
        "payment_id": payment_id,
        "task_token": wait,
        "entered_at": rfc3339(pipeline.clock.now),
        "timeout_seconds": timeout_seconds,
    }


def test_an_examination_says_what_is_next(pipeline: Pipeline, context: LambdaContext) -> None:
    below, above = (pipeline.accept(request, key=None).payment.payment_id for request in (ORCHESTRATED, HIGH))
    assert examiner.handler({"payment_id": below}, context) == {
        "payment_id": below,
        "status": "accepted",
        "verdict": "process",
        "reason": "the payment may be charged",
    }
    assert examiner.handler({"payment_id": above}, context)["verdict"] == "await_approval"
    pipeline.process(below)
    settled = examiner.handler({"payment_id": below}, context)
    assert (settled["verdict"], settled["status"]) == ("settled", "succeeded")


def test_a_payment_that_is_refused_says_why(pipeline: Pipeline, context: LambdaContext) -> None:
    refused = examiner.handler({"payment_id": pipeline.accepted()}, context)
    assert (refused["verdict"], refused["reason"]) == ("refused", "the payment belongs to the processing queue")


@pytest.mark.parametrize("timeout_seconds", [TIMEOUT_SECONDS, str(TIMEOUT_SECONDS), float(TIMEOUT_SECONDS)])
def test_an_approval_can_be_given_for_as_long_as_the_workflow_waits(
    pipeline: Pipeline, context: LambdaContext, timeout_seconds: object
) -> None:
    payment_id = pipeline.accepted(HIGH)
    requester.handler(asking(pipeline, payment_id, timeout_seconds=timeout_seconds), context)
    (told,) = pipeline.requests.asked
    assert told.expires_at == pipeline.clock.now + APPROVALS.timeout
    assert told.approval_token == approval_token(payment_id, WAIT)


def test_a_topic_that_was_down_for_an_hour_leaves_people_the_rest_of_the_time(
    pipeline: Pipeline, context: LambdaContext
) -> None:
    payment_id = pipeline.accepted(HIGH)
    entered_at = pipeline.clock.now
    event = asking(pipeline, payment_id)
    pipeline.requests.failures = 12
    for attempt in range(12):
        with pytest.raises(DeliveryFailed):
            requester.handler(event | {"task_token": f"wait-{attempt}"}, context)
        pipeline.wait(timedelta(minutes=5))
    requester.handler(event, context)
    (told,) = pipeline.requests.asked
    assert told.expires_at == entered_at + APPROVALS.timeout
    payment = pipeline.store.get(payment_id)
    assert payment.due_at == told.expires_at
    assert pipeline.decide(told.approval_token, Decision.APPROVE).approval == payment.approval.decided(  # type: ignore[union-attr]  # it has one
        granted=True, by="ada"
    )


def test_nobody_is_asked_once_the_time_is_over_and_the_payment_fails_at_the_next_step(
    pipeline: Pipeline, context: LambdaContext
) -> None:
    payment_id = pipeline.accepted(HIGH)
    event = asking(pipeline, payment_id)
    pipeline.requests.failures = 1
    with pytest.raises(DeliveryFailed):
        requester.handler(event, context)
    pipeline.wait(APPROVALS.timeout)
    with pytest.raises(ApprovalNotAwaited, match="time in which"):
        requester.handler(event | {"task_token": "wait-2"}, context)
    assert pipeline.requests.asked == []
    assert charger.handler({"payment_id": payment_id}, context)["failure_code"] == "approval_timed_out"
    assert pipeline.store.get(payment_id).history[-1].actor == "workflow"


def test_the_history_tells_whether_the_workflow_or_the_queue_charged(
    pipeline: Pipeline, context: LambdaContext
) -> None:
    by_workflow, by_queue = (pipeline.accept(ORCHESTRATED, key=None).payment.payment_id for _ in range(2))
    charger.handler({"payment_id": by_workflow}, context)
    pipeline.process(by_queue)
    told = {
        payment_id: [(entry.status, entry.actor) for entry in pipeline.store.get(payment_id).history[1:]]
        for payment_id in (by_workflow, by_queue)
    }
    assert told == {
        by_workflow: [("processing", "workflow"), ("succeeded", "workflow")],
        by_queue: [("processing", "processor"), ("succeeded", "processor")],
    }


def test_neither_kind_of_token_is_printed(
    pipeline: Pipeline, context: LambdaContext, printed: Callable[[], list[Line]]
) -> None:
    """Defect: Open doors."""
    requester.handler(asking(pipeline, pipeline.accepted(HIGH)), context)
    lines = json.dumps(printed())
    assert WAIT not in lines
    assert pipeline.requests.asked[-1].approval_token not in lines


def test_asking_about_what_needs_no_approval_raises_under_the_name_the_workflow_catches(
    pipeline: Pipeline, context: LambdaContext
) -> None:
    with pytest.raises(ApprovalNotAwaited):
        requester.handler(asking(pipeline, pipeline.accepted(ORCHESTRATED)), context)


@pytest.mark.parametrize(
    ("act", "end"),
    [
        (Act.APPROVE, {"status": "succeeded", "failure_code": None}),
        (Act.DECLINE, {"status": "declined", "failure_code": "insufficient_funds"}),
        (Act.REFUSE, {"status": "failed", "failure_code": "account_closed"}),
        (Act.ECHO_ANOTHER_AMOUNT, {"status": "needs_review", "failure_code": None}),
    ],
)
def test_a_charge_says_how_the_payment_ended(
    pipeline: Pipeline,
    context: LambdaContext,
    printed: Callable[[], list[Line]],
    act: Act,
    end: Event,
) -> None:
    payment_id = pipeline.accepted(ORCHESTRATED)
    pipeline.gateway.acts.append(act)
    said = {"payment_id": payment_id, **end}
    assert charger.handler({"payment_id": payment_id}, context) == said
    assert charger.handler({"payment_id": payment_id}, context) == said
    assert [(line["payment_id"], line["outcome"]) for line in printed()] == [(payment_id, end["status"])] * 2


def test_a_charge_of_what_is_still_open_raises_under_the_name_the_workflow_retries(
    pipeline: Pipeline, context: LambdaContext
) -> None:
    payment_id = pipeline.accepted(HIGH)
    with pytest.raises(PaymentUnsettled):
        charger.handler({"payment_id": payment_id}, context)
    assert pipeline.store.get(payment_id).status is Status.ACCEPTED
    unclear = pipeline.accept(ORCHESTRATED, key="unclear").payment.payment_id
    pipeline.gateway.acts.append(Act.TIME_OUT_AFTER_CHARGING)
    with pytest.raises(GatewayAmbiguous):
        charger.handler({"payment_id": unclear}, context)


def test_nobodys_payment_raises_under_the_name_the_workflow_gives_up_at(
    pipeline: Pipeline, context: LambdaContext
) -> None:
    for handler, event in (
        (examiner, {"payment_id": "nobody"}),
        (requester, asking(pipeline, "nobody")),
        (charger, {"payment_id": "nobody"}),
    ):
        with pytest.raises(PaymentNotFound):
            handler.handler(event, context)


def test_the_connections_are_made_of_the_functions_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {
        "PAYMENTS_TABLE": "payments-payments-test",
        "BACK_OFFICE_TOPIC_ARN": "arn:aws:sns:us-east-1:123456789012:back-office",
        "LEASE_SECONDS": "45",
        "GATEWAY": "simulator",
        "GATEWAY_LEDGER_TABLE": "ledger",
        "GATEWAY_KEY_RETENTION_SECONDS": "86400",
    }.items():
        monkeypatch.setenv(name, value)
    assert CONNECT[examiner].__wrapped__()
    assert isinstance(CONNECT[requester].__wrapped__().requests, SnsApprovalRequests)
    charging = CONNECT[charger].__wrapped__()
    assert isinstance(charging.gateway, SimulatorGateway)
    assert charging.lease == timedelta(seconds=45)
