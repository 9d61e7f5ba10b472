"""The deployed reconciler, under its own role: what it settles by the ledger is recorded and told like any change."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from operations import environment as environments
from payments.adapters.dynamodb.payment_item import to_item
from payments.adapters.gateway_ledger import DynamoDbLedger
from payments.domain.charge import Charge
from payments.domain.payment import Payment, Status
from payments.runtime import system
from tests.e2e.invoked import invoke
from tests.samples import accepted, as_requested, claimed, settled

if TYPE_CHECKING:
    from local_aws.deployment import Deployment
    from operations.environment import Environment
    from tests.e2e.client import Client

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("embedded_aws")]

LONG_AGO = timedelta(days=40)
"""A day of their own: on this one the reconciler would meet what other tests have under way."""


@pytest.fixture
def deployed(deployment: Deployment) -> Environment:
    return environments.local_environment(deployment.to_json())


def in_review() -> Payment:
    """Return a payment whose charge nobody could tell of, and whose lease is long over."""
    payment = as_requested(accepted(f"reconciled-{uuid4()}", at=system.now() - LONG_AGO))
    return settled(claimed(payment), Status.NEEDS_REVIEW, gateway_reference=None)


def charge(deployed: Environment, payment: Payment) -> str:
    """Enter an approved charge of the payment in the gateway's own ledger; return its reference."""
    made = Charge(approved=True, reference="ch-1", amount=payment.amount, currency=payment.currency)
    key = payment.payment_id
    ledger = DynamoDbLedger(deployed.client("dynamodb"), deployed.name("gateway-ledger"))
    assert ledger.begin(reference=key, idempotency_key=key)
    return ledger.record(made, reference=key, idempotency_key=key, at=payment.updated_at).reference


def test_a_payment_in_review_is_settled_by_its_charge_recorded_and_told(client: Client, deployed: Environment) -> None:
    payment = in_review()
    reference = charge(deployed, payment)
    deployed.client("dynamodb").put_item(TableName=deployed.name("payments"), Item=to_item(payment))
    invoke(deployed, "reconciler", {"day": payment.updated_at.date().isoformat()})
    after = client.get(f"/payments/{payment.payment_id}").body
    assert (after["status"], after["gateway_reference"]) == ("succeeded", reference)
    event = client.events(payment.payment_id, count=payment.version + 1)[-1]
    assert (event["actor"], event["status"]) == ("reconciler", "succeeded")
    assert client.notification_of(payment.payment_id)


def test_an_altered_payment_is_left_as_it_is(client: Client, deployed: Environment) -> None:
    """Defect: Blind and double writes."""
    payment = replace(in_review(), customer_id="somebody-else")
    charge(deployed, payment)
    deployed.client("dynamodb").put_item(TableName=deployed.name("payments"), Item=to_item(payment))
    invoke(deployed, "reconciler", {"day": payment.updated_at.date().isoformat()})
    assert client.get(f"/payments/{payment.payment_id}").body["status"] == "needs_review"
