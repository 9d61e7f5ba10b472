"""The batch workflow on in-memory ports, one state at a time: what it tries again, what it catches, what comes next."""

from __future__ import annotations

import json
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from payments.domain.batch import Batch, BatchObject, BatchStatus
from payments.domain.errors import BatchRefused, PaymentError
from payments.use_cases import (
    collect_batch,
    complete_batch,
    fail_batch,
    ingest_range,
    plan_batch,
    process_payment,
    record_plan,
    register_batch,
    settle_batches,
)
from tests.batch_fakes import (
    FakeBatchNotices,
    FakeBatchStore,
    FakeIntake,
    FakeSettledPayments,
    FakeUploads,
    FakeWorkFiles,
)
from tests.fakes import FakeClock, FakeGateway, FakeMeasurements, FakeStore, FakeTokens, Faults, ProcessDied

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from payments.domain.batch import ByteRange, RowCounts
    from payments.domain.payment import Payment
    from payments.ports import OverdueBatches, SettledPayments
    from payments.use_cases import Collected, Planned, Registered

LEASE = timedelta(seconds=60)
OPEN_DEADLINE = timedelta(hours=1)
LONGEST_RUN = timedelta(days=1)
ATTEMPTS = 4
KEY = "incoming/payments.csv"
HEADER = b"payment_id,amount,currency,customer_id,description\n"

Answer = TypeVar("Answer")


class TaskFailed(Exception):
    """A task failed for good; ``error`` and ``cause`` are what a state machine catches."""

    def __init__(self, error: str, cause: str) -> None:
        super().__init__(error, cause)
        self.error, self.cause = error, cause


class BatchSite:
    """A bucket, tables and functions that may die. Ranges, pieces and requests are small: a few rows fill many."""

    def __init__(self, *, faults: Faults | None = None, lines_per_range: int = 5, piece_bytes: int = 64) -> None:
        faults = faults or Faults()
        self.clock = FakeClock()
        self.tokens = FakeTokens()
        self.measure = FakeMeasurements()
        self.files = FakeUploads(piece_bytes=piece_bytes)
        self.work = FakeWorkFiles(faults)
        self.batches = FakeBatchStore(faults)
        self.payments = FakeStore()
        self.intake = FakeIntake(self.payments, faults, at_once=2)
        self.settled = FakeSettledPayments(self.payments)
        self.notices = FakeBatchNotices(faults)
        self.gateway = FakeGateway(self.clock)
        self._lines_per_range = lines_per_range

    def upload(self, content: bytes, *, key: str = KEY, version: str = "version-1") -> BatchObject:
        source = BatchObject(bucket="batches", key=key, version=version)
        self.files.objects[source] = content
        return source

    def register(self, source: BatchObject) -> Registered:
        return register_batch(source, store=self.batches, clock=self.clock, tokens=self.tokens)

    def plan(self, source: BatchObject, batch_id: str) -> Planned:
        return plan_batch(
            batch_id, source=source, files=self.files, work=self.work, lines_per_range=self._lines_per_range
        )

    def record_plan(self, batch_id: str, rows: int) -> Batch:
        return record_plan(batch_id, rows=rows, store=self.batches, clock=self.clock, tokens=self.tokens)

    def ingest(self, source: BatchObject, batch_id: str, part: ByteRange) -> RowCounts:
        return ingest_range(
            batch_id,
            part,
            source=source,
            files=self.files,
            work=self.work,
            intake=self.intake,
            clock=self.clock,
            open_deadline=OPEN_DEADLINE,
        )

    def complete(self, batch_id: str, collected: Collected) -> Batch:
        return complete_batch(
            batch_id,
            counts=collected.counts,
            rejected_key=collected.rejected_key,
            store=self.batches,
            clock=self.clock,
            tokens=self.tokens,
            measure=self.measure,
        )

    def fail(self, source: BatchObject, error: str, cause: str) -> Batch:
        return fail_batch(
            source, error=error, cause=cause, store=self.batches, clock=self.clock, tokens=self.tokens
        ).batch

    def settle(self, *, overdue: OverdueBatches | None = None, payments: SettledPayments | None = None) -> int:
        return settle_batches(
            overdue=overdue or self.batches,
            store=self.batches,
            payments=payments or self.settled,
            notices=self.notices,
            clock=self.clock,
            tokens=self.tokens,
            measure=self.measure,
            longest_run=LONGEST_RUN,
        )

    def execution(
        self, source: BatchObject, *, order: Callable[[list[ByteRange]], Sequence[ByteRange]] = tuple
    ) -> Iterator[None]:
        """Run the workflow over ``source``, and pause after each state; ``order`` is that of the map's children."""
        try:
            yield from self._states(source, order)
        except TaskFailed as failure:
            _tried(partial(self.fail, source, failure.error, failure.cause), attempts=100)

    def run(self, source: BatchObject) -> Batch:
        """Run the workflow over ``source`` and return the batch."""
        for _ in self.execution(source):
            pass
        return self.batch_of(source)

    def batch_of(self, source: BatchObject) -> Batch:
        return next(batch for batch in self.batches.batches.values() if batch.source == source)

    def paid(self, content: bytes) -> Batch:
        """Upload ``content``, run the workflow and return the batch."""
        return self.run(self.upload(content))

    def entered(self) -> dict[int | None, Payment]:
        """Return every payment, by the line it came from."""
        return {payment.batch_line: payment for payment in self.payments.payments.values()}

    def open_payments(self) -> list[Payment]:
        """Return the payments that are not charged yet."""
        return [payment for payment in self.payments.payments.values() if payment.is_open]

    def report(self, batch: Batch) -> list[str]:
        """Return the lines of the batch's report, without its header."""
        return self.work.reports[batch.rejected_key].splitlines()[1:] if batch.rejected_key else []

    def charge(self, payment_id: str) -> None:
        process_payment(
            payment_id,
            actor="processor",
            store=self.payments,
            gateway=self.gateway,
            clock=self.clock,
            tokens=self.tokens,
            lease=LEASE,
            measure=self.measure,
        )

    def _states(self, source: BatchObject, order: Callable[[list[ByteRange]], Sequence[ByteRange]]) -> Iterator[None]:
        registered = _tried(partial(self.register, source))
        yield
        if not registered.proceed:
            return
        batch_id = registered.batch.batch_id
        plan = _tried(partial(self.plan, source, batch_id))
        yield
        _tried(partial(self.record_plan, batch_id, plan.rows))
        yield
        for part in order(self.work.manifests[plan.manifest_key]):
            _tried(partial(self.ingest, source, batch_id, part))
            yield
        collected = _tried(partial(collect_batch, batch_id, ranges=plan.ranges, work=self.work))
        yield
        _tried(partial(self.complete, batch_id, collected))


def _tried(task: Callable[[], Answer], *, attempts: int = ATTEMPTS) -> Answer:
    """Return what ``task`` returns, in one of several attempts; what a file is refused for is not tried again."""
    for attempt in range(1, attempts + 1):
        try:
            return task()
        except BatchRefused as refused:
            cause = json.dumps({"errorMessage": str(refused), "errorType": "BatchRefused", "stackTrace": []})
            raise TaskFailed("BatchRefused", cause) from refused
        except (PaymentError, ProcessDied) as error:
            if attempt == attempts:
                raise TaskFailed(type(error).__name__, "signal: killed") from error
    raise AssertionError("a task has at least one attempt")


def is_over(batch: Batch) -> bool:
    """Whether nothing more will happen to ``batch`` by itself."""
    return batch.status in {BatchStatus.SETTLED, BatchStatus.FAILED}
