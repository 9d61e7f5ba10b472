"""What every payment store must do when it lists, whether it keeps payments in memory or in DynamoDB."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from payments.adapters.dynamodb.page_tokens import Position, positions_in, token_for
from payments.adapters.dynamodb.payments_table import PaymentsTable
from payments.domain.errors import RequestRefused
from tests.fakes import FakeStore
from tests.samples import START, accepted, claimed

if TYPE_CHECKING:
    from collections.abc import Callable

    from payments.ports import Page, PaymentStore
    from tests.contract.services import Services

    List = Callable[..., Page]

DAY = START.date()


@pytest.fixture(params=["in memory", "DynamoDB"])
def store(request: pytest.FixtureRequest, services: Services) -> PaymentStore:
    return FakeStore() if request.param == "in memory" else PaymentsTable(services.dynamodb, services.payments_table())


def of_customer(store: PaymentStore, limit: int, next_token: str | None = None) -> Page:
    return store.list_of_customer("cust-1", limit=limit, next_token=next_token)


def of_day(store: PaymentStore, limit: int, next_token: str | None = None) -> Page:
    return store.list_created_on(DAY, limit=limit, next_token=next_token)


both_listings = pytest.mark.parametrize("listing", [of_customer, of_day])


def add(store: PaymentStore, count: int) -> list[str]:
    """Store payments of one customer a second apart; return their ids, newest first."""
    ids = [f"pay-{number}" for number in range(count)]
    for number, payment_id in enumerate(ids):
        store.create(accepted(payment_id, customer_id="cust-1", at=START + timedelta(seconds=number)))
    return ids[::-1]


def ids_of(page: Page) -> list[str]:
    return [payment.payment_id for payment in page.items]


@both_listings
def test_payments_are_listed_newest_first(store: PaymentStore, listing: List) -> None:
    """Defect: Indexes that can't answer."""
    ids = add(store, 12)
    page = listing(store, 100)
    assert ids_of(page) == ids
    assert page.next_token is None


@both_listings
def test_pages_follow_each_other_without_gap_or_repeat(store: PaymentStore, listing: List) -> None:
    ids = add(store, 12)
    seen: list[str] = []
    page = listing(store, 5)
    seen += ids_of(page)
    while page.next_token:
        page = listing(store, 5, page.next_token)
        seen += ids_of(page)
    assert seen == ids


@both_listings
def test_a_page_that_is_just_full_is_the_last_when_nothing_follows(store: PaymentStore, listing: List) -> None:
    add(store, 5)
    assert listing(store, 5).next_token is None


@both_listings
def test_payments_of_one_instant_are_each_listed_once(store: PaymentStore, listing: List) -> None:
    for number in range(7):
        store.create(accepted(f"pay-{number}", customer_id="cust-1"))
    first = listing(store, 3)
    second = listing(store, 3, first.next_token)
    third = listing(store, 3, second.next_token)
    assert sorted(ids_of(first) + ids_of(second) + ids_of(third)) == [f"pay-{number}" for number in range(7)]
    assert third.next_token is None


@both_listings
def test_a_listing_shows_each_payment_as_it_is_now(store: PaymentStore, listing: List) -> None:
    payment = accepted(customer_id="cust-1")
    store.create(payment)
    store.advance(claimed(payment))
    assert listing(store, 10).items == (claimed(payment),)


def test_a_listing_shows_nobody_elses_payments(store: PaymentStore) -> None:
    store.create(accepted("pay-1", customer_id="cust-2"))
    store.create(accepted("pay-2"))
    assert of_customer(store, 10).items == ()


def test_a_day_ends_at_midnight_utc(store: PaymentStore) -> None:
    midnight = START.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
    store.create(accepted("today", at=midnight - timedelta(milliseconds=1)))
    store.create(accepted("tomorrow", at=midnight))
    assert ids_of(of_day(store, 10)) == ["today"]
    assert ids_of(store.list_created_on(date(2026, 11, 23), limit=10, next_token=None)) == ["tomorrow"]


@pytest.mark.parametrize("token", ["forged", "W10", "bnVsbA", "e30", "!", "ÄÖÜ", "W" * 5000])
@both_listings
def test_a_token_that_was_never_issued_is_refused(store: PaymentStore, listing: List, token: str) -> None:
    with pytest.raises(RequestRefused):
        listing(store, 10, token)


@pytest.mark.parametrize(
    ("created_at", "payment_id"),
    [
        ("2026-11-22T03:36:42." + "1" * 3000 + "Z", "pay-1"),
        ("2026-W47-7T03:36:42.123Z", "pay-1"),
        ("20261122T033642.123Z", "pay-1"),
        ("2026-11-22T03:36:42.123+00:00", "pay-1"),
        ("2026-11-22 03:36:42.123Z", "pay-1"),
        ("0001-01-01T00:00:00.000+23:59", "pay-1"),
        ("2026-11-22T03:36:42.123Z", "p" * 65),
        ("2026-11-22T03:36:42.123Z", "pay 1"),
        ("2026-11-22T03:36:42.123Z", ""),
        ("2026-11-22T03:36:42.123Z", None),
        (None, "pay-1"),
    ],
)
def test_a_position_the_table_never_wrote_is_refused(created_at: Any, payment_id: Any) -> None:  # noqa: ANN401 - forged
    token = token_for("by-customer", {"cust-1": Position(created_at, payment_id)})
    with pytest.raises(RequestRefused):
        positions_in(token, "by-customer", ["cust-1"])


def test_a_position_the_table_wrote_is_read_back() -> None:
    position = Position("2026-11-22T03:36:42.123Z", "p" * 64)
    token = token_for("by-customer", {"cust-1": position})
    assert positions_in(token, "by-customer", ["cust-1"]) == {"cust-1": position}
