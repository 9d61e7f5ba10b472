"""Keeps the record of a batch: one conditional write a step, and a step that was done already does nothing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from payments.domain.batch import Batch, BatchObject, BatchStatus
from payments.domain.batch_failure import reason_of
from payments.domain.errors import BatchConflict, OutcomeMissing
from payments.domain.identifiers import batch_id_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from payments.domain.batch import RowCounts
    from payments.ports import BatchStore, Clock, Measurements, Tokens

OVERDUE_AFTER = timedelta(hours=2)
"""A batch that is open for longer than this since its run began has lost its workflow, or payments of it their way."""

FIRST_LOOK_AFTER = timedelta(seconds=15)
"""Pause between a batch's completion and the first look at what became of its payments; it doubles at each look."""

REJECTED_METRIC = "BatchRowsRejectedPercent"
"""Whole percent, rounded up; of a dry run nobody is to be alarmed. The largest of a period tells, for a repeated step
measures again."""

_OVER = frozenset({BatchStatus.COMPLETED, BatchStatus.SETTLED})


@dataclass(frozen=True)
class Registered:
    """The batch as it stands; ``proceed`` unless an earlier run has completed it."""

    batch: Batch
    proceed: bool


@dataclass(frozen=True)
class Failed:
    """The batch as it stands, and why this run over its file failed."""

    batch: Batch
    reason: str


def register_batch(source: BatchObject, *, store: BatchStore, clock: Clock, tokens: Tokens) -> Registered:
    """Record that ``source`` was uploaded, once; a failed batch begins anew, and so does one that is overdue.

    Whoever comes to an overdue one is another run, for the run before it is lost or late.
    """
    batch = _created(source, store=store, clock=clock, tokens=tokens)

    def again(batch: Batch, now: datetime) -> Batch | None:
        has_failed = batch.status is BatchStatus.FAILED
        if batch.status in _OVER or (not has_failed and now < batch.begun_at + OVERDUE_AFTER):
            return None
        to = BatchStatus.REGISTERED if has_failed else batch.status
        return batch.moved(to, at=now, owner_token=tokens(), begun_at=now, reason=None, due_at=now + OVERDUE_AFTER)

    batch = _advanced(batch.batch_id, again, store=store, clock=clock)
    return Registered(batch, proceed=batch.status not in _OVER)


def record_plan(batch_id: str, *, rows: int, store: BatchStore, clock: Clock, tokens: Tokens) -> Batch:
    """Record that the file was read and ``rows`` rows are about to be entered.

    Raises:
        BatchNotFound: the batch was never registered.
    """

    def ingesting(batch: Batch, now: datetime) -> Batch | None:
        if batch.status in _OVER or (batch.status is BatchStatus.INGESTING and batch.rows == rows):
            return None
        return _ingesting(batch, rows=rows, at=now, owner_token=tokens())

    return _advanced(batch_id, ingesting, store=store, clock=clock)


def complete_batch(
    batch_id: str,
    *,
    counts: RowCounts,
    rejected_key: str | None,
    store: BatchStore,
    clock: Clock,
    tokens: Tokens,
    measure: Measurements,
) -> Batch:
    """Record what the rows came to; where there is no payment to wait for, the batch is settled at once.

    A batch that another run has failed meanwhile is completed all the same: its rows are entered.

    Raises:
        BatchNotFound: the batch was never registered.
        BatchConflict: it was completed with other counts.
        OutcomeMissing: the counts are not of as many rows as were planned, or nothing was planned.
    """

    def completed(batch: Batch, now: datetime) -> Batch | None:
        if batch.status in _OVER:
            return _settled_at_once(_checked(batch, counts), at=now, owner_token=tokens())
        # A run that failed or began anew keeps the rows that were planned: the file is the same.
        if batch.rows != counts.received:
            raise OutcomeMissing(f"batch {batch_id} has {batch.rows} rows, and {counts.received} have an outcome")
        if batch.status is not BatchStatus.INGESTING:
            return _ingesting(batch, rows=counts.received, at=now, owner_token=tokens())
        if not batch.is_dry_run:
            measure.count(REJECTED_METRIC, counts.rejected_percent)
        return batch.moved(
            BatchStatus.COMPLETED,
            at=now,
            owner_token=tokens(),
            counts=counts,
            rejected_key=rejected_key,
            due_at=now + FIRST_LOOK_AFTER,
        )

    return _advanced(batch_id, completed, store=store, clock=clock)


def fail_batch(
    source: BatchObject, *, error: str, cause: str, store: BatchStore, clock: Clock, tokens: Tokens
) -> Failed:
    """Record that a run over ``source`` failed for good, even if nothing was registered.

    ``error`` and ``cause`` are what the workflow caught. What another run has completed stays so.
    """
    reason = reason_of(error, cause)

    def failed(batch: Batch, now: datetime) -> Batch | None:
        if batch.status in {*_OVER, BatchStatus.FAILED}:
            return None
        return batch.moved(BatchStatus.FAILED, at=now, owner_token=tokens(), reason=reason, due_at=None)

    batch = _created(source, store=store, clock=clock, tokens=tokens)
    return Failed(_advanced(batch.batch_id, failed, store=store, clock=clock), reason)


def _created(source: BatchObject, *, store: BatchStore, clock: Clock, tokens: Tokens) -> Batch:
    now = clock()
    return store.create(
        Batch(
            batch_id=batch_id_of(**vars(source)),
            source=source,
            status=BatchStatus.REGISTERED,
            created_at=now,
            begun_at=now,
            updated_at=now,
            version=1,
            owner_token=tokens(),
            due_at=now + OVERDUE_AFTER,
        )
    )


def _ingesting(batch: Batch, *, rows: int, at: datetime, owner_token: str) -> Batch:
    return batch.moved(
        BatchStatus.INGESTING,
        at=at,
        owner_token=owner_token,
        begun_at=at if batch.status is BatchStatus.FAILED else batch.begun_at,
        rows=rows,
        reason=None,
        due_at=batch.due_at or at + OVERDUE_AFTER,
    )


def _checked(batch: Batch, counts: RowCounts) -> Batch:
    if batch.counts != counts:
        raise BatchConflict(f"batch {batch.batch_id} was completed with other counts")
    return batch


def _settled_at_once(batch: Batch, *, at: datetime, owner_token: str) -> Batch | None:
    nothing_entered = batch.is_dry_run or (batch.counts is not None and not batch.counts.accepted)
    if batch.status is BatchStatus.SETTLED or not nothing_entered:
        return None
    return batch.moved(BatchStatus.SETTLED, at=at, owner_token=owner_token, due_at=None)


def _advanced(
    batch_id: str, following: Callable[[Batch, datetime], Batch | None], *, store: BatchStore, clock: Clock
) -> Batch:
    """Advance the batch until ``following`` knows no version to follow the stored one; return that one."""
    while True:
        batch = store.get(batch_id)
        after = following(batch, clock())
        if after is None:
            return batch
        try:
            store.advance(after)
        except BatchConflict:
            continue
