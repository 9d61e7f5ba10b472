from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from payments.domain.errors import IdempotencyConflict, PaymentIdTaken, RequestRefused
from payments.domain.history import is_sound
from payments.domain.identifiers import payment_id_from_key
from payments.domain.payment import Status
from payments.domain.request import PaymentRequest
from payments.use_cases.accept import KEY_RETENTION
from tests.fakes import START, ProcessDied
from tests.unit.pipeline import OPEN_DEADLINE

if TYPE_CHECKING:
    from tests.unit.pipeline import Pipeline

TEN = PaymentRequest(amount=Decimal("10.00"))
ELEVEN = PaymentRequest(amount=Decimal("11.00"))
NAMED_TEN = PaymentRequest(amount=Decimal("10.00"), payment_id="order-1")
NAMED_ELEVEN = PaymentRequest(amount=Decimal("11.00"), payment_id="order-1")
OTHER_TEN = PaymentRequest(amount=Decimal("10.00"), payment_id="order-2")


def test_a_request_becomes_an_accepted_payment_by_one_write(pipeline: Pipeline) -> None:
    """Defect: Blind and double writes."""
    request = PaymentRequest(
        amount=Decimal("10.00"), currency="EUR", customer_id="ada", description="tea", metadata={"a": "1"}
    )
    accepted = pipeline.accept(request)
    stored = pipeline.store.get(accepted.payment.payment_id)
    assert not accepted.replayed
    assert (stored.status, stored.version, stored.created_at) == (Status.ACCEPTED, 1, START)
    assert (stored.amount, stored.currency, stored.customer_id) == (Decimal("10.00"), "EUR", "ada")
    assert (stored.description, stored.metadata, stored.request_hash) == ("tea", {"a": "1"}, request.request_hash)
    assert stored.due_at == START + OPEN_DEADLINE
    assert is_sound(stored.payment_id, stored.history)
    assert pipeline.faults.seen == ["before create", "after create"]


def test_a_payment_id_follows_from_the_key_or_is_the_clients_or_is_drawn(pipeline: Pipeline) -> None:
    assert pipeline.accept(TEN, key="key-1").payment.payment_id == payment_id_from_key("key-1")
    assert pipeline.accept(NAMED_TEN, key="key-2").payment.payment_id == "order-1"
    drawn = [pipeline.accept(TEN, key=None) for _ in range(2)]
    assert drawn[0].payment.payment_id != drawn[1].payment.payment_id
    assert not drawn[1].replayed


@pytest.mark.parametrize(
    ("request_", "key"),
    [(TEN, "key-1"), (NAMED_TEN, None), (NAMED_TEN, "key-1")],
    ids=["key", "payment id", "both"],
)
def test_a_replayed_request_is_answered_again_without_a_second_write(
    pipeline: Pipeline, request_: PaymentRequest, key: str | None
) -> None:
    """Defect: Blind and double writes."""
    first = pipeline.accept(request_, key=key)
    again = pipeline.accept(request_, key=key)
    assert again.payment == first.payment
    assert (first.replayed, again.replayed) == (False, True)
    assert pipeline.store.writes == 1


def test_a_replay_after_the_payment_went_on_gets_the_same_answer_and_moves_nothing_back(pipeline: Pipeline) -> None:
    """Defect: Blind and double writes."""
    first = pipeline.accept(TEN)
    pipeline.run()
    settled = pipeline.store.get(first.payment.payment_id)
    pipeline.clock.move(timedelta(days=400))
    again = pipeline.accept(TEN)
    assert again.replayed
    assert (again.payment.status, again.payment.updated_at) == (Status.ACCEPTED, START)
    assert pipeline.store.get(first.payment.payment_id) == settled


@pytest.mark.parametrize(
    ("first", "second", "error"),
    [
        ((TEN, "key-1"), (ELEVEN, "key-1"), IdempotencyConflict),
        ((NAMED_TEN, None), (NAMED_ELEVEN, None), PaymentIdTaken),
        ((NAMED_TEN, "key-1"), (NAMED_ELEVEN, "key-2"), PaymentIdTaken),
        ((NAMED_TEN, "key-1"), (NAMED_ELEVEN, "key-1"), IdempotencyConflict),
        ((NAMED_TEN, "key-1"), (OTHER_TEN, "key-1"), IdempotencyConflict),
        ((TEN, "key-1"), (NAMED_TEN, "key-1"), IdempotencyConflict),
        ((NAMED_TEN, "key-1"), (TEN, "key-1"), IdempotencyConflict),
    ],
    ids=[
        "same key, other amount",
        "same id, other amount",
        "same id, other key and amount",
        "same id and key, other amount",
        "same key, other id",
        "same key, first without an id",
        "same key, then without an id",
    ],
)
def test_a_key_or_an_id_used_for_another_request_is_refused_and_changes_nothing(
    pipeline: Pipeline,
    first: tuple[PaymentRequest, str | None],
    second: tuple[PaymentRequest, str | None],
    error: type[Exception],
) -> None:
    """Defect: Blind and double writes."""
    pipeline.accept(first[0], key=first[1])
    before = dict(pipeline.store.payments)
    with pytest.raises(error):
        pipeline.accept(second[0], key=second[1])
    assert pipeline.store.payments == before


def test_a_client_that_sends_the_id_its_key_led_to_is_told_that_the_requests_differ(pipeline: Pipeline) -> None:
    derived = pipeline.accept(TEN, key="key-1").payment.payment_id
    with pytest.raises(IdempotencyConflict):
        pipeline.accept(PaymentRequest(amount=TEN.amount, payment_id=derived), key="key-1")


def test_a_replay_that_brings_its_key_later_binds_the_key(pipeline: Pipeline) -> None:
    pipeline.accept(NAMED_TEN, key=None)
    assert pipeline.accept(NAMED_TEN, key="key-1").replayed
    with pytest.raises(IdempotencyConflict):
        pipeline.accept(OTHER_TEN, key="key-1")


def test_a_key_beside_an_id_is_free_again_after_its_retention(pipeline: Pipeline) -> None:
    pipeline.accept(NAMED_TEN, key="key-1")
    pipeline.clock.move(KEY_RETENTION - timedelta(seconds=1))
    with pytest.raises(IdempotencyConflict):
        pipeline.accept(OTHER_TEN, key="key-1")
    pipeline.clock.move(timedelta(seconds=1))
    assert not pipeline.accept(OTHER_TEN, key="key-1").replayed


@pytest.mark.parametrize("request_", [TEN, NAMED_TEN])
def test_a_write_whose_answer_was_lost_is_recognised_as_its_own(pipeline: Pipeline, request_: PaymentRequest) -> None:
    """The SDK's own retry meets the first try: that is no replay, and no conflict."""
    pipeline.store.lose_next_answer()
    assert not pipeline.accept(request_).replayed
    assert pipeline.store.writes == 1


@pytest.mark.parametrize("step", [0, 1])
def test_a_client_may_ask_again_wherever_the_worker_died(pipeline: Pipeline, step: int) -> None:
    """Defect: Blind and double writes."""
    pipeline.faults.kill_at(step)
    with pytest.raises(ProcessDied):
        pipeline.accept(TEN)
    assert pipeline.accept(TEN).replayed == (step == 1)
    assert pipeline.store.writes == 1


def test_a_key_of_another_shape_is_refused_before_anything_is_written(pipeline: Pipeline) -> None:
    with pytest.raises(RequestRefused):
        pipeline.accept(TEN, key="")
    assert pipeline.store.writes == 0
