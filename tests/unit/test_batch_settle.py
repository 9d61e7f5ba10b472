"""Following the payments of completed batches to their end, and giving up batches whose workflow is lost."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from payments.domain.batch import Batch, BatchObject, BatchStatus, RowCounts
from payments.domain.payment import Status
from payments.use_cases import Collected, settle_review
from payments.use_cases.batches.register import FIRST_LOOK_AFTER, OVERDUE_AFTER
from payments.use_cases.batches.settle import LONGEST_PAUSE, OVERDUE_METRIC
from payments.use_cases.review import LATEST_ARRIVAL
from tests.fakes import Act, Faults, ProcessDied
from tests.unit.batch_site import HEADER, LONGEST_RUN, BatchSite

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

CONTENT = HEADER + b"order-1,1.00,EUR,,\norder-2,2.00,EUR,,\norder-3,3.00,EUR,,\nbad\n"
MOMENT = timedelta(milliseconds=1)


@pytest.fixture
def site() -> BatchSite:
    return BatchSite()


class FixedIndex:
    """An index that names the same batches, or what is none, at all times."""

    def __init__(self, *batch_ids: str) -> None:
        self._batch_ids = batch_ids

    def ids_due_before(self, _moment: datetime) -> Sequence[str]:
        return self._batch_ids


class BrokenIndex:
    """Counts the payments of one batch alone; of any other, reading fails. ``asked`` are those asked for, in order."""

    def __init__(self, readable_batch_id: str) -> None:
        self._readable_batch_id = readable_batch_id
        self.asked: list[str] = []

    def counts_of(self, batch_id: str) -> Mapping[Status, int]:
        self.asked.append(batch_id)
        if batch_id != self._readable_batch_id:
            raise TimeoutError(batch_id)
        return {Status.SUCCEEDED: 3}


class LateIndex:
    """An index that names a payment under its end already, and still under the review before it."""

    def counts_of(self, _batch_id: str) -> Mapping[Status, int]:
        return {Status.SUCCEEDED: 3, Status.NEEDS_REVIEW: 1}


def charge(site: BatchSite, payment_id: str, act: Act = Act.APPROVE) -> None:
    site.gateway.acts.append(act)
    site.charge(payment_id)


def looked_at(site: BatchSite, source: BatchObject) -> Batch:
    """Wait until the batch is due, let the settler look, and return the batch."""
    batch = site.batch_of(source)
    assert batch.due_at is not None
    site.clock.move(batch.due_at - site.clock.now + MOMENT)
    site.settle()
    return site.batch_of(source)


def test_a_batch_is_settled_once_every_payment_has_come_to_its_end(site: BatchSite) -> None:
    source = site.upload(CONTENT)
    site.run(source)
    charge(site, "order-1")
    charge(site, "order-2", Act.DECLINE)
    assert looked_at(site, source).settled == {Status.SUCCEEDED: 1, Status.DECLINED: 1}
    assert site.batch_of(source).status is BatchStatus.COMPLETED

    charge(site, "order-3", Act.REFUSE)
    settled = looked_at(site, source)
    assert (settled.status, settled.due_at) == (BatchStatus.SETTLED, None)
    assert settled.settled == {Status.SUCCEEDED: 1, Status.DECLINED: 1, Status.FAILED: 1}


def test_a_payment_that_needs_review_is_told_and_keeps_its_batch_open_until_somebody_settles_it(
    site: BatchSite,
) -> None:
    source = site.upload(HEADER + b"order-1,1.00,EUR,,\n")
    site.run(source)
    charge(site, "order-1", Act.ECHO_ANOTHER_AMOUNT)
    batch = looked_at(site, source)
    assert (batch.status, batch.settled) == (BatchStatus.COMPLETED, {Status.NEEDS_REVIEW: 1})

    site.clock.move(LATEST_ARRIVAL)
    settle_review(
        "order-1",
        to=Status.FAILED,
        actor="ada",
        reason="refunded",
        store=site.payments,
        clock=site.clock,
        tokens=site.tokens,
    )
    batch = looked_at(site, source)
    assert (batch.status, batch.settled) == (BatchStatus.SETTLED, {Status.FAILED: 1})


def test_payments_of_other_batches_and_of_the_api_do_not_count(site: BatchSite) -> None:
    first = site.upload(CONTENT)
    site.run(first)
    second = site.upload(CONTENT.replace(b"order", b"other"), version="version-2")
    site.run(second)
    for number in (1, 2, 3):
        charge(site, f"other-{number}")
    assert looked_at(site, second).status is BatchStatus.SETTLED
    assert looked_at(site, first).settled == {}


def test_a_batch_counted_again_and_again_does_not_count_anything_twice(site: BatchSite) -> None:
    """Defect: Blind and double writes. A counter can be pushed twice; a count can't."""
    source = site.upload(CONTENT)
    site.run(source)
    charge(site, "order-1")
    counts = [looked_at(site, source).settled for _ in range(3)]
    assert counts == [{Status.SUCCEEDED: 1}] * 3


