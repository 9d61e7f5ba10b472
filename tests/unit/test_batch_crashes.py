"""Functions die, executions overlap, tasks come twice: each row is entered once and told as it is, every time."""

from __future__ import annotations

import random
from collections import defaultdict
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, TypeVar

import pytest

from payments.domain.batch import BatchStatus
from tests.fakes import Act, Faults, ProcessDied
from tests.unit.batch_site import HEADER, BatchSite, is_over

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from payments.domain.batch import Batch, BatchObject, ByteRange

RUNS = 200
EXECUTIONS = 3
MOST_EXECUTIONS = 20
LINES_PER_RANGE = 5

Answer = TypeVar("Answer")


class Happenings(Faults):
    """Lets whoever has an effect die, or lets others get in between, right before or right after the effect."""

    def __init__(self, chance: random.Random, *, deaths: int) -> None:
        super().__init__()
        self.intrusion: Callable[[], object] = lambda: None
        self.deaths_left = deaths
        self.deaths: set[str] = set()
        self._chance = chance
        self._deadliness = chance.choice([0.03, 0.1, 0.4])
        self._intruding = False

    def around(self, name: str, effect: Callable[[], Answer]) -> Answer:
        self._happen(name)
        answer = effect()
        self._happen(name)
        return answer

    def _happen(self, name: str) -> None:
        if self._chance.random() < 0.2 and not self._intruding:
            self._intruding = True
            try:
                self.intrusion()
            finally:
                self._intruding = False
        if self.deaths_left and self._chance.random() < self._deadliness:
            self.deaths_left -= 1
            self.deaths.add(name)
            raise ProcessDied(name)


@dataclass(frozen=True)
class File:
    """A file, and what must come of its lines: ``good`` has the id and amount of each good one, by line.

    Of good lines with one id any, but only one, is entered. A line without an id has an empty one, and an own payment.
    """

    content: bytes
    good: dict[int, tuple[str, Decimal]]
    bad: frozenset[int]


def file_of(chance: random.Random, *, repeats_anywhere: bool) -> File:
    """Return a file of good rows, rows without an id, bad rows, empty lines and repeats.

    A repeat follows what it repeats in the same range, or stands anywhere: then the order of children decides.
    """
    lines: list[bytes] = []
    good: dict[int, tuple[str, Decimal]] = {}
    bad: set[int] = set()
    for line in range(2, chance.randrange(15, 35)):
        kind = chance.choice(["good", "good", "good", "no id", "bad", "empty", "repeat", "other"])
        payment_id, amount = f"row-{line}", Decimal(chance.randrange(100, 9000)) / 100
        earlier = [before for before, (id_, _) in good.items() if id_ and (repeats_anywhere or before == line - 1)]
        if kind in {"repeat", "other"} and earlier and (repeats_anywhere or not starts_range(line)):
            payment_id, amount = good[chance.choice(earlier)]
            amount += 0 if kind == "repeat" else 1
        if kind == "empty":
            lines.append(b"")
        elif kind == "bad":
            lines.append(chance.choice([b"row,1.00", b'row-x,1.00,EUR,,"a"b', b"row-y,-1,EUR,,", b"\xff,1,EUR,,"]))
            bad.add(line)
        else:
            payment_id = "" if kind == "no id" else payment_id
            lines.append(f"{payment_id},{amount},EUR,,".encode())
            good[line] = payment_id, amount
    return File(HEADER + b"\n".join(lines), good, frozenset(bad))


def starts_range(line: int) -> bool:
    return (line - 2) % LINES_PER_RANGE == 0


class Trial:
    """Executions of one file that get into each other's way until one completes it."""

    def __init__(self, seed: int, content: bytes) -> None:
        self._chance = random.Random(seed)  # noqa: S311 - a test's dice
        self.happenings = Happenings(self._chance, deaths=self._chance.randrange(12))
        self.site = BatchSite(faults=self.happenings, lines_per_range=LINES_PER_RANGE)
        self.source: BatchObject = self.site.upload(content)
        self._running: list[Iterator[None]] = []
        self._inside: list[Iterator[None]] = []
        self.happenings.intrusion = self._somebody_else

    def run(self) -> Batch:
        """Start executions, one over the other, and another whenever all have failed; return the batch once completed.

        Payments are charged meanwhile: a range that is read again may meet them at their end.
        """
        self._running = [self._execution() for _ in range(self._chance.randrange(1, EXECUTIONS + 1))]
        for _ in range(MOST_EXECUTIONS):
            while self._running:
                self._go_on(self._chance.choice(self._running))
                self._charge_some()
            if self.site.batch_of(self.source).status is not BatchStatus.FAILED:
                break
            self._running.append(self._execution())
        return self.site.batch_of(self.source)

    def settle(self) -> Batch:
        """Charge every payment, while the settler looks again and again and dies of it; return the batch at its end."""
        self.happenings.deaths_left = 5
        for _ in range(200):
            if is_over(self.site.batch_of(self.source)):
                break
            self.site.clock.move(timedelta(minutes=1))
            self._charge_some()
            with suppress(ProcessDied):
                self.site.settle()
        return self.site.batch_of(self.source)

    def _charge_some(self) -> None:
        for payment in self.site.open_payments():
            if self._chance.random() < 0.2:
                self.site.gateway.acts.append(self._chance.choice([Act.APPROVE, Act.DECLINE, Act.REFUSE]))
                self.site.charge(payment.payment_id)

    def _execution(self) -> Iterator[None]:
        return self.site.execution(self.source, order=self._any_order_and_some_twice)

    def _any_order_and_some_twice(self, parts: list[ByteRange]) -> Sequence[ByteRange]:
        twice = [part for part in parts if self._chance.random() < 0.2]
        return self._chance.sample([*parts, *twice], len(parts) + len(twice))

    def _go_on(self, execution: Iterator[None]) -> None:
        self._inside.append(execution)
        try:
            next(execution)
        except StopIteration:
            self._running.remove(execution)
        finally:
            self._inside.remove(execution)

    def _somebody_else(self) -> None:
        others = [each for each in self._running if each not in self._inside]
        if others:
            self._go_on(self._chance.choice(others))


