from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from payments.adapters.dynamodb.payment_item import payment_in, to_item
from payments.domain.decision import Decision
from payments.domain.errors import PaymentNotFound, VersionConflict
from payments.domain.examination import faults_of
from payments.domain.payment import Processing, Status
from payments.domain.request import PaymentRequest, read_request
from payments.use_cases import Examination, Verdict, examine_payment
from tests.fakes import Act
from tests.unit.pipeline import HIGH, ORCHESTRATED, Pipeline
from tests.unit.test_approve import asked

if TYPE_CHECKING:
    from collections.abc import Callable

    from payments.domain.payment import Payment

FULL = PaymentRequest(
    amount=Decimal("20.00"),
    currency="EUR",
    payment_id="order-1",
    customer_id="ada",
    description="Café",
    metadata={"order": "1", "empty": ""},
    processing=Processing.ORCHESTRATED,
)


def examine(pipeline: Pipeline, payment_id: str) -> Examination:
    return examine_payment(payment_id, store=pipeline.store, clock=pipeline.clock, tokens=pipeline.tokens)


@pytest.mark.parametrize(
    ("request_", "verdict"),
    [(ORCHESTRATED, Verdict.PROCESS), (HIGH, Verdict.AWAIT_APPROVAL), (FULL, Verdict.AWAIT_APPROVAL)],
)
@pytest.mark.parametrize("key", ["key-1", None])
def test_a_payment_as_it_was_accepted_goes_on_to_its_approval_or_its_charge(
    pipeline: Pipeline, request_: PaymentRequest, key: str | None, verdict: Verdict
) -> None:
    payment = pipeline.store.get(pipeline.accept(request_, key=key).payment.payment_id)
    assert examine(pipeline, payment.payment_id) == Examination(payment, verdict, reason_of(verdict))
    assert pipeline.store.writes == 1


@pytest.mark.parametrize(
    "body",
    [
        {"amount": "10"},
        {"amount": 100, "currency": "JPY"},
        {"amount": "1000000", "currency": "JPY"},
        {"amount": "1.5", "currency": "KWD"},
        {"amount": "0.10", "currency": "EUR", "payment_id": "order-2", "customer_id": "ada"},
        {"amount": "7", "description": "Cafe\u0301", "metadata": {"b": "", "a": "e\u0301"}},
        {"amount": "7", "metadata": {}, "processing": "orchestrated"},
    ],
)
def test_nothing_speaks_against_what_the_table_gives_back_of_an_accepted_payment(
    pipeline: Pipeline, body: dict[str, Any]
) -> None:
    payment_id = pipeline.accepted(read_request(json.dumps(body)))
    stored = payment_in(to_item(pipeline.store.get(payment_id)))
    assert stored is not None
    assert faults_of(stored) == []


def reason_of(verdict: Verdict) -> str:
    waits = verdict is Verdict.AWAIT_APPROVAL
    return "a person must approve the payment" if waits else "the payment may be charged"


def test_an_approved_payment_goes_on_to_its_charge(pipeline: Pipeline) -> None:
    payment_id = pipeline.decide(asked(pipeline).approval_token, Decision.APPROVE).payment_id
    assert examine(pipeline, payment_id).verdict is Verdict.PROCESS


def test_a_settled_payment_goes_on_to_its_outcome(pipeline: Pipeline) -> None:
    payment_id = pipeline.accepted(ORCHESTRATED)
    pipeline.process(payment_id)
    examination = examine(pipeline, payment_id)
    assert (examination.verdict, examination.payment.status) == (Verdict.SETTLED, Status.SUCCEEDED)


def test_a_payment_of_the_queue_is_left_to_the_queue(pipeline: Pipeline) -> None:
    payment_id = pipeline.accepted()
    assert examine(pipeline, payment_id).verdict is Verdict.REFUSED
    assert pipeline.store.get(payment_id).status is Status.ACCEPTED


def test_a_payment_that_somebody_has_claimed_is_followed_to_its_end(pipeline: Pipeline) -> None:
    payment_id = pipeline.accepted(ORCHESTRATED)
    pipeline.gateway.acts.append(Act.TIME_OUT_AFTER_CHARGING)
    with pytest.raises(Exception, match="time-out"):
        pipeline.process(payment_id)
    tamper(pipeline, payment_id, amount=Decimal("99.00"))
    assert examine(pipeline, payment_id).verdict is Verdict.PROCESS