def test_the_pause_between_two_looks_doubles_up_to_the_longest(site: BatchSite) -> None:
    source = site.upload(CONTENT)
    site.run(source)
    pauses = []
    for _ in range(11):
        batch = looked_at(site, source)
        assert batch.due_at is not None
        pauses.append(batch.due_at - site.clock.now)
    assert pauses[:3] == [2 * FIRST_LOOK_AFTER, 4 * FIRST_LOOK_AFTER, 8 * FIRST_LOOK_AFTER]
    assert pauses[-1] == pauses[-2] == LONGEST_PAUSE


def test_a_batch_that_cannot_be_counted_keeps_no_other_from_being_counted(site: BatchSite) -> None:
    """Defect: Records lost quietly. The first one's failure stopped all behind it, at every look."""
    batches = []
    for name in (b"a", b"b", b"c"):
        batches.append(site.run(site.upload(CONTENT.replace(b"order", name), version=str(name))))
        site.clock.move(MOMENT)
    site.clock.move(FIRST_LOOK_AFTER)
    with pytest.raises(ExceptionGroup) as raised:
        site.settle(payments=BrokenIndex(batches[1].batch_id))
    assert [str(each) for each in raised.value.exceptions] == [batches[0].batch_id, batches[2].batch_id]
    assert [site.batches.get(batch.batch_id).status for batch in batches] == [
        BatchStatus.COMPLETED,
        BatchStatus.SETTLED,
        BatchStatus.COMPLETED,
    ]


def test_a_batch_that_cannot_be_read_keeps_no_other_from_being_counted(site: BatchSite) -> None:
    batch = site.run(site.upload(HEADER + b"order-1,1.00,EUR,,\n"))
    site.charge("order-1")
    site.clock.move(FIRST_LOOK_AFTER + MOMENT)
    index = FixedIndex("no-such-batch", batch.batch_id)
    with pytest.raises(ExceptionGroup):
        site.settle(overdue=index)
    assert site.batches.get(batch.batch_id).status is BatchStatus.SETTLED
    assert OVERDUE_METRIC in site.measure.counts


def test_the_shortest_batch_is_counted_first(site: BatchSite) -> None:
    """A batch too long for one look would keep all behind it from ever being counted."""
    long = site.run(site.upload(CONTENT))
    site.clock.move(MOMENT)
    short = site.run(site.upload(HEADER + b"short,1.00,EUR,,\n", version="version-2"))
    site.clock.move(FIRST_LOOK_AFTER + MOMENT)
    index = BrokenIndex(long.batch_id)
    with pytest.raises(ExceptionGroup):
        site.settle(payments=index)
    assert index.asked == [short.batch_id, long.batch_id]


def test_many_stuck_batches_hide_no_other_from_being_counted_or_told_of(site: BatchSite) -> None:
    stuck = 300
    for number in range(stuck):
        site.register(site.upload(CONTENT, version=f"stuck-{number}"))
    site.clock.move(2 * OVERDUE_AFTER)
    source = site.upload(HEADER + b"order-1,1.00,EUR,,\n")
    site.run(source)
    site.charge("order-1")
    assert looked_at(site, source).status is BatchStatus.SETTLED
    assert site.measure.counts[OVERDUE_METRIC] == stuck


def test_a_batch_that_is_not_due_is_not_looked_at(site: BatchSite) -> None:
    source = site.upload(CONTENT)
    before = site.run(source)
    assert site.settle() == 0
    site.clock.move(FIRST_LOOK_AFTER + MOMENT)
    assert site.settle() == 1
    assert site.batch_of(source).version == before.version + 1


def test_a_batch_that_its_workflow_still_owns_is_left_to_it_as_long_as_that_may_run(site: BatchSite) -> None:
    source = site.upload(CONTENT)
    registered = site.register(source).batch
    site.clock.move(LONGEST_RUN)
    assert site.settle() == 0
    assert site.batch_of(source) == registered


def test_batches_open_for_too_long_are_counted_at_every_look_and_before_anything_is_written(site: BatchSite) -> None:
    stuck = site.upload(CONTENT)
    site.register(stuck)
    waiting = site.upload(CONTENT, version="version-2")
    site.run(waiting)
    site.clock.move(OVERDUE_AFTER)
    site.settle()
    assert site.measure.counts[OVERDUE_METRIC] == 0

    counted_before_the_write: list[int] = []
    site.clock.move(LONGEST_PAUSE)
    site.batches.before_next_write = lambda: counted_before_the_write.append(site.measure.counts[OVERDUE_METRIC])
    site.settle()
    assert counted_before_the_write == [2]
    site.clock.move(MOMENT)
    assert site.settle() == 0
    assert site.measure.counts[OVERDUE_METRIC] == 4


