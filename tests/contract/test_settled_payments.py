"""What every counter of a batch's settled payments must do, in memory and in DynamoDB."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from payments.adapters.dynamodb.payments_table import PaymentsTable
from payments.adapters.dynamodb.settled_payments import SettledPaymentsIndex
from payments.domain.payment import Status
from tests.batch_fakes import FakeSettledPayments
from tests.fakes import FakeStore
from tests.samples import accepted, claimed, settled

if TYPE_CHECKING:
    from payments.ports import PaymentStore, SettledPayments
    from tests.contract.services import Services


@dataclass(frozen=True)
class Payments:
    store: PaymentStore
    settled: SettledPayments


@pytest.fixture(params=["in memory", "DynamoDB"])
def payments(request: pytest.FixtureRequest, services: Services) -> Payments:
    if request.param == "in memory":
        fake = FakeStore()
        return Payments(store=fake, settled=FakeSettledPayments(fake))
    table = services.payments_table()
    return Payments(
        store=PaymentsTable(services.dynamodb, table), settled=SettledPaymentsIndex(services.dynamodb, table)
    )


def pay(payments: Payments, payment_id: str, *, batch_id: str | None, to: Status | None = None) -> None:
    payment = accepted(payment_id, batch_id=batch_id, batch_line=None if batch_id is None else 2)
    payments.store.create(payment)
    if to is not None:
        payments.store.advance(claimed(payment))
        payments.store.advance(settled(claimed(payment), to))


def counts(payments: Payments) -> dict[Status, int]:
    return {status: count for status, count in payments.settled.counts_of("batch-1").items() if count}


def test_a_batch_nobody_knows_has_nothing_settled(payments: Payments) -> None:
    assert counts(payments) == {}


def test_payments_of_the_batch_are_counted_where_they_stand(payments: Payments) -> None:
    ends = {Status.SUCCEEDED: 11, Status.DECLINED: 3, Status.FAILED: 2, Status.NEEDS_REVIEW: 1}
    for status, count in ends.items():
        for number in range(count):
            pay(payments, f"{status}-{number}", batch_id="batch-1", to=status)
    assert counts(payments) == ends


def test_what_is_open_or_of_another_batch_or_of_none_is_not_counted(payments: Payments) -> None:
    pay(payments, "open", batch_id="batch-1")
    pay(payments, "elsewhere", batch_id="batch-2", to=Status.SUCCEEDED)
    pay(payments, "by-api", batch_id=None, to=Status.SUCCEEDED)
    assert counts(payments) == {}


def test_a_payment_that_was_reviewed_counts_once_and_where_it_ended(payments: Payments) -> None:
    pay(payments, "pay-1", batch_id="batch-1", to=Status.NEEDS_REVIEW)
    reviewed = settled(payments.store.get("pay-1"), Status.DECLINED)
    payments.store.advance(reviewed)
    assert counts(payments) == {Status.DECLINED: 1}
