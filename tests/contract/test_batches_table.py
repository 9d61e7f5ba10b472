"""What only DynamoDB can get wrong with batches: the item's shape, lost answers, tokens of other listings."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from botocore.exceptions import ClientError

from payments.adapters.dynamodb.batch_item import MOVED_BY_TRANSITIONS, from_item, to_item
from payments.adapters.dynamodb.batches_table import BatchesTable
from payments.adapters.dynamodb.payments_table import PaymentsTable
from payments.domain.errors import BatchConflict, RequestRefused
from tests.batch_samples import batch_failed, batch_settled, by_another, completed, ingesting, registered
from tests.contract.faults import asked, lose_next_answer
from tests.samples import MINUTE, START, accepted

if TYPE_CHECKING:
    from tests.contract.services import Services


@pytest.fixture
def store(services: Services) -> BatchesTable:
    return BatchesTable(services.dynamodb, services.batches_table())


def test_an_item_and_its_batch_are_each_other() -> None:
    plan = ingesting(registered())
    for batch in (registered(), plan, completed(plan), batch_settled(completed(plan)), batch_failed(plan)):
        assert from_item(to_item(batch)) == batch


def test_a_batch_stored_before_runs_were_told_apart_began_when_it_was_created() -> None:
    item = to_item(registered(begun_at=START + MINUTE))
    del item["begun_at"]
    assert from_item(item) == registered()


def test_a_total_keeps_its_decimals() -> None:
    """Defect: Floats."""
    counts = from_item(to_item(completed(ingesting(registered())))).counts
    assert counts
    assert {currency: str(total) for currency, total in counts.totals.items()} == {"EUR": "37.50", "JPY": "1000"}


def test_a_transition_names_every_attribute_that_can_change() -> None:
    plan = ingesting(registered())
    ends = [batch_settled(completed(plan)), by_another(batch_failed(plan)), registered(begun_at=START + MINUTE)]
    steps = [to_item(batch) for batch in (registered(), plan, completed(plan), *ends)]
    changed = {
        name
        for before, after in pairwise(steps)
        for name in before.keys() | after.keys()
        if before.get(name) != after.get(name)
    }
    assert changed == set(MOVED_BY_TRANSITIONS)


def test_a_write_whose_answer_was_lost_is_a_write_made_once(services: Services, store: BatchesTable) -> None:
    lose_next_answer(services.dynamodb)
    assert store.create(registered()) == registered()
    lose_next_answer(services.dynamodb)
    store.advance(ingesting(registered()))
    assert store.get("batch-1") == ingesting(registered())


def test_a_write_of_the_same_version_by_another_is_never_taken_for_our_own(
    services: Services, store: BatchesTable
) -> None:
    store.create(registered())
    store.advance(by_another(ingesting(registered())))
    lose_next_answer(services.dynamodb)
    with pytest.raises(BatchConflict):
        store.advance(ingesting(registered()))


def test_only_a_failed_condition_is_ever_taken_for_a_batch_that_is_there(services: Services) -> None:
    """Defect: Records lost quietly: any client error taken for "duplicate"."""
    nowhere = BatchesTable(services.dynamodb, "no-such-table")
    for write in (lambda: nowhere.create(registered()), lambda: nowhere.advance(ingesting(registered()))):
        with pytest.raises(ClientError, match="ResourceNotFoundException"):
            write()


def test_a_days_listing_is_one_query_and_one_read(services: Services, store: BatchesTable) -> None:
    """Defect: Indexes that can't answer."""
    for number in range(5):
        store.create(registered(f"batch-{number}"))
    with asked(services.dynamodb, "Query") as queries, asked(services.dynamodb, "BatchGetItem") as reads:
        store.list_created_on(START.date(), limit=3, next_token=None)
    assert [query["IndexName"] for query in queries] == ["by-day"]
    assert len(reads) == 1


def test_a_token_of_the_payments_of_a_day_does_not_continue_its_batches(
    services: Services, store: BatchesTable
) -> None:
    payments = PaymentsTable(services.dynamodb, services.payments_table())
    for number in range(2):
        payments.create(accepted(f"pay-{number}"))
    token = payments.list_created_on(START.date(), limit=1, next_token=None).next_token
    with pytest.raises(RequestRefused):
        store.list_created_on(START.date(), limit=1, next_token=token)
