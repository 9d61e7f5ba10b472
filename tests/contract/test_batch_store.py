"""What every store of batches must do, whether it keeps them in memory or in DynamoDB."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from payments.adapters.dynamodb.batches_table import BatchesTable
from payments.adapters.dynamodb.open_index import OpenIndex
from payments.domain.errors import BatchConflict, BatchNotFound, RequestRefused
from tests.batch_fakes import FakeBatchStore
from tests.batch_samples import batch_failed, batch_settled, by_another, completed, ingesting, registered
from tests.samples import MINUTE, START

if TYPE_CHECKING:
    from payments.domain.batch import Batch
    from payments.ports import BatchPage, BatchStore, OverdueBatches
    from tests.contract.services import Services

DAY = START.date()
LATER = START + 60 * MINUTE


@dataclass(frozen=True)
class Batches:
    store: BatchStore
    overdue: OverdueBatches


@pytest.fixture(params=["in memory", "DynamoDB"])
def batches(request: pytest.FixtureRequest, services: Services) -> Batches:
    if request.param == "in memory":
        fake = FakeBatchStore()
        return Batches(store=fake, overdue=fake)
    table = services.batches_table()
    return Batches(
        store=BatchesTable(services.dynamodb, table), overdue=OpenIndex(services.dynamodb, table, key="batch_id")
    )


@pytest.fixture
def store(batches: Batches) -> BatchStore:
    return batches.store


@pytest.fixture
def overdue(batches: Batches) -> OverdueBatches:
    return batches.overdue


def add(store: BatchStore, count: int) -> list[str]:
    """Store batches a second apart; return their ids, newest first."""
    ids = [f"batch-{number}" for number in range(count)]
    for number, batch_id in enumerate(ids):
        store.create(registered(batch_id, at=START + timedelta(seconds=number)))
    return ids[::-1]


def ids_of(page: BatchPage) -> list[str]:
    return [batch.batch_id for batch in page.items]


def test_every_step_to_the_end_is_kept_with_all_it_says(store: BatchStore) -> None:
    steps = [registered()]
    for step in (ingesting, completed, batch_settled):
        steps.append(step(steps[-1]))
    assert store.create(steps[0]) == steps[0]
    assert store.get("batch-1") == steps[0]
    for batch in steps[1:]:
        store.advance(batch)
        assert store.get("batch-1") == batch


def test_an_unknown_batch_is_not_found(store: BatchStore) -> None:
    with pytest.raises(BatchNotFound):
        store.get("batch-1")


def test_who_registers_a_batch_again_is_told_what_became_of_it(store: BatchStore) -> None:
    store.create(registered())
    store.advance(ingesting(registered()))
    assert store.create(by_another(registered())) == ingesting(registered())
    assert store.get("batch-1") == ingesting(registered())


def test_a_failed_batch_says_why_until_it_is_run_again(store: BatchStore) -> None:
    failed = batch_failed(registered())
    again = ingesting(failed, reason=None, due_at=LATER)
    store.create(registered())
    store.advance(failed)
    assert store.get("batch-1").reason == "the header has no column amount"
    store.advance(again)
    assert store.get("batch-1") == again


def test_of_two_runs_that_move_the_same_version_one_is_told_so(store: BatchStore) -> None:
    store.create(registered())
    store.advance(ingesting(registered()))
    with pytest.raises(BatchConflict):
        store.advance(by_another(ingesting(registered())))
    assert store.get("batch-1") == ingesting(registered())


def test_the_same_move_again_is_a_success(store: BatchStore) -> None:
    store.create(registered())
    store.advance(ingesting(registered()))
    store.advance(ingesting(registered()))
    assert store.get("batch-1") == ingesting(registered())


@pytest.mark.parametrize("batch", [ingesting(registered()), completed(ingesting(registered()))])
def test_a_move_makes_no_batch_and_skips_no_version(store: BatchStore, batch: Batch) -> None:
    """Defect: Blind and double writes: updates that create ghost payments."""
    if batch.version > 2:
        store.create(registered())
    with pytest.raises(BatchConflict):
        store.advance(batch)


def test_batches_of_a_day_are_listed_newest_first_page_by_page(store: BatchStore) -> None:
    ids = add(store, 7)
    page = store.list_created_on(DAY, limit=3, next_token=None)
    seen = ids_of(page)
    while page.next_token:
        page = store.list_created_on(DAY, limit=3, next_token=page.next_token)
        seen += ids_of(page)
    assert seen == ids


def test_a_days_listing_shows_each_batch_as_it_is_now_and_none_of_another_day(store: BatchStore) -> None:
    store.create(registered())
    store.create(registered("batch-2", at=START + timedelta(days=1)))
    store.advance(ingesting(registered()))
    assert store.list_created_on(DAY, limit=10, next_token=None).items == (ingesting(registered()),)


@pytest.mark.parametrize("token", ["forged", "W10", "!", "ÄÖÜ"])
def test_a_token_that_was_never_issued_is_refused(store: BatchStore, token: str) -> None:
    with pytest.raises(RequestRefused):
        store.list_created_on(DAY, limit=10, next_token=token)


def test_batches_past_their_time_are_found_oldest_first(store: BatchStore, overdue: OverdueBatches) -> None:
    ids = add(store, 12)
    assert list(overdue.ids_due_before(LATER)) == ids[::-1]
    assert list(overdue.ids_due_before(START + MINUTE)) == []


def test_what_is_settled_or_failed_is_never_due(store: BatchStore, overdue: OverdueBatches) -> None:
    first, second = registered("batch-1"), registered("batch-2")
    for batch in (first, second):
        store.create(batch)
    store.advance(batch_failed(first))
    for step in (ingesting, completed, batch_settled):
        second = step(second)
        store.advance(second)
    assert list(overdue.ids_due_before(LATER)) == []