def assert_exact(trial: Trial, file: File, batch: Batch) -> None:
    """Hold the table, the report and the counts of a completed batch against the file."""
    entered = trial.site.entered()
    created = [new.payment_id for old, new in trial.site.payments.changes if old is None]
    assert len(created) == len(set(created)) == len(entered)
    assert all(payment.batch_id == batch.batch_id for payment in entered.values())
    rows_of_one_payment: defaultdict[str, set[int]] = defaultdict(set)
    for line, (payment_id, _) in file.good.items():
        rows_of_one_payment[payment_id or str(line)].add(line)
    assert all(len(lines & entered.keys()) == 1 for lines in rows_of_one_payment.values())
    assert len(entered) == len(rows_of_one_payment)
    for payment in entered.values():
        payment_id, amount = file.good[payment.batch_line or 0]
        assert payment.payment_id == payment_id or not payment_id
        assert payment.amount == amount

    reported = [int(line.split(",")[0]) for line in trial.site.report(batch)]
    assert reported == sorted(file.bad | file.good.keys() - entered.keys())

    assert batch.counts is not None
    assert batch.rows == batch.counts.received == len(file.good) + len(file.bad)
    assert (batch.counts.accepted, batch.counts.rejected) == (len(entered), len(reported))
    assert sum(batch.counts.totals.values()) == sum(payment.amount for payment in entered.values())


def assert_settled(trial: Trial, batch: Batch) -> None:
    """Hold the settled counts against the table."""
    assert batch.status is BatchStatus.SETTLED
    standing = [payment.status for payment in trial.site.payments.payments.values()]
    assert {status: count for status, count in batch.settled.items() if count} == {
        status: standing.count(status) for status in set(standing)
    }
    assert batch.counts is not None
    assert sum(batch.settled.values()) == batch.counts.accepted
    assert batch.due_at is None


@pytest.mark.parametrize("seed", range(RUNS))
def test_whatever_happens_rows_are_entered_once_and_reported_and_counted_exactly(seed: int) -> None:
    """Defect: Batch. Defect: Blind and double writes. Defect: Records lost quietly."""
    file = file_of(random.Random(seed), repeats_anywhere=bool(seed % 2))  # noqa: S311 - a test's dice
    trial = Trial(seed, file.content)
    batch = trial.run()
    assert_exact(trial, file, batch)

    if not seed % 2:
        undisturbed = BatchSite(lines_per_range=LINES_PER_RANGE)
        calm = undisturbed.paid(file.content)
        assert trial.site.work.reports == undisturbed.work.reports
        assert (batch.counts, batch.rejected_key) == (calm.counts, calm.rejected_key)
        assert {line: payment.payment_id for line, payment in trial.site.entered().items()} == {
            line: payment.payment_id for line, payment in undisturbed.entered().items()
        }

    assert_settled(trial, trial.settle())
    assert all(trial.site.gateway.taken.count(payment_id) <= 1 for payment_id in trial.site.payments.payments)


def test_the_trials_kill_at_every_effect_and_fail_whole_executions_too() -> None:
    """Without deaths everywhere the runs above would prove nothing."""
    deaths: set[str] = set()
    failed = 0
    for seed in range(RUNS):
        trial = Trial(seed, file_of(random.Random(seed), repeats_anywhere=False).content)  # noqa: S311 - a test's dice
        trial.run()
        deaths |= trial.happenings.deaths
        failed += BatchStatus.FAILED in trial.site.batches.statuses
    assert deaths >= {
        "create batch",
        "advance batch",
        "write manifest",
        "enter rows",
        "write rejected",
        "write outcome",
        "write report",
    }
    assert failed >= 3
