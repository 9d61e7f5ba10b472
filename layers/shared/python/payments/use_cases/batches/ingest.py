"""Enters the rows of one range of a file.

Rows go to the table many at a time, each under its own condition. Whether a row was entered is read from what is stored
under its id: the payment names its batch and line. So a range that is read again, after its reader died or beside
another one, comes to the same and leaves the same words behind.
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

from payments.domain.acceptance import accepted_payment
from payments.domain.batch_file import LONGEST_LINE_BYTES, columns_in, lines_in
from payments.domain.batch_report import report_line
from payments.domain.batch_rows import GoodRow, Rejection, rows_in
from payments.domain.batch_tally import Tally
from payments.domain.errors import Violation
from payments.domain.identifiers import payment_id_of_row

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, KeysView, Mapping, Sequence
    from datetime import timedelta

    from payments.domain.batch import BatchObject, ByteRange, RowCounts
    from payments.domain.payment import Payment
    from payments.ports import Clock, PaymentIntake, UploadedFiles, WorkFiles

ROWS_AT_ONCE = 1_000
"""Rows held, and entered, at a time."""

HEADER_BYTES = LONGEST_LINE_BYTES + 8
"""What is read of a file to find its columns: the longest line, a byte order mark, a line break."""


def ingest_range(
    batch_id: str,
    part: ByteRange,
    *,
    source: BatchObject,
    files: UploadedFiles,
    work: WorkFiles,
    intake: PaymentIntake,
    clock: Clock,
    open_deadline: timedelta,
) -> RowCounts:
    """Enter the rows of ``part`` as payments, and leave behind what came of it and the report on what was not entered.

    A dry run enters nothing, and looks up nothing. The sweeper looks after a payment once ``open_deadline`` has passed.

    Raises:
        BatchRefused: the file's columns are not right; its plan would have said so.
    """
    rows = _rows(source, part, files)
    if not source.is_dry_run:
        desk = _Desk(batch_id, source, intake=intake, clock=clock, open_deadline=open_deadline)
        rows = desk.entered(rows)
    tally = Tally()
    work.write_rejected(batch_id, part.number, _reported(rows, tally))
    # Last, for it says that all of the above is done.
    work.write_outcome(batch_id, part.number, tally.counts)
    return tally.counts


def _rows(source: BatchObject, part: ByteRange, files: UploadedFiles) -> Iterator[GoodRow | Rejection]:
    header, _ = next(lines_in(files.pieces(source, start=0, end=min(part.start, HEADER_BYTES))))
    lines = lines_in(files.pieces(source, start=part.start, end=part.end))
    return rows_in(lines, columns=columns_in(header), first_line=part.first_line)


def _reported(rows: Iterable[GoodRow | Rejection], tally: Tally) -> Iterator[str]:
    for row in rows:
        if isinstance(row, Rejection):
            tally.reject()
            yield report_line(row)
        else:
            tally.accept(row.request.amount, row.request.currency)


class _Desk:
    """Enters good rows as payments of one batch."""

    def __init__(
        self, batch_id: str, source: BatchObject, *, intake: PaymentIntake, clock: Clock, open_deadline: timedelta
    ) -> None:
        self._batch_id, self._source = batch_id, source
        self._intake, self._clock, self._open_deadline = intake, clock, open_deadline

    def entered(self, rows: Iterator[GoodRow | Rejection]) -> Iterator[GoodRow | Rejection]:
        """Yield the rows in their order: the good ones once they are entered, or why they were not.

        The next rows are read while the last ones are written, which is half of the time.
        """
        before = _Chunk((), {})
        while rows_at_once := list(islice(rows, ROWS_AT_ONCE)):
            chunk = _Chunk(rows_at_once, self._payments(row for row in rows_at_once if isinstance(row, GoodRow)))
            if not before.ids.isdisjoint(chunk.ids):
                # Of rows with one id the first is entered, so it has to be there before the other is tried.
                yield from before.told()
                before = _Chunk((), {})
            chunk.enter(self._intake)
            yield from before.told()
            before = chunk
        yield from before.told()

    def _payments(self, rows: Iterable[GoodRow]) -> dict[int, Payment]:
        """Return the payment of each row, by its line."""
        now = self._clock()
        due_at = now + self._open_deadline
        return {
            row.line: accepted_payment(
                row.request,
                payment_id=row.request.payment_id or self._derived_id(row),
                now=now,
                # Derived, and of one row alone: another row of the same id must not take its payment for this one.
                owner_token=f"{self._batch_id}#{row.line}",
                due_at=due_at,
                actor="batch",
                reason=f"accepted from batch {self._batch_id}, line {row.line}",
                batch_id=self._batch_id,
                batch_line=row.line,
            )
            for row in rows
        }

    def _derived_id(self, row: GoodRow) -> str:
        return payment_id_of_row(
            bucket=self._source.bucket,
            key=self._source.key,
            line=row.line,
            request_hash=row.request.request_hash,
        )


class _Chunk:
    """Rows that are entered together, and the payment of each good one by its line."""

    def __init__(self, rows: Sequence[GoodRow | Rejection], payments: Mapping[int, Payment]) -> None:
        self._rows, self._payments = rows, payments
        # Of rows with one id the first is entered; what the others say is held against it, as against any payment.
        self._first: dict[str, Payment] = {}
        for payment in payments.values():
            self._first.setdefault(payment.payment_id, payment)
        self._stored: Iterator[Payment | None] = iter(())

    @property
    def ids(self) -> KeysView[str]:
        """The ids of its payments."""
        return self._first.keys()

    def enter(self, intake: PaymentIntake) -> None:
        """Begin to enter the payments."""
        if self._first:
            self._stored = intake.create_all(tuple(self._first.values()))

    def told(self) -> Iterator[GoodRow | Rejection]:
        """Yield what became of each row, once its payment is entered."""
        stored = dict(zip(self._first, self._stored, strict=True))
        for row in self._rows:
            if isinstance(row, GoodRow):
                payment = self._payments[row.line]
                yield _not_entered(payment, stored[payment.payment_id]) or row
            else:
                yield row


def _not_entered(payment: Payment, stored: Payment | None) -> Rejection | None:
    """Return why the row of ``payment`` was not entered; None where it was, by this reader or by an earlier one."""
    if stored and (stored.batch_id, stored.batch_line) == (payment.batch_id, payment.batch_line):
        return None
    if stored is None or stored.request_hash != payment.request_hash:
        reason = "belongs to another request"
    else:
        reason = "repeats an existing payment"
    if stored and stored.batch_id == payment.batch_id:
        reason += f", that of line {stored.batch_line}"
    violation = Violation("/payment_id", f"{reason}; nothing was entered")
    return Rejection(line=payment.batch_line or 0, violations=[violation], payment_id=payment.payment_id)
