"""What every payment store must do, whether it keeps payments in memory or in DynamoDB."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from payments.adapters.dynamodb.payments_table import PaymentsTable
from payments.domain.errors import IdempotencyConflict, PaymentIdTaken, PaymentNotFound, VersionConflict
from payments.domain.identifiers import payment_id_from_key
from payments.domain.payment import Status
from payments.ports import KeyRecord
from tests.fakes import FakeStore
from tests.samples import ANOTHER, MINUTE, START, accepted, claimed, rich, settled

if TYPE_CHECKING:
    from payments.domain.payment import Payment
    from payments.ports import PaymentStore
    from tests.contract.services import Services

KEY_RECORD = KeyRecord(record_id=payment_id_from_key("key-1"), request_hash="hash-1", expires_at=START + 60 * MINUTE)


@pytest.fixture(params=["in memory", "DynamoDB"])
def store(request: pytest.FixtureRequest, services: Services) -> PaymentStore:
    return FakeStore() if request.param == "in memory" else PaymentsTable(services.dynamodb, services.payments_table())


def by_another(payment: Payment, **changes: str) -> Payment:
    return replace(payment, owner_token=ANOTHER, **changes)  # type: ignore[arg-type]  # texts only


def test_what_was_created_is_read_back_as_it_was(store: PaymentStore) -> None:
    payment = accepted(customer_id="cust-1", description="Zwölf Brötchen", metadata={"order": "o-1"})
    assert store.create(payment) == payment
    assert store.get("pay-1") == payment


def test_an_unknown_payment_is_not_found(store: PaymentStore) -> None:
    with pytest.raises(PaymentNotFound):
        store.get("pay-1")


def test_the_same_request_again_gets_the_payment_it_led_to(store: PaymentStore) -> None:
    first = accepted()
    store.create(first)
    store.advance(claimed(first))
    assert store.create(by_another(first)) == claimed(first)


def test_another_request_can_neither_take_nor_change_an_id_that_is_taken(store: PaymentStore) -> None:
    """Defect: Blind and double writes."""
    store.create(accepted())
    with pytest.raises(PaymentIdTaken):
        store.create(by_another(accepted(), request_hash="hash-2"))
    assert store.get("pay-1") == accepted()


def test_a_key_and_its_payment_are_remembered_together(store: PaymentStore) -> None:
    payment = accepted()
    assert store.create(payment, key_record=KEY_RECORD) == payment
    assert store.create(by_another(payment), key_record=KEY_RECORD) == payment


def test_a_key_with_another_body_is_a_conflict_and_writes_nothing(store: PaymentStore) -> None:
    store.create(accepted(), key_record=KEY_RECORD)
    other = accepted("pay-2", request_hash="hash-2", owner_token=ANOTHER)
    with pytest.raises(IdempotencyConflict):
        store.create(other, key_record=replace(KEY_RECORD, request_hash="hash-2"))
    with pytest.raises(PaymentNotFound):
        store.get("pay-2")


def test_a_key_used_with_an_id_meets_itself_when_it_comes_without_one(store: PaymentStore) -> None:
    store.create(accepted(), key_record=KEY_RECORD)
    derived = accepted(KEY_RECORD.record_id, request_hash="hash-2", owner_token=ANOTHER)
    with pytest.raises(IdempotencyConflict):
        store.create(derived)


def test_a_key_used_without_an_id_meets_itself_when_it_comes_with_one(store: PaymentStore) -> None:
    store.create(accepted(KEY_RECORD.record_id, request_hash="hash-2"))
    with pytest.raises(IdempotencyConflict):
        store.create(accepted(), key_record=KEY_RECORD)
    with pytest.raises(PaymentNotFound):
        store.get("pay-1")


def test_the_key_is_judged_before_the_id(store: PaymentStore) -> None:
    store.create(accepted(), key_record=KEY_RECORD)
    other = by_another(accepted(), request_hash="hash-2")
    with pytest.raises(IdempotencyConflict):
        store.create(other, key_record=replace(KEY_RECORD, request_hash="hash-2"))


def test_a_new_key_does_not_open_an_id_that_is_taken(store: PaymentStore) -> None:
    store.create(accepted())
    with pytest.raises(PaymentIdTaken):
        store.create(
            by_another(accepted(), request_hash="hash-2"), key_record=replace(KEY_RECORD, request_hash="hash-2")
        )


def test_a_key_first_seen_on_a_replay_is_remembered_from_then_on(store: PaymentStore) -> None:
    store.create(accepted())
    assert store.create(by_another(accepted()), key_record=KEY_RECORD) == accepted()
    other = accepted("pay-2", request_hash="hash-2", owner_token=ANOTHER)
    with pytest.raises(IdempotencyConflict):
        store.create(other, key_record=replace(KEY_RECORD, request_hash="hash-2"))


def test_a_key_whose_time_is_over_counts_as_new(store: PaymentStore) -> None:
    store.create(accepted(), key_record=KEY_RECORD)
    later = accepted("pay-2", request_hash="hash-2", owner_token=ANOTHER, at=START + 61 * MINUTE)
    record = replace(KEY_RECORD, request_hash="hash-2", expires_at=START + 120 * MINUTE)
    assert store.create(later, key_record=record) == later


def test_a_key_whose_time_is_over_makes_room_for_the_payment_it_derives(store: PaymentStore) -> None:
    store.create(accepted(), key_record=KEY_RECORD)
    derived = accepted(KEY_RECORD.record_id, request_hash="hash-2", at=START + 61 * MINUTE)
    assert store.create(derived) == derived
    assert store.get(KEY_RECORD.record_id) == derived


def test_a_key_record_is_no_payment(store: PaymentStore) -> None:
    store.create(accepted(), key_record=KEY_RECORD)
    with pytest.raises(PaymentNotFound):
        store.get(KEY_RECORD.record_id)


def test_an_id_that_is_a_used_key_is_taken_for_a_request_with_a_key_of_its_own(store: PaymentStore) -> None:
    store.create(accepted(), key_record=KEY_RECORD)
    other = accepted(KEY_RECORD.record_id, request_hash="hash-2", owner_token=ANOTHER)
    other_key = KeyRecord(
        record_id=payment_id_from_key("key-2"), request_hash="hash-2", expires_at=KEY_RECORD.expires_at
    )
    with pytest.raises(PaymentIdTaken):
        store.create(other, key_record=other_key)


def test_every_step_to_the_end_is_kept_with_all_it_says(store: PaymentStore) -> None:
    end = rich()
    first = accepted(
        customer_id=end.customer_id,
        description=end.description,
        metadata=end.metadata,
        batch_id=end.batch_id,
        batch_line=end.batch_line,
        processing=end.processing,
        approval=end.approval,
    )
    store.create(first)
    store.advance(claimed(first))
    assert store.get("pay-1") == claimed(first)
    store.advance(end)
    assert store.get("pay-1") == end


def test_of_two_workers_that_move_the_same_version_one_is_told_what_the_other_wrote(store: PaymentStore) -> None:
    store.create(accepted())
    store.advance(claimed(accepted()))
    with pytest.raises(VersionConflict) as conflict:
        store.advance(claimed(accepted(), owner_token=ANOTHER))
    assert conflict.value.stored == claimed(accepted())


def test_a_payment_that_moved_on_cannot_be_moved_back(store: PaymentStore) -> None:
    """Defect: Blind and double writes."""
    taken = claimed(accepted())
    store.create(accepted())
    store.advance(taken)
    store.advance(settled(taken))
    with pytest.raises(VersionConflict):
        store.advance(claimed(accepted(), owner_token=ANOTHER))
    assert store.get("pay-1").status is Status.SUCCEEDED


def test_moving_a_payment_that_is_not_there_creates_nothing(store: PaymentStore) -> None:
    """Defect: Blind and double writes."""
    with pytest.raises(VersionConflict) as conflict:
        store.advance(claimed(accepted()))
    assert conflict.value.stored is None
    with pytest.raises(PaymentNotFound):
        store.get("pay-1")


def test_the_very_same_move_again_is_a_success(store: PaymentStore) -> None:
    store.create(accepted())
    store.advance(claimed(accepted()))
    store.advance(claimed(accepted()))
    assert store.get("pay-1") == claimed(accepted())
