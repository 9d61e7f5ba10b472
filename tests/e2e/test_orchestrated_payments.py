"""Payments that a workflow runs, on the deployed state machine, functions, queues and tables."""

from __future__ import annotations

import json
import uuid
from typing import TYPE_CHECKING

import pytest

from local_aws import account
from local_aws.back_office import BackOffice
from local_aws.payments_client import PaymentsClient
from tests.e2e.client import eventually

if TYPE_CHECKING:
    from local_aws.deployment import Deployment
    from tests.e2e.client import Client

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("embedded_aws")]

ORCHESTRATED = {"processing": "orchestrated", "currency": "EUR"}
ABOVE_THE_LIMIT = ORCHESTRATED | {"amount": "25000.00"}


@pytest.fixture(scope="module")
def back_office(deployment: Deployment) -> BackOffice:
    return BackOffice(deployment)


@pytest.fixture(scope="module")
def caller(deployment: Deployment) -> PaymentsClient:
    return PaymentsClient(deployment)


class Executions:
    """Reads the workflow's executions."""

    def __init__(self, deployment: Deployment) -> None:
        self._client = account.session(deployment.region).client(
            "stepfunctions", endpoint_url=deployment.endpoint_url, config=account.DIRECT
        )
        self._machine = str(deployment.outputs["payment_workflow_arn"])

    def end_of(self, payment_id: str) -> str:
        """Return how the payment's execution ended."""
        arn = f"{self._machine.replace(':stateMachine:', ':execution:')}:{payment_id}"
        return eventually(
            lambda: str(self._client.describe_execution(executionArn=arn)["status"]), lambda status: status != "RUNNING"
        )

    def named(self, payment_id: str) -> int:
        """Return how many executions bear the payment's id."""
        pages = self._client.get_paginator("list_executions").paginate(stateMachineArn=self._machine)
        return sum(each["name"] == payment_id for page in pages for each in page["executions"])


@pytest.fixture(scope="module")
def executions(deployment: Deployment) -> Executions:
    return Executions(deployment)


def test_an_orchestrated_payment_succeeds_and_so_does_its_execution(client: Client, executions: Executions) -> None:
    """Defect: Broken workflow."""
    payment_id = client.accepted(ORCHESTRATED | {"amount": "12.34"})
    assert client.settled(payment_id)["status"] == "succeeded"
    assert executions.end_of(payment_id) == "SUCCEEDED"
    assert client.charges_of(payment_id) == 1
    assert json.loads(client.notification_of(payment_id).body)["type"] == "payment.succeeded"


def test_a_declined_payment_ends_in_a_failed_execution(client: Client, executions: Executions) -> None:
    """Defect: Broken workflow. Failure paths ended in success."""
    payment_id = client.accepted(ORCHESTRATED | {"amount": "4000.02"})
    assert client.settled(payment_id)["status"] == "declined"
    assert executions.end_of(payment_id) == "FAILED"
    assert client.charges_of(payment_id) == 0


def test_a_payment_above_the_limit_is_charged_once_it_is_approved_and_not_before(
    client: Client, caller: PaymentsClient, back_office: BackOffice, executions: Executions
) -> None:
    payment_id = client.accepted(ABOVE_THE_LIMIT)
    token = back_office.approval_token(payment_id)
    assert caller.payment(payment_id)["status"] == "accepted"
    assert client.charges_of(payment_id) == 0

    approved, again = (caller.decide(token, "approve", actor="ada") for _ in range(2))
    assert (approved.status, again.status) == (200, 200)
    assert client.settled(payment_id)["status"] == "succeeded"
    assert executions.end_of(payment_id) == "SUCCEEDED"
    assert client.charges_of(payment_id) == 1
    assert any("ada" in event["actor"] for event in caller.trail(payment_id))


def test_a_payment_that_is_refused_approval_fails_and_is_never_charged(
    client: Client, caller: PaymentsClient, back_office: BackOffice, executions: Executions
) -> None:
    payment_id = client.accepted(ABOVE_THE_LIMIT)
    token = back_office.approval_token(payment_id)
    assert caller.decide(token, "refuse", actor="ada").status == 200
    assert caller.decide(token, "approve", actor="bob").status == 409
    settled = client.settled(payment_id)
    assert (settled["status"], settled["failure_code"]) == ("failed", "approval_refused")
    assert executions.end_of(payment_id) == "FAILED"
    assert client.charges_of(payment_id) == 0


def test_a_payment_that_nobody_decides_fails_when_its_time_is_over_and_is_never_charged(
    client: Client, caller: PaymentsClient, back_office: BackOffice, executions: Executions, undecided: str
) -> None:
    token = back_office.approval_token(undecided)
    settled = client.settled(undecided, timeout_seconds=240)
    assert (settled["status"], settled["failure_code"]) == ("failed", "approval_timed_out")
    assert executions.end_of(undecided) == "FAILED"
    assert caller.decide(token, "approve", actor="late").status == 409
    assert client.charges_of(undecided) == 0


def test_a_token_nobody_was_given_decides_nothing(client: Client, caller: PaymentsClient) -> None:
    payment_id = client.accepted(ABOVE_THE_LIMIT)
    for token in (payment_id, f"{payment_id}.guess", "no-such-payment.guess"):
        assert caller.decide(token, "approve", actor="eve").status == 404
    assert caller.payment(payment_id)["status"] == "accepted"


def test_a_payment_sent_by_both_ways_at_once_is_charged_once(
    client: Client, deployment: Deployment, executions: Executions
) -> None:
    sqs = account.session(deployment.region).client("sqs", endpoint_url=deployment.endpoint_url, config=account.DIRECT)
    payment_id = f"both-{uuid.uuid4()}"
    message = json.dumps({"schema_version": 1, "payment_id": payment_id})
    client.accepted(ORCHESTRATED | {"amount": "9.99", "payment_id": payment_id})
    for _ in range(3):
        sqs.send_message(QueueUrl=deployment.outputs["processing_queue_url"], MessageBody=message)
    assert client.settled(payment_id)["status"] == "succeeded"
    assert executions.end_of(payment_id) == "SUCCEEDED"
    assert client.charges_of(payment_id) == 1


def test_the_same_request_again_starts_no_second_execution(client: Client, executions: Executions) -> None:
    body = ORCHESTRATED | {"amount": "3.21", "payment_id": f"again-{uuid.uuid4()}"}
    payment_id = client.accepted(body)
    assert client.post(body).headers["Idempotent-Replayed"] == "true"
    client.settled(payment_id)
    assert executions.named(payment_id) == 1
    assert client.charges_of(payment_id) == 1


def test_a_queued_payment_starts_no_execution(client: Client, executions: Executions) -> None:
    payment_id = client.accepted({"amount": "1.11"})
    client.settled(payment_id)
    assert executions.named(payment_id) == 0