def tamper(pipeline: Pipeline, payment_id: str, **attributes: Any) -> None:  # noqa: ANN401 - any attribute of a payment
    pipeline.store.payments[payment_id] = replace(pipeline.store.payments[payment_id], **attributes)


def _with_another_first_entry(payment: Payment) -> dict[str, Any]:
    return {"history": (replace(payment.history[0], actor="eve"), *payment.history[1:])}


def _granted_by_nobody(payment: Payment) -> dict[str, Any]:
    assert payment.approval is not None
    return {"approval": payment.approval.decided(granted=True, by="eve")}


@pytest.mark.parametrize(
    ("altered", "reason"),
    [
        (lambda _: {"amount": Decimal("0.01")}, "not those of the request"),
        (lambda _: {"amount": Decimal("20.001")}, "amount is none in its currency"),
        (lambda _: {"amount": Decimal(-20)}, "amount is none in its currency"),
        (lambda _: {"currency": "JPY", "amount": Decimal("20.5")}, "amount is none in its currency"),
        (lambda _: {"currency": "XYZ"}, "amount is none in its currency"),
        (lambda _: {"currency": "USD"}, "not those of the request"),
        (lambda _: {"customer_id": "eve"}, "not those of the request"),
        (lambda _: {"description": None}, "not those of the request"),
        (lambda _: {"metadata": {}}, "not those of the request"),
        (lambda _: {"request_hash": "0" * 64}, "not those of the request"),
        (lambda _: {"approval": None}, "approval is not the one its history"),
        (_granted_by_nobody, "approval is not the one its history"),
        (_with_another_first_entry, "history is not what its hashes"),
    ],
)
def test_a_payment_that_was_altered_fails_and_is_never_charged(
    pipeline: Pipeline, altered: Callable[[Payment], dict[str, Any]], reason: str
) -> None:
    payment_id = pipeline.accepted(FULL)
    tamper(pipeline, payment_id, **altered(pipeline.store.get(payment_id)))
    examination = examine(pipeline, payment_id)
    assert examination.verdict is Verdict.REFUSED
    assert reason in examination.reason
    failed = pipeline.store.get(payment_id)
    assert (failed.status, failed.failure_code) == (Status.FAILED, "validation_failed")
    assert (failed.history[-1].actor, failed.history[-1].reason) == ("workflow", examination.reason)
    pipeline.process(payment_id)
    assert pipeline.gateway.taken == []


@pytest.mark.parametrize("altered", [{"version": 7}, {"history": ()}])
def test_a_payment_whose_history_was_cut_can_neither_be_failed_nor_charged(
    pipeline: Pipeline, altered: dict[str, Any]
) -> None:
    payment_id = pipeline.accepted(FULL)
    tamper(pipeline, payment_id, approval=None, **altered)
    examination = examine(pipeline, payment_id)
    assert (examination.verdict, examination.payment.status) == (Verdict.REFUSED, Status.ACCEPTED)
    pipeline.process(payment_id)
    assert pipeline.gateway.taken == []


def test_of_an_examination_and_a_claim_at_once_the_first_stands(pipeline: Pipeline) -> None:
    payment_id = pipeline.accepted(FULL)
    tamper(pipeline, payment_id, approval=None, description="altered")
    pipeline.store.before_next_write = lambda: pipeline.process(payment_id)
    with pytest.raises(VersionConflict):
        examine(pipeline, payment_id)


@pytest.mark.parametrize("payment_id", ["nobody", "", "a/b", "x" * 65])
def test_nobodys_payment_is_not_found(pipeline: Pipeline, payment_id: str) -> None:
    with pytest.raises(PaymentNotFound):
        examine(pipeline, payment_id)


def test_a_payment_whose_time_to_be_approved_is_over_is_settled_by_whoever_comes_next(pipeline: Pipeline) -> None:
    payment_id = pipeline.accepted(HIGH)
    pipeline.wait(timedelta(hours=3))
    pipeline.run()
    assert pipeline.store.get(payment_id).failure_code == "approval_timed_out"