def test_a_batch_that_has_failed_or_is_settled_is_never_overdue(site: BatchSite) -> None:
    site.fail(site.upload(CONTENT), "States.Timeout", "")
    site.run(site.upload(HEADER, version="version-2"))
    site.clock.move(10 * OVERDUE_AFTER)
    assert site.settle() == 0
    assert OVERDUE_METRIC in site.measure.counts
    assert site.measure.counts[OVERDUE_METRIC] == 0


def test_two_settlers_at_once_come_to_the_same_and_the_other_batches_are_counted_too(site: BatchSite) -> None:
    sources = [site.upload(CONTENT.replace(b"order", name), version=str(name)) for name in (b"a", b"b")]
    for source in sources:
        site.run(source)
    for payment in site.open_payments():
        site.charge(payment.payment_id)
    site.clock.move(FIRST_LOOK_AFTER + MOMENT)
    site.batches.before_next_write = site.settle
    site.settle()
    assert [site.batch_of(source).status for source in sources] == [BatchStatus.SETTLED] * 2
    assert site.batches.statuses.count(BatchStatus.SETTLED) == 2


def test_a_batch_that_somebody_moves_meanwhile_is_left_to_them_and_the_next_one_is_counted(site: BatchSite) -> None:
    sources = [site.upload(CONTENT, version="1"), site.upload(CONTENT.replace(b"order", b"b"), version="2")]
    for source in sources:
        site.run(source)
        site.clock.move(MOMENT)
    moved = replace(site.batch_of(sources[0]), version=10)
    site.clock.move(FIRST_LOOK_AFTER + MOMENT)
    site.batches.before_next_write = lambda: site.batches.batches.update({moved.batch_id: moved})
    versions = [site.batch_of(source).version for source in sources]
    site.settle()
    assert [site.batch_of(source).version for source in sources] == [10, versions[1] + 1]


def test_a_batch_that_the_index_still_names_after_its_end_is_neither_counted_nor_moved(site: BatchSite) -> None:
    """An index follows its table by moments."""
    batch = site.run(site.upload(HEADER))
    site.clock.move(10 * OVERDUE_AFTER)
    assert site.settle(overdue=FixedIndex(batch.batch_id)) == 0
    assert site.measure.counts[OVERDUE_METRIC] == 0
    assert site.batches.get(batch.batch_id) == batch


def test_a_settled_batch_tells_of_ends_alone_even_where_the_index_is_late(site: BatchSite) -> None:
    source = site.upload(CONTENT)
    site.run(source)
    site.clock.move(FIRST_LOOK_AFTER + MOMENT)
    site.settle(payments=LateIndex())
    batch = site.batch_of(source)
    assert (batch.status, batch.settled) == (BatchStatus.SETTLED, {Status.SUCCEEDED: 3})


def test_a_settlement_whose_answer_was_lost_is_made_once(site: BatchSite) -> None:
    source = site.upload(HEADER + b"order-1,1.00,EUR,,\n")
    site.run(source)
    site.charge("order-1")
    site.batches.lose_next_answer()
    assert looked_at(site, source).status is BatchStatus.SETTLED
    assert site.batches.statuses.count(BatchStatus.SETTLED) == 1


def test_a_dry_run_that_died_before_it_was_settled_is_settled_though_it_entered_nothing() -> None:
    faults = Faults()
    site = BatchSite(faults=faults)
    source = site.upload(CONTENT, key="incoming/dry-run/a.csv")
    batch_id = site.register(source).batch.batch_id
    site.record_plan(batch_id, 4)
    faults.kill_at(2)
    with pytest.raises(ProcessDied, match="before advance batch"):
        site.complete(batch_id, Collected(RowCounts(received=4, accepted=3, rejected=1), None))
    assert site.batch_of(source).status is BatchStatus.COMPLETED
    assert looked_at(site, source).status is BatchStatus.SETTLED


LOST_AFTER = OVERDUE_AFTER + LONGEST_RUN
TOO_LONG = "the file was not read to its end in time"


def told(site: BatchSite) -> list[tuple[BatchStatus, str | None]]:
    return [(batch.status, batch.reason) for batch in site.notices.told]


