"""The planner and the ingestor, and what must hold of every file they read."""

from __future__ import annotations

import csv
import io
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from functions.ingestor import handler as ingestor
from functions.planner import handler as planner
from payments.domain.batch import BatchObject
from payments.domain.errors import BatchRefused
from tests.batch_fakes import FakeIntake, FakeUploads, FakeWorkFiles
from tests.fakes import FakeClock, FakeStore
from tests.hostile import material
from tests.hostile.files import FORMULA_STARTS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.hostile.files import HostileFile


class FileSite:
    """The planner and the ingestor on in-memory ports."""

    def __init__(self, content: bytes) -> None:
        self.source = BatchObject(bucket="batches", key="incoming/payments.csv", version="1")
        self.store = FakeStore()
        self.work = FakeWorkFiles()
        files = FakeUploads(piece_bytes=4_096)
        files.objects[self.source] = content
        self._planner = planner.Ports(files=files, work=self.work)
        self._ingestor = ingestor.Ports(
            files=files,
            work=self.work,
            intake=FakeIntake(self.store),
            clock=FakeClock(),
            open_deadline=timedelta(hours=1),
        )

    def refusal(self) -> str | None:
        """Read the whole file, as the workflow does; return the reason where it is refused."""
        batch: dict[str, Any] = {"batch_id": "batch-1", "bucket": "batches", "key": self.source.key, "version": "1"}
        try:
            plan = planner.run(batch, self._planner)
        except BatchRefused as refused:
            return str(refused)
        for part in self.work.manifests[plan["manifest_key"]]:
            ingestor.run({**batch, **vars(part)}, self._ingestor)
        return None

    def report(self) -> list[list[str]]:
        """Return the rows of the reports on what was rejected."""
        return list(csv.reader(io.StringIO("".join(self.work.rejected_written.values()), newline="")))


def faults_of(file: HostileFile, site: FileSite, reason: str | None) -> Iterator[str]:
    """Yield what is wrong with what became of ``file``."""
    if (reason is not None) != file.is_refused:
        yield f"the file was{' not' if file.is_refused else ''} refused: {reason}"
    yield from _of_rows(file, site, reason)
    report = site.report()
    if any(cell.startswith(FORMULA_STARTS) for row in report for cell in row):
        yield "the report holds a formula"
    if any(len(row) != 4 or not row[3] for row in report):
        yield "a row of the report lacks its reason"


def traces_of(file: HostileFile, site: FileSite, reason: str | None, log: str) -> Iterator[str]:
    """Yield what was left behind of ``file`` and must not be."""
    if reason is not None and site.store.writes:
        yield "a refused file was entered"
    report = site.report()
    said = "\n".join([reason or "", log, *(cell for row in report for cell in row)])
    stored = [f"{payment.payment_id} {payment.description}" for payment in site.store.payments.values()]
    if file.mark in said:
        yield "the report, the reason or the log repeats a row"
    if any(card in material.digits_in(text) for card in file.cards for text in (*stored, *said.splitlines())):
        yield "a card number is kept"


def _of_rows(file: HostileFile, site: FileSite, reason: str | None) -> Iterator[str]:
    if reason is not None:
        return
    said = {int(row[0]) for row in site.report()}
    rows = sum(1 for line in file.lines if line)
    counts = site.work.outcomes_written.values()
    if said != file.rejected:
        yield f"lines {sorted(said ^ file.rejected)[:5]} were rejected and should not be, or the other way round"
    if sum(outcome.received for outcome in counts) != rows or len(site.store.payments) != rows - len(said):
        yield "rows were lost, or entered twice"
