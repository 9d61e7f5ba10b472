"""Follows the payments of completed batches to their end, and fails batches whose workflow is lost."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta
from typing import TYPE_CHECKING, TypeVar

from payments.domain.batch import Batch, BatchStatus
from payments.domain.batch_failure import TOO_LONG
from payments.domain.errors import BatchConflict
from payments.domain.payment import TERMINAL_STATUSES
from payments.use_cases.batches.register import FIRST_LOOK_AFTER, OVERDUE_AFTER

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from datetime import datetime

    from payments.domain.payment import Status
    from payments.ports import BatchNotices, BatchStore, Clock, Measurements, OverdueBatches, SettledPayments, Tokens

Given = TypeVar("Given")
Answer = TypeVar("Answer")

OVERDUE_METRIC = "BatchesOverdue"

LONGEST_PAUSE = timedelta(minutes=4)
"""Between two looks at what became of a batch's payments; counting them costs as much as there are."""


def settle_batches(
    *,
    overdue: OverdueBatches,
    store: BatchStore,
    payments: SettledPayments,
    notices: BatchNotices,
    clock: Clock,
    tokens: Tokens,
    measure: Measurements,
    longest_run: timedelta,
) -> int:
    """Count anew the payments of each completed batch that is due.

    Where all have come to their end, the batch is settled; else it is looked at again after twice the pause. A batch
    that is due and not completed is left to its workflow, which ends after ``longest_run`` however it ends; one that it
    has left open is failed. A batch that somebody moves meanwhile is left to them. Those open for too long are counted
    at every call. Returns how many batches were counted anew.

    Raises:
        ExceptionGroup: some could not be read, counted or failed; all others were.
    """
    failures: list[Exception] = []
    now = clock()
    # No pause is longer: whatever is open for too long is among these, and its alarm does not end between two looks.
    # All of them, for many that are stuck would hide the others from any smaller number.
    batches = list(_each(overdue.ids_due_before(now + LONGEST_PAUSE), store.get, failures))
    measure.count(OVERDUE_METRIC, sum(_is_overdue(batch, now) for batch in batches))
    completed = [batch for batch in batches if batch.status is BatchStatus.COMPLETED and _is_due(batch, now)]
    lost = [batch for batch in batches if _is_lost(batch, now, longest_run)]

    def advance(after: Batch) -> None:
        with suppress(BatchConflict):
            store.advance(after)

    def fail(batch: Batch) -> None:
        after = batch.moved(BatchStatus.FAILED, at=clock(), owner_token=tokens(), reason=TOO_LONG, due_at=None)
        # Told first: what is still open then comes again, and to be told twice is better than never.
        notices.tell(after)
        advance(after)

    def count(batch: Batch) -> None:
        advance(_counted(batch, payments.counts_of(batch.batch_id), at=clock(), owner_token=tokens()))

    list(_each(lost, fail, failures))
    # The shortest first: one that takes longer than there is time keeps none waiting that would not.
    counted = sum(1 for _ in _each(sorted(completed, key=_accepted), count, failures))
    if failures:
        raise ExceptionGroup("batches could not be looked after", failures)
    return counted


def _each(these: Iterable[Given], do: Callable[[Given], Answer], failures: list[Exception]) -> Iterator[Answer]:
    """Yield what ``do`` answers for each of ``these``; what it raises is noted, and the next one's turn comes."""
    for one in these:
        try:
            answer = do(one)
        except Exception as failure:  # noqa: BLE001 - noted, and raised once all have had their turn
            failures.append(failure)
        else:
            yield answer


def _is_due(batch: Batch, now: datetime) -> bool:
    return batch.due_at is not None and batch.due_at < now


def _is_overdue(batch: Batch, now: datetime) -> bool:
    is_open = batch.status not in {BatchStatus.SETTLED, BatchStatus.FAILED}
    return is_open and batch.begun_at + OVERDUE_AFTER < now


def _is_lost(batch: Batch, now: datetime, longest_run: timedelta) -> bool:
    # A run that came soon after another did not begin the batch anew; it has ended by then, too.
    is_read = batch.status in {BatchStatus.REGISTERED, BatchStatus.INGESTING}
    return is_read and batch.begun_at + OVERDUE_AFTER + longest_run < now


def _counted(batch: Batch, settled: Mapping[Status, int], *, at: datetime, owner_token: str) -> Batch:
    ended = {status: count for status, count in settled.items() if status in TERMINAL_STATUSES}
    if batch.is_dry_run or sum(ended.values()) == _accepted(batch):
        # Only ends: for a moment an index may name a payment under the status it had before, too.
        return batch.moved(BatchStatus.SETTLED, at=at, owner_token=owner_token, settled=ended, due_at=None)
    return batch.moved(
        BatchStatus.COMPLETED, at=at, owner_token=owner_token, settled=settled, due_at=at + _next_pause(batch)
    )


def _accepted(batch: Batch) -> int:
    return batch.counts.accepted if batch.counts else 0


def _next_pause(batch: Batch) -> timedelta:
    last = batch.due_at - batch.updated_at if batch.due_at else FIRST_LOOK_AFTER
    return min(2 * last, LONGEST_PAUSE)
