"""What every finder of overdue payments must do, in memory and in DynamoDB."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import pytest

from payments.adapters.dynamodb.open_index import OpenIndex
from payments.adapters.dynamodb.payments_table import PaymentsTable
from payments.domain.identifiers import shard_of
from tests.fakes import FakeStore
from tests.samples import MINUTE, START, accepted, claimed, settled

if TYPE_CHECKING:
    from payments.ports import OverduePayments, PaymentStore
    from tests.contract.services import Services

LATER = START + 60 * MINUTE


@dataclass(frozen=True)
class Payments:
    store: PaymentStore
    overdue: OverduePayments


@pytest.fixture(params=["in memory", "DynamoDB"])
def payments(request: pytest.FixtureRequest, services: Services) -> Payments:
    if request.param == "in memory":
        fake = FakeStore()
        return Payments(store=fake, overdue=fake)
    table = services.payments_table()
    return Payments(
        store=PaymentsTable(services.dynamodb, table), overdue=OpenIndex(services.dynamodb, table, key="payment_id")
    )


def test_open_payments_past_their_deadline_are_found_oldest_first(payments: Payments) -> None:
    for number in range(12):
        payments.store.create(replace(accepted(f"pay-{number}"), due_at=START + (12 - number) * MINUTE))
    found = payments.overdue.ids_due_before(LATER, limit=100)
    assert list(found) == [f"pay-{number}" for number in reversed(range(12))]


def test_a_payment_is_overdue_only_after_its_deadline(payments: Payments) -> None:
    payment = accepted()
    payments.store.create(payment)
    assert payment.due_at
    assert list(payments.overdue.ids_due_before(payment.due_at, limit=100)) == []


def test_a_claim_moves_the_deadline(payments: Payments) -> None:
    payments.store.create(accepted())
    payments.store.advance(claimed(accepted()))
    assert list(payments.overdue.ids_due_before(START + 2 * MINUTE, limit=100)) == []
    assert list(payments.overdue.ids_due_before(LATER, limit=100)) == ["pay-1"]


def test_a_settled_payment_is_never_overdue(payments: Payments) -> None:
    payments.store.create(accepted())
    payments.store.advance(claimed(accepted()))
    payments.store.advance(settled(claimed(accepted())))
    assert list(payments.overdue.ids_due_before(LATER, limit=100)) == []


def test_of_each_shard_no_more_than_the_limit_and_the_oldest_are_found(payments: Payments) -> None:
    ids = [payment_id for number in range(200) if shard_of(payment_id := f"pay-{number}") == "03"][:6]
    for number, payment_id in enumerate(ids):
        payments.store.create(replace(accepted(payment_id), due_at=START + number * MINUTE))
    assert list(payments.overdue.ids_due_before(LATER, limit=4)) == ids[:4]
