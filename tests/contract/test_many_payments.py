"""What every reader of many payments must do, in memory and in DynamoDB."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from payments.adapters.dynamodb.many_payments import PaymentsInBulk
from payments.adapters.dynamodb.payments_table import PaymentsTable
from payments.ports import KeyRecord
from tests.contract.faults import asked, reading_at_most
from tests.fakes import FakeStore
from tests.samples import START, accepted, claimed, settled

if TYPE_CHECKING:
    from payments.ports import ManyPayments, PaymentStore
    from tests.contract.services import Services


@dataclass(frozen=True)
class Payments:
    store: PaymentStore
    many: ManyPayments


@pytest.fixture(params=["in memory", "DynamoDB"])
def payments(request: pytest.FixtureRequest, services: Services) -> Payments:
    if request.param == "in memory":
        fake = FakeStore()
        return Payments(store=fake, many=fake)
    return in_dynamodb(services)


def in_dynamodb(services: Services) -> Payments:
    table = services.payments_table()
    return Payments(store=PaymentsTable(services.dynamodb, table), many=PaymentsInBulk(services.dynamodb, table))


def test_those_that_there_are_come_by_their_ids_and_as_they_are(payments: Payments) -> None:
    payment = accepted("pay-1")
    for version in (payment, claimed(payment), settled(claimed(payment))):
        payments.store.create(version) if version is payment else payments.store.advance(version)
    payments.store.create(accepted("pay-2"))
    found = payments.many.get_all(["pay-1", "pay-2", "nobody"])
    assert dict(found) == {"pay-1": settled(claimed(payment)), "pay-2": accepted("pay-2")}


def test_asked_for_none_it_finds_none(payments: Payments) -> None:
    assert dict(payments.many.get_all([])) == {}


def test_more_than_one_read_takes_are_all_found(payments: Payments) -> None:
    ids = {f"pay-{number}" for number in range(230)}
    for payment_id in ids:
        payments.store.create(accepted(payment_id))
    assert set(payments.many.get_all(ids)) == ids
    assert {payment.payment_id for payment in payments.many.created_on(START.date())} == ids


def test_a_day_holds_what_was_created_on_it_in_utc_and_nothing_else(payments: Payments) -> None:
    midnight = START.replace(hour=0, minute=0, second=0, microsecond=0)
    moments = {
        "before": midnight - timedelta(milliseconds=1),
        "first": midnight,
        "last": midnight + timedelta(days=1, milliseconds=-1),
        "after": midnight + timedelta(days=1),
    }
    for payment_id, moment in moments.items():
        payments.store.create(accepted(payment_id, at=moment))
    assert {payment.payment_id for payment in payments.many.created_on(START.date())} == {"first", "last"}


def test_a_key_is_no_payment(payments: Payments) -> None:
    record = KeyRecord(record_id="key-1", request_hash="hash-1", expires_at=START + timedelta(days=1))
    payments.store.create(accepted("pay-1"), key_record=record)
    assert set(payments.many.get_all(["pay-1", "key-1"])) == {"pay-1"}


def test_what_dynamodb_leaves_unread_is_asked_for_again(services: Services) -> None:
    """Defect: Records lost quietly."""
    payments = in_dynamodb(services)
    ids = {f"pay-{number}" for number in range(9)}
    for payment_id in ids:
        payments.store.create(accepted(payment_id))
    with reading_at_most(services.dynamodb, 2):
        assert set(payments.many.get_all(ids)) == ids


def test_what_may_be_a_moment_old_costs_half(services: Services) -> None:
    payments = in_dynamodb(services)
    with asked(services.dynamodb, "BatchGetItem") as reads:
        payments.many.get_all(["pay-1"])
    ((table,),) = [request["RequestItems"].values() for request in reads]
    assert table["ConsistentRead"] is False
