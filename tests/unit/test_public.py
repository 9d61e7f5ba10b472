from __future__ import annotations

import json
from dataclasses import fields, replace
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from jsonschema import Draft202012Validator  # type: ignore[import-untyped] # it ships no types

from payments.domain.approval import Approval, ApprovalState
from payments.domain.audit import events_since
from payments.domain.payment import Claim, Payment
from payments.domain.public import event_schema, payment_schema, public_event, public_payment
from payments.use_cases import Outcome
from tests.fakes import START
from tests.samples import HASH, WAIT

if TYPE_CHECKING:
    from tests.unit.pipeline import Pipeline

INSIDE = {"request_hash", "owner_token", "history", "claim", "due_at"}


def full_payment(pipeline: Pipeline) -> Payment:
    payment_id = pipeline.accepted()
    assert pipeline.process(payment_id) is Outcome.SUCCEEDED
    return replace(
        pipeline.store.get(payment_id),
        amount=Decimal(10),
        customer_id="ada",
        description="Café",
        metadata={"order": "1"},
        batch_id="batch-1",
        batch_line=2,
        failure_code="none",
        approval=Approval(
            state=ApprovalState.GRANTED,
            expires_at=START,
            task_token=WAIT,
            token_hash=HASH,
            decided_by="a name",
        ),
        due_at=START,
        claim=Claim(gateway_key="g", lease_expires_at=START, attempt=1, first_claimed_at=START),
    )


def test_a_payment_shows_all_that_is_public_and_nothing_of_the_inside(pipeline: Pipeline) -> None:
    """Defect: Open doors."""
    payment = full_payment(pipeline)
    shown = public_payment(payment)
    assert set(shown) == {field.name for field in fields(Payment)} - INSIDE
    hidden = (payment.owner_token, payment.request_hash, payment.history[0].hash, WAIT, HASH, "a name")
    for secret in hidden:
        assert secret not in json.dumps(shown)


def test_an_amount_is_shown_as_text_with_the_decimals_of_its_currency(pipeline: Pipeline) -> None:
    """Defect: Floats. DynamoDB gives 10.00 back as 10, and a client's JSON library would make a float of a number."""
    assert public_payment(full_payment(pipeline))["amount"] == "10.00"


def test_what_has_no_value_is_left_out(pipeline: Pipeline) -> None:
    shown = public_payment(pipeline.store.get(pipeline.accepted()))
    assert set(shown) == set(payment_schema()["required"])


def test_what_is_shown_keeps_the_published_schema(pipeline: Pipeline) -> None:
    payment = full_payment(pipeline)
    for schema, shown in (
        (payment_schema(), public_payment(payment)),
        (event_schema(), public_event(events_since(payment, version=2)[0])),
    ):
        Draft202012Validator.check_schema(schema)
        assert Draft202012Validator(schema).is_valid(json.loads(json.dumps(shown)))


def test_an_event_shows_who_did_what_when_and_why_but_no_hashes(pipeline: Pipeline) -> None:
    event = events_since(full_payment(pipeline), version=2)[0]
    assert public_event(event) == {
        "event_id": f"{event.payment_id}#3",
        "version": 3,
        "status": "succeeded",
        "at": "2026-11-22T03:36:42.000Z",
        "actor": "processor",
        "reason": "approved by the gateway",
    }


def test_the_shown_times_are_utc_to_the_millisecond(pipeline: Pipeline) -> None:
    payment = replace(full_payment(pipeline), created_at=START + timedelta(microseconds=1999))
    assert public_payment(payment)["created_at"] == "2026-11-22T03:36:42.001Z"
