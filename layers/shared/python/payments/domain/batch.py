"""A batch: one version of one file of payments, and what became of it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from decimal import Context, Decimal, Inexact, InvalidOperation
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from payments.domain.errors import BatchConflict

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from payments.domain.payment import Status

EXACT_SUMS = Context(prec=60, traps=[Inexact, InvalidOperation])
"""Adds amounts without rounding: a thousand million of the longest ones fit twice over."""

INCOMING = "incoming/"
"""Prefix of uploads; an object under it whose name ends in ``.csv`` starts a batch."""

DRY_RUN = f"{INCOMING}dry-run/"
"""Prefix of uploads that are validated and reported on, and never entered."""


class BatchStatus(StrEnum):
    """Where a batch stands. The values are what the table and the API show."""

    REGISTERED = "registered"
    INGESTING = "ingesting"
    COMPLETED = "completed"
    SETTLED = "settled"
    FAILED = "failed"


BATCH_TRANSITIONS: Mapping[BatchStatus, frozenset[BatchStatus]] = {
    # A move to the same status is another run over the same file: it changes nothing of what was entered.
    BatchStatus.REGISTERED: frozenset({BatchStatus.REGISTERED, BatchStatus.INGESTING, BatchStatus.FAILED}),
    BatchStatus.INGESTING: frozenset({BatchStatus.INGESTING, BatchStatus.COMPLETED, BatchStatus.FAILED}),
    BatchStatus.COMPLETED: frozenset({BatchStatus.COMPLETED, BatchStatus.SETTLED}),
    BatchStatus.SETTLED: frozenset(),
    # An operator runs a failed batch again once the reason is mended; rows it entered before are found and counted.
    BatchStatus.FAILED: frozenset({BatchStatus.REGISTERED, BatchStatus.INGESTING}),
}
"""The one table of moves of a batch."""


@dataclass(frozen=True, kw_only=True)
class BatchObject:
    """The version of the S3 object that a batch is read from. Another upload under the same key is another version."""

    bucket: str
    key: str
    version: str

    @property
    def is_dry_run(self) -> bool:
        """Whether the file is to be validated only."""
        return self.key.startswith(DRY_RUN)


@dataclass(frozen=True, kw_only=True)
class ByteRange:
    """A part of the file that begins and ends at line breaks: bytes ``start`` to ``end``, the latter excluded.

    ``number`` counts from 0; ``first_line`` is the number of the line at ``start``, where the header is line 1.
    """

    number: int
    start: int
    end: int
    first_line: int


@dataclass(frozen=True, kw_only=True)
class RowCounts:
    """What came of rows: every one received is accepted or rejected. ``totals`` are of the accepted, by currency."""

    received: int = 0
    accepted: int = 0
    rejected: int = 0
    totals: Mapping[str, Decimal] = field(default_factory=dict)

    def __add__(self, other: RowCounts) -> RowCounts:
        """Return the counts of these rows and of those together."""
        totals = dict(self.totals)
        for currency, total in other.totals.items():
            totals[currency] = EXACT_SUMS.add(totals.get(currency, Decimal(0)), total)
        return RowCounts(
            received=self.received + other.received,
            accepted=self.accepted + other.accepted,
            rejected=self.rejected + other.rejected,
            totals=totals,
        )

    @property
    def rejected_percent(self) -> int:
        """Share of the rows that was rejected, in whole percent, rounded up; 0 where none was received.

        Rounded up, it is above a whole threshold exactly when the share itself is.
        """
        return -(-100 * self.rejected // self.received) if self.received else 0


@dataclass(frozen=True, kw_only=True)
class Batch:
    """One batch at one version. Immutable: every move gives a new one.

    ``rows`` is the number of data rows the plan found, None before there is a plan. ``counts`` are final once the batch
    is completed. ``settled`` tells how many accepted payments stand at each settled status, as last recounted.
    ``begun_at`` is when the latest run over the file began, or an earlier one that it came soon after.
    ``due_at`` is when the settler looks at it next, set while the batch is neither settled nor failed.
    """

    batch_id: str
    source: BatchObject
    status: BatchStatus
    created_at: datetime
    begun_at: datetime
    updated_at: datetime
    version: int
    owner_token: str
    rows: int | None = None
    counts: RowCounts | None = None
    settled: Mapping[Status, int] = field(default_factory=dict)
    rejected_key: str | None = None
    reason: str | None = None
    due_at: datetime | None = None

    @property
    def is_dry_run(self) -> bool:
        """Whether the file was validated only."""
        return self.source.is_dry_run

    def moved(self, to: BatchStatus, *, at: datetime, owner_token: str, **changes: Any) -> Batch:  # noqa: ANN401 - fields
        """Return this batch at status ``to``, one version later, with ``changes`` of its other attributes.

        Raises:
            BatchConflict: the table of moves has no such move.
        """
        if to not in BATCH_TRANSITIONS[self.status]:
            raise BatchConflict(f"batch {self.batch_id} is {self.status} and cannot become {to}")
        return replace(self, status=to, updated_at=at, version=self.version + 1, owner_token=owner_token, **changes)
