"""What every intake of many payments must do, in memory and in DynamoDB."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import pytest

from payments.adapters.dynamodb.payment_intake import TransactedIntake
from payments.adapters.dynamodb.payments_table import PaymentsTable
from payments.domain.identifiers import payment_id_from_key
from payments.ports import KeyRecord
from tests.batch_fakes import FakeIntake
from tests.fakes import FakeStore
from tests.samples import ANOTHER, API, MINUTE, PROCESSOR, START, accepted, claimed

if TYPE_CHECKING:
    from payments.domain.payment import Payment
    from payments.ports import PaymentIntake, PaymentStore
    from tests.contract.services import Services

KEY_RECORD = KeyRecord(record_id=payment_id_from_key("key-1"), request_hash="hash-1", expires_at=START + 60 * MINUTE)


@dataclass(frozen=True)
class Payments:
    store: PaymentStore
    intake: PaymentIntake


@pytest.fixture(params=["in memory", "DynamoDB"])
def payments(request: pytest.FixtureRequest, services: Services) -> Payments:
    if request.param == "in memory":
        fake = FakeStore()
        return Payments(store=fake, intake=FakeIntake(fake))
    table = services.payments_table()
    return Payments(store=PaymentsTable(services.dynamodb, table), intake=TransactedIntake(services.dynamodb, table))


def rows(*numbers: int, owner_token: str = API) -> list[Payment]:
    return [
        accepted(f"row-{number}", batch_id="batch-1", batch_line=number + 2, owner_token=owner_token)
        for number in numbers
    ]


def test_what_is_new_is_added_and_read_back_as_it_was(payments: Payments) -> None:
    wanted = rows(*range(250))
    assert list(payments.intake.create_all(wanted)) == wanted
    assert [payments.store.get(payment.payment_id) for payment in wanted] == wanted


def test_nothing_at_all_is_added_at_once(payments: Payments) -> None:
    assert list(payments.intake.create_all([])) == []


def test_what_is_there_already_is_told_in_its_place_and_left_as_it_is(payments: Payments) -> None:
    """Defect: Blind and double writes."""
    there = accepted("row-1", request_hash="hash-2", owner_token=ANOTHER)
    payments.store.create(there)
    payments.store.advance(claimed(there))
    wanted = rows(0, 1, 2)
    assert list(payments.intake.create_all(wanted)) == [wanted[0], claimed(there), wanted[2]]
    assert payments.store.get("row-1") == claimed(there)
    assert payments.store.get("row-2") == wanted[2]


def test_rows_of_another_run_are_told_from_rows_of_this_one(payments: Payments) -> None:
    first = rows(0, 1)
    list(payments.intake.create_all(first))
    again = rows(0, 1, 2, owner_token=PROCESSOR)
    assert list(payments.intake.create_all(again)) == [*first, again[2]]


def test_a_call_that_is_made_again_finds_what_it_wrote_to_be_its_own(payments: Payments) -> None:
    list(payments.intake.create_all(rows(0)))
    assert list(payments.intake.create_all(rows(0, 1))) == rows(0, 1)


def test_an_id_that_is_a_used_idempotency_key_belongs_to_no_payment(payments: Payments) -> None:
    payments.store.create(accepted(), key_record=KEY_RECORD)
    taken = replace(rows(0)[0], payment_id=KEY_RECORD.record_id)
    assert list(payments.intake.create_all([taken, *rows(1)])) == [None, *rows(1)]


def test_a_key_whose_time_is_over_makes_room(payments: Payments) -> None:
    payments.store.create(accepted(), key_record=KEY_RECORD)
    late = accepted(KEY_RECORD.record_id, request_hash="hash-2", at=START + 61 * MINUTE)
    assert list(payments.intake.create_all([late])) == [late]


def test_a_key_that_held_the_id_for_one_run_over_a_file_holds_it_for_the_next(payments: Payments) -> None:
    """Else one run rejects the row and the other enters it, and which is told depends on who wrote last."""
    payments.store.create(accepted(), key_record=KEY_RECORD)
    for minutes in (0, 61, 24 * 60):
        row = accepted(KEY_RECORD.record_id, request_hash="hash-2", at=START + minutes * MINUTE)
        assert list(payments.intake.create_all([row])) == [None]
