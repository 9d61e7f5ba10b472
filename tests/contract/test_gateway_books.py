"""What the books of every gateway of this repository must tell: in memory, in DynamoDB and over HTTP."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from payments.adapters.gateway_http import HttpGateway
from payments.adapters.gateway_ledger import DynamoDbLedger
from payments.adapters.gateway_simulator import SimulatorGateway
from payments.adapters.https import HttpsClient
from payments.ports import LedgerEntry
from tests.contract.gateway_server import GatewayServer
from tests.contract.loopback import loopback
from tests.fakes import FakeClock, FakeGateway, InMemoryLedger
from tests.samples import START

if TYPE_CHECKING:
    from collections.abc import Iterator

    from payments.ports import Charge, GatewayLedger, PaymentGateway
    from tests.contract.services import Services

APPROVED, DECLINED = Decimal("12.50"), Decimal("4000.02")
MIDNIGHT = START.replace(hour=0, minute=0, second=0, microsecond=0)
DAY = timedelta(days=1)
MOMENT = timedelta(milliseconds=1)


@dataclass(frozen=True)
class Books:
    """Somebody who charges at ``clock``'s time, and what they tell of it."""

    gateway: PaymentGateway
    ledger: GatewayLedger
    clock: FakeClock

    def charge(self, reference: str, amount: Decimal = APPROVED, *, key: str | None = None) -> LedgerEntry:
        charge = self.gateway.charge(
            idempotency_key=key or reference, reference=reference, amount=amount, currency="EUR"
        )
        return LedgerEntry(payment_id=reference, charge=charge, charged_at=self.clock.now)

    def of_day(self) -> list[LedgerEntry]:
        return _in_order(self.ledger.charges_between(MIDNIGHT, MIDNIGHT + DAY))


@pytest.fixture(params=["fake", "simulator in memory", "simulator in DynamoDB", "over HTTP"])
def books(request: pytest.FixtureRequest, services: Services) -> Iterator[Books]:
    clock = FakeClock(START)
    with _kept(request.param, services, clock) as gateway:
        yield Books(gateway, gateway, clock)


@contextmanager
def _kept(kind: str, services: Services, clock: FakeClock) -> Iterator[FakeGateway | SimulatorGateway | HttpGateway]:
    if kind == "fake":
        yield FakeGateway(clock)
    elif kind == "simulator in memory":
        yield SimulatorGateway(InMemoryLedger(), clock=clock)
    elif kind == "simulator in DynamoDB":
        yield SimulatorGateway(DynamoDbLedger(services.dynamodb, services.ledger_table()), clock=clock)
    else:
        book = InMemoryLedger()
        with loopback(GatewayServer(SimulatorGateway(book, clock=clock), book)) as server:
            yield HttpGateway(
                HttpsClient(server.url, timeout=timedelta(seconds=10)), secret=lambda: "token", key_retention=DAY
            )


def _in_order(entries: Iterator[LedgerEntry]) -> list[LedgerEntry]:
    return sorted(entries, key=lambda entry: (entry.payment_id, entry.charge.reference))


def test_a_day_without_a_charge_lists_none(books: Books) -> None:
    assert books.of_day() == []


def test_a_days_charges_are_listed_each_once_with_their_payment_and_their_time(books: Books) -> None:
    made = []
    for number in range(11):
        made.append(books.charge(f"pay-{number:02}"))
        books.clock.move(timedelta(minutes=7))
    assert books.of_day() == made


def test_a_charge_that_was_asked_for_again_is_listed_once_at_its_first_time(books: Books) -> None:
    made = books.charge("pay-1")
    books.clock.move(timedelta(hours=1))
    books.charge("pay-1")
    assert books.of_day() == [made]


def test_a_day_ends_before_the_next_begins(books: Books) -> None:
    made = []
    for name, moment in {
        "before": MIDNIGHT - MOMENT,
        "first": MIDNIGHT,
        "last": MIDNIGHT + DAY - MOMENT,
        "after": MIDNIGHT + DAY,
    }.items():
        books.clock.now = moment
        made.append(books.charge(name))
    assert books.of_day() == made[1:3]


def test_any_span_of_time_can_be_asked_for(books: Books) -> None:
    made = []
    for hours in range(0, 72, 6):
        books.clock.now = MIDNIGHT + timedelta(hours=hours)
        made.append(books.charge(f"pay-{hours:02}"))
    found = books.ledger.charges_between(MIDNIGHT + timedelta(hours=6), MIDNIGHT + timedelta(hours=60))
    assert _in_order(found) == made[1:10]


def test_more_charges_than_any_page_holds_are_all_listed(books: Books) -> None:
    made = [books.charge(f"pay-{number:04}") for number in range(230)]
    assert books.of_day() == made


def test_all_charges_of_a_payment_are_known_and_none_of_another(books: Books) -> None:
    def known(reference: str) -> list[Charge]:
        return sorted(books.ledger.charges_of(reference), key=lambda charge: charge.reference)

    books.charge("pay-2")
    made = books.charge("pay-1").charge
    assert (known("pay-1"), known("nobody")) == ([made], [])


def test_a_second_charge_under_another_key_is_listed_and_known(services: Services) -> None:
    clock = FakeClock(START)
    for kind in ("simulator in memory", "simulator in DynamoDB", "over HTTP"):
        with _kept(kind, services, clock) as gateway:
            books = Books(gateway, gateway, clock)
            made = [books.charge("pay-1", key="a"), books.charge("pay-1", key="b")]
            assert books.of_day() == sorted(made, key=lambda entry: entry.charge.reference)
            assert len(books.ledger.charges_of("pay-1")) == 2


def test_a_declined_charge_is_listed_with_its_reason(services: Services) -> None:
    clock = FakeClock(START)
    for kind in ("simulator in memory", "simulator in DynamoDB", "over HTTP"):
        with _kept(kind, services, clock) as gateway:
            books = Books(gateway, gateway, clock)
            books.charge("pay-1", DECLINED)
            (listed,) = books.of_day()
            assert (listed.charge.approved, listed.charge.decline_code) == (False, "insufficient_funds")
