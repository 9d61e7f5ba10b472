"""In-memory ports of batch files, with the semantics the real ones are held to."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, TypeVar

from payments.domain.errors import (
    BatchConflict,
    BatchNotFound,
    BatchRefused,
    DeliveryFailed,
    IdempotencyConflict,
    OutcomeMissing,
    PaymentIdTaken,
    RequestRefused,
    Violation,
)
from payments.ports import BatchPage
from tests.fakes import Faults, assert_possible_key

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from datetime import date, datetime

    from payments.domain.batch import Batch, BatchObject, BatchStatus, ByteRange, RowCounts
    from payments.domain.payment import Payment, Status
    from tests.fakes import FakeStore

Answer = TypeVar("Answer")


class FakeBatchStore:
    """A batches table with its conditions and its indexes; ``statuses`` are those that were written, in their order.

    ``lose_next_answer`` makes the next write happen, drops its answer and lets the SDK try it again, as botocore does.
    """

    def __init__(self, faults: Faults | None = None) -> None:
        self.batches: dict[str, Batch] = {}
        self.statuses: list[BatchStatus] = []
        self.before_next_write: Callable[[], object] | None = None
        self._faults = faults or Faults()
        self._answers_to_lose = 0

    def lose_next_answer(self) -> None:
        self._answers_to_lose += 1

    def get(self, batch_id: str) -> Batch:
        assert_possible_key(batch_id)
        return self._faults.looking("get batch", lambda: self._get(batch_id))

    def create(self, batch: Batch) -> Batch:
        return self._write("create batch", lambda: self._create(batch))

    def advance(self, batch: Batch) -> None:
        return self._write("advance batch", lambda: self._advance(batch))

    def list_created_on(self, day: date, *, limit: int, next_token: str | None) -> BatchPage:
        if next_token is not None and not next_token.isdecimal():
            raise RequestRefused([Violation("/next_token", "was not issued for this listing")])
        start = int(next_token or 0)
        found = sorted(
            (batch for batch in self.batches.values() if batch.created_at.date() == day),
            key=lambda batch: (batch.created_at, batch.batch_id),
            reverse=True,
        )
        more = len(found) > start + limit
        return BatchPage(tuple(found[start : start + limit]), str(start + limit) if more else None)

    def ids_due_before(self, moment: datetime) -> Sequence[str]:
        due = sorted(
            (batch.due_at, batch.batch_id)
            for batch in self.batches.values()
            if batch.due_at is not None and batch.due_at < moment
        )
        return [batch_id for _, batch_id in due]

    def _write(self, name: str, write: Callable[[], Answer]) -> Answer:
        if self.before_next_write:
            intrusion, self.before_next_write = self.before_next_write, None
            intrusion()
        if self._answers_to_lose:
            self._answers_to_lose -= 1
            write()
        return self._faults.around(name, write)

    def _get(self, batch_id: str) -> Batch:
        if batch_id not in self.batches:
            raise BatchNotFound(batch_id)
        return self.batches[batch_id]

    def _create(self, batch: Batch) -> Batch:
        if batch.batch_id not in self.batches:
            self._put(batch)
        return self.batches[batch.batch_id]

    def _advance(self, batch: Batch) -> None:
        stored = self.batches.get(batch.batch_id)
        if stored and (stored.version, stored.owner_token) == (batch.version, batch.owner_token):
            return
        if not stored or stored.version != batch.version - 1:
            raise BatchConflict(f"batch {batch.batch_id} is not at version {batch.version - 1}")
        self._put(batch)

    def _put(self, batch: Batch) -> None:
        self.batches[batch.batch_id] = batch
        self.statuses.append(batch.status)


class FakeUploads:
    """Uploaded objects, read in pieces of ``piece_bytes``; ``bytes_read`` counts what was read of each version."""

    def __init__(self, *, piece_bytes: int = 1024 * 1024) -> None:
        self.objects: dict[BatchObject, bytes] = {}
        self.piece_bytes = piece_bytes
        self.bytes_read: Counter[str] = Counter()

    def size_bytes(self, source: BatchObject) -> int:
        return len(self._body(source))

    def pieces(self, source: BatchObject, *, start: int, end: int) -> Iterator[bytes]:
        body = self._body(source)
        for position in range(start, end, self.piece_bytes):
            piece = body[position : min(position + self.piece_bytes, end)]
            self.bytes_read[source.version] += len(piece)
            yield piece

    def _body(self, source: BatchObject) -> bytes:
        if source not in self.objects:
            raise BatchRefused("the file, or this version of it, is not there any more; upload it again")
        return self.objects[source]


class FakeWorkFiles:
    """Objects that are there as a whole or not at all, by their keys."""

    def __init__(self, faults: Faults | None = None) -> None:
        self.manifests: dict[str, list[ByteRange]] = {}
        self.outcomes_written: dict[tuple[str, int], RowCounts] = {}
        self.rejected_written: dict[tuple[str, int], str] = {}
        self.reports: dict[str, str] = {}
        self._faults = faults or Faults()

    def write_manifest(self, batch_id: str, ranges: Iterable[ByteRange]) -> str:
        key, said = f"work/{batch_id}/manifest.json", list(ranges)
        self._faults.around("write manifest", lambda: self.manifests.update({key: said}))
        return key

    def write_outcome(self, batch_id: str, number: int, counts: RowCounts) -> None:
        self._faults.around("write outcome", lambda: self.outcomes_written.update({(batch_id, number): counts}))

    def write_rejected(self, batch_id: str, number: int, lines: Iterable[str]) -> None:
        said = "".join(lines)
        self._faults.around("write rejected", lambda: self.rejected_written.update({(batch_id, number): said}))

    def outcomes(self, batch_id: str, ranges: int) -> Iterator[RowCounts]:
        for number in range(ranges):
            if (batch_id, number) not in self.outcomes_written:
                raise OutcomeMissing(f"range {number} has not been read to its end")
            yield self.outcomes_written[batch_id, number]

    def write_report(self, batch_id: str, *, header: str, ranges: int) -> str:
        key = f"rejected/{batch_id}.csv"
        said = header + "".join(self.rejected_written[batch_id, number] for number in range(ranges))
        self._faults.around("write report", lambda: self.reports.update({key: said}))
        return key


class FakeIntake:
    """Adds to the payments of ``store``, ``at_once`` in one request; who dies between two requests has added some."""

    def __init__(self, store: FakeStore, faults: Faults | None = None, *, at_once: int = 100) -> None:
        self.calls = 0
        self._store = store
        self._at_once = at_once
        self._faults = faults or Faults()

    def create_all(self, payments: Sequence[Payment]) -> Iterator[Payment | None]:
        self.calls += 1
        ids = [payment.payment_id for payment in payments]
        assert len(ids) == len(set(ids))
        parts = (payments[start : start + self._at_once] for start in range(0, len(payments), self._at_once))
        return iter([stored for part in parts for stored in self._added(part)])

    def _added(self, part: Sequence[Payment]) -> Sequence[Payment | None]:
        return self._faults.around("enter rows", lambda: [self._create(payment) for payment in part])

    def _create(self, payment: Payment) -> Payment | None:
        try:
            return self._store.create(payment)
        except IdempotencyConflict:
            record = self._store.key_records[payment.payment_id]
            held = replace(record, expires_at=record.expires_at + timedelta(days=30))
            self._store.key_records[payment.payment_id] = held
            return None
        except PaymentIdTaken:
            return self._store.payments[payment.payment_id]


class FakeBatchNotices:
    """Keeps what the back office was told; fails ``failures`` times first."""

    def __init__(self, faults: Faults | None = None) -> None:
        self.told: list[Batch] = []
        self.failures = 0
        self._faults = faults or Faults()

    def tell(self, batch: Batch) -> None:
        if self.failures:
            self.failures -= 1
            raise DeliveryFailed("the topic did not take it")
        self._faults.around("tell", lambda: self.told.append(batch))


class FakeSettledPayments:
    """Counts the payments of ``store``."""

    def __init__(self, store: FakeStore, faults: Faults | None = None) -> None:
        self._store = store
        self._faults = faults or Faults()

    def counts_of(self, batch_id: str) -> Mapping[Status, int]:
        return self._faults.looking("count settled", lambda: self._counts_of(batch_id))

    def _counts_of(self, batch_id: str) -> Mapping[Status, int]:
        of_batch = (payment for payment in self._store.payments.values() if payment.batch_id == batch_id)
        return Counter(payment.status for payment in of_batch if not payment.is_open)