@pytest.mark.parametrize("is_planned", [False, True])
def test_a_batch_whose_workflow_has_ended_without_a_word_fails_with_a_reason_and_the_back_office_is_told(
    site: BatchSite, *, is_planned: bool
) -> None:
    """Defect: Batch. An execution that runs out of its time, or is stopped, can tell nobody."""
    source = site.upload(CONTENT)
    batch_id = site.register(source).batch.batch_id
    if is_planned:
        site.record_plan(batch_id, 4)
    site.clock.move(LOST_AFTER)
    site.settle()
    assert site.batch_of(source).status is not BatchStatus.FAILED
    assert told(site) == []

    site.clock.move(MOMENT)
    site.settle()
    failed = site.batch_of(source)
    assert (failed.status, failed.reason, failed.due_at) == (BatchStatus.FAILED, TOO_LONG, None)
    assert told(site) == [(BatchStatus.FAILED, TOO_LONG)]
    site.settle()
    assert len(site.notices.told) == 1


def test_a_completed_batch_is_never_lost_however_long_its_payments_take(site: BatchSite) -> None:
    source = site.upload(CONTENT)
    site.run(source)
    site.clock.move(2 * LOST_AFTER)
    site.settle()
    assert site.batch_of(source).status is BatchStatus.COMPLETED
    assert told(site) == []


def test_a_failure_that_nobody_could_be_told_of_is_told_at_the_next_look(site: BatchSite) -> None:
    """Defect: Records lost quietly."""
    source = site.upload(CONTENT)
    site.register(source)
    waiting = site.upload(HEADER + b"order-1,1.00,EUR,,\n", version="version-2")
    site.clock.move(LOST_AFTER + MOMENT)
    site.run(waiting)
    site.clock.move(FIRST_LOOK_AFTER + MOMENT)
    site.charge("order-1")
    site.notices.failures = 1
    with pytest.raises(ExceptionGroup):
        site.settle()
    assert site.batch_of(source).status is BatchStatus.REGISTERED
    assert site.batch_of(waiting).status is BatchStatus.SETTLED
    site.settle()
    assert site.batch_of(source).status is BatchStatus.FAILED
    assert told(site) == [(BatchStatus.FAILED, TOO_LONG)]


def test_a_workflow_that_comes_late_completes_a_batch_that_was_given_up(site: BatchSite) -> None:
    source = site.upload(CONTENT)
    late = site.execution(source)
    for _ in range(3):
        next(late)
    site.clock.move(LOST_AFTER + MOMENT)
    site.settle()
    assert site.batch_of(source).status is BatchStatus.FAILED
    for _ in late:
        pass
    completed = site.batch_of(source)
    assert (completed.status, completed.reason) == (BatchStatus.COMPLETED, None)
    assert completed.counts
    assert completed.counts.accepted == len(site.entered()) == 3


def test_a_file_whose_workflow_was_lost_can_be_run_again_and_pays_nothing_twice(site: BatchSite) -> None:
    source = site.upload(CONTENT)
    lost = site.execution(source)
    while len(site.entered()) < 3:
        next(lost)
    site.clock.move(LOST_AFTER + MOMENT)
    site.settle()
    again = site.run(source)
    assert (again.status, again.reason) == (BatchStatus.COMPLETED, None)
    assert again.counts
    assert (again.counts.accepted, again.counts.rejected) == (3, 1)
    assert len(site.entered()) == 3


def test_another_run_over_a_lost_file_has_all_the_time_that_one_may_take(site: BatchSite) -> None:
    source = site.upload(CONTENT)
    site.record_plan(site.register(source).batch.batch_id, 4)
    site.clock.move(LONGEST_RUN)
    site.register(source)
    site.clock.move(LONGEST_RUN)
    site.settle()
    assert site.batch_of(source).status is BatchStatus.INGESTING


def test_a_file_run_again_a_day_later_is_overdue_two_hours_after_that_and_not_at_once(site: BatchSite) -> None:
    """Defect: Dead alarms. One that rings at every new run is not heard any more."""
    failed, lost = site.upload(CONTENT), site.upload(CONTENT, version="version-2")
    site.fail(failed, "States.Timeout", "")
    site.register(lost)
    site.clock.move(LONGEST_RUN)
    for source in (failed, lost):
        site.register(source)
    site.clock.move(OVERDUE_AFTER)
    site.settle()
    assert site.measure.counts[OVERDUE_METRIC] == 0
    site.clock.move(MOMENT)
    site.settle()
    assert site.measure.counts[OVERDUE_METRIC] == 2


def test_a_batch_that_a_failed_run_left_and_a_late_one_goes_on_with_began_then(site: BatchSite) -> None:
    source = site.upload(CONTENT)
    batch_id = site.register(source).batch.batch_id
    site.fail(source, "States.Timeout", "")
    site.clock.move(LOST_AFTER + MOMENT)
    site.record_plan(batch_id, 4)
    site.clock.move(OVERDUE_AFTER)
    site.settle()
    assert site.batch_of(source).status is BatchStatus.INGESTING
    assert site.measure.counts[OVERDUE_METRIC] == 0
