from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from payments.domain.errors import PaymentNotFound, RequestRefused
from payments.domain.listing import Listing, read_listing
from payments.use_cases import events_of, find_payment, list_payments
from tests.fakes import START

if TYPE_CHECKING:
    from tests.unit.pipeline import Pipeline

from decimal import Decimal

from payments.domain.request import PaymentRequest


def test_a_payment_is_found_by_its_id(pipeline: Pipeline) -> None:
    payment_id = pipeline.accepted()
    assert find_payment(payment_id, reader=pipeline.store) == pipeline.store.get(payment_id)


@pytest.mark.parametrize("payment_id", ["nobody", "", "a b", "a" * 5000, "\ud800"])
def test_a_payment_that_is_not_there_or_cannot_be_is_not_found(pipeline: Pipeline, payment_id: str) -> None:
    with pytest.raises(PaymentNotFound):
        find_payment(payment_id, reader=pipeline.store)
    with pytest.raises(PaymentNotFound):
        events_of(payment_id, reader=pipeline.store, trail=pipeline.log)


def test_a_key_record_is_no_payment(pipeline: Pipeline) -> None:
    pipeline.accept(PaymentRequest(amount=Decimal(1), payment_id="order-1"), key="key-1")
    (record_id,) = pipeline.store.key_records
    with pytest.raises(PaymentNotFound):
        find_payment(record_id, reader=pipeline.store)


def test_the_trail_is_shown_in_order_and_empty_before_the_auditor_came(pipeline: Pipeline) -> None:
    payment_id = pipeline.accepted()
    assert list(events_of(payment_id, reader=pipeline.store, trail=pipeline.log)) == []
    pipeline.run()
    events = events_of(payment_id, reader=pipeline.store, trail=pipeline.log)
    assert [event.entry.status for event in events] == ["accepted", "processing", "succeeded"]


def test_payments_are_listed_by_customer_and_by_day_newest_first(pipeline: Pipeline) -> None:
    ids = []
    for number in range(3):
        request = PaymentRequest(amount=Decimal(1), customer_id="ada", payment_id=f"order-{number}")
        ids.append(pipeline.accept(request, key=None).payment.payment_id)
        pipeline.clock.move(timedelta(seconds=1))
    for listing in (Listing(customer_id="ada", limit=2), Listing(created_on=START.date(), limit=2)):
        page = list_payments(listing, reader=pipeline.store)
        rest = list_payments(
            Listing(**{**vars(listing), "next_token": page.next_token}),
            reader=pipeline.store,
        )
        assert [payment.payment_id for payment in (*page.items, *rest.items)] == ids[::-1]
        assert rest.next_token is None
    assert list_payments(Listing(customer_id="bob"), reader=pipeline.store).items == ()


def test_a_token_of_another_listing_is_refused(pipeline: Pipeline) -> None:
    with pytest.raises(RequestRefused):
        list_payments(read_listing({"customer_id": "ada", "next_token": "forged"}), reader=pipeline.store)


def test_a_listing_of_nothing_in_particular_is_a_mistake_of_the_caller(pipeline: Pipeline) -> None:
    with pytest.raises(ValueError, match="customer or a day"):
        list_payments(Listing(), reader=pipeline.store)
