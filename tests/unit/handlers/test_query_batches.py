"""GET of batches, from the event API Gateway sends to the answer it gets."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from functions.query import handler as query
from functions.query.handler import Ports
from payments.domain.batch import RowCounts
from payments.domain.payment import Status
from payments.use_cases.batches.query import MOST_COUNTED
from tests.batch_fakes import FakeBatchStore, FakeSettledPayments
from tests.batch_samples import batch_failed, batch_settled, completed, ingesting, registered
from tests.fakes import FakeAuditLog, FakeStore
from tests.samples import START, accepted, claimed, settled
from tests.unit.handlers.events import Event, api_event, body_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from aws_lambda_powertools.utilities.typing import LambdaContext

    from tests.unit.handlers.conftest import Line


@pytest.fixture
def store() -> FakeBatchStore:
    return FakeBatchStore()


@pytest.fixture
def payments() -> FakeStore:
    return FakeStore()


@pytest.fixture
def get(
    store: FakeBatchStore, payments: FakeStore, context: LambdaContext, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Event]:
    ports = Ports(reader=payments, trail=FakeAuditLog(), batches=store, settled=FakeSettledPayments(payments))
    monkeypatch.setattr(query, "aws_ports", lambda: ports)

    def answer(name: str, *, query_: dict[str, str] | None = None, batch_id: str | None = None) -> Event:
        event = api_event(name, query=query_)
        if batch_id is not None:
            event["pathParameters"] = {"batch_id": batch_id}
        return query.handler(event, context)

    return answer


def test_a_batch_is_shown_with_counts_totals_and_where_its_rejected_rows_are(
    store: FakeBatchStore, get: Callable[..., Event]
) -> None:
    store.batches["batch-1"] = batch_settled(completed(ingesting(registered())))
    answer = get("api_get_batch")
    assert answer["statusCode"] == 200
    batch = body_of(answer)
    assert (batch["status"], batch["file"], batch["rows"]) == ("settled", "incoming/July ü.csv", 5)
    counts = batch["counts"]
    assert counts["received"] == counts["accepted"] + counts["rejected"] == 5
    assert counts["accepted"] == counts["open"] + counts["succeeded"] + counts["declined"] + counts["failed"] == 3
    assert batch["totals"] == [{"currency": "EUR", "amount": "37.50"}, {"currency": "JPY", "amount": "1000"}]
    assert batch["rejected_file"] == "rejected/batch-1.csv"


def test_a_completed_batch_shows_what_has_become_of_its_payments_by_now(
    store: FakeBatchStore, payments: FakeStore, get: Callable[..., Event]
) -> None:
    store.batches["batch-1"] = completed(ingesting(registered()))
    payments.payments["pay-1"] = replace(settled(claimed(accepted("pay-1"))), batch_id="batch-1")
    counts = body_of(get("api_get_batch"))["counts"]
    assert (counts["succeeded"], counts["open"]) == (1, 2)


def test_a_batch_too_long_to_be_counted_while_the_caller_waits_shows_its_last_count(
    store: FakeBatchStore, payments: FakeStore, get: Callable[..., Event]
) -> None:
    long = RowCounts(received=MOST_COUNTED + 1, accepted=MOST_COUNTED + 1)
    store.batches["batch-1"] = completed(ingesting(registered()), counts=long, settled={Status.DECLINED: 7})
    payments.payments["pay-1"] = replace(settled(claimed(accepted("pay-1"))), batch_id="batch-1")
    counts = body_of(get("api_get_batch"))["counts"]
    assert (counts["succeeded"], counts["declined"]) == (0, 7)


def test_a_failed_batch_says_why(store: FakeBatchStore, get: Callable[..., Event]) -> None:
    store.batches["batch-1"] = batch_failed(registered())
    assert body_of(get("api_get_batch"))["reason"] == "the header has no column amount"


def test_no_answer_shows_anything_of_the_inside(store: FakeBatchStore, get: Callable[..., Event]) -> None:
    """Defect: Open doors."""
    store.batches["batch-1"] = completed(ingesting(registered()))
    for name in ("api_get_batch", "api_get_batches"):
        for inside in ("owner_token", "due_at", "open_shard", "bucket"):
            assert f'{inside}"' not in get(name)["body"]


@pytest.mark.parametrize("batch_id", ["batch-2", "../etc", "é", "x" * 3000, ""])
def test_an_unknown_batch_is_a_404_whatever_its_id_looks_like(get: Callable[..., Event], batch_id: str) -> None:
    answer = get("api_get_batch", batch_id=batch_id)
    assert answer["statusCode"] == body_of(answer)["status"] == 404
    assert answer["headers"]["Content-Type"] == "application/problem+json"


def test_batches_of_a_day_are_listed_newest_first_page_by_page(
    store: FakeBatchStore, get: Callable[..., Event]
) -> None:
    for number in range(3):
        store.create(registered(f"batch-{number}", at=START + timedelta(seconds=number)))
    store.create(registered("tomorrow", at=START + timedelta(days=1)))
    first = body_of(get("api_get_batches"))
    assert [batch["batch_id"] for batch in first["items"]] == ["batch-2", "batch-1"]
    query_ = {"day": "2026-11-22", "limit": "2", "next_token": first["next_token"]}
    last = body_of(get("api_get_batches", query_=query_))
    assert [batch["batch_id"] for batch in last["items"]] == ["batch-0"]
    assert last["next_token"] is None


@pytest.mark.parametrize(
    ("parameters", "pointer"),
    [
        ({}, "/day"),
        ({"day": "yesterday"}, "/day"),
        ({"day": "2026-02-30"}, "/day"),
        ({"day": "20261122"}, "/day"),
        ({"day": "2026-11-22", "limit": "0"}, "/limit"),
        ({"day": "2026-11-22", "limit": "101"}, "/limit"),
        ({"day": "2026-11-22", "next_token": "forged"}, "/next_token"),
        ({"day": "2026-11-22", "status": "failed"}, "/status"),
    ],
)
def test_a_listing_that_asks_for_nonsense_is_refused(
    get: Callable[..., Event], parameters: dict[str, str], pointer: str
) -> None:
    answer = get("api_get_batches", query_=parameters)
    assert answer["statusCode"] == 400
    assert pointer in [error["pointer"] for error in body_of(answer)["errors"]]


def test_an_id_nobody_has_is_not_printed(get: Callable[..., Event], printed: Callable[[], list[Line]]) -> None:
    """Defect: Open doors: card numbers printed."""
    get("api_get_batch", batch_id="4111111111111111")
    assert "4111" not in json.dumps(printed())
