"""The ingestor, from an entry of the map's manifest to the payments and the report it leaves."""

from __future__ import annotations

import json
import sys
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from functions.ingestor import handler as ingestor
from functions.ingestor.handler import Ports
from payments.domain.payment import Status
from payments.runtime.batch_events import source_in
from tests.batch_fakes import FakeIntake, FakeUploads, FakeWorkFiles
from tests.fakes import FakeClock, FakeStore
from tests.unit.handlers.events import Event, sample

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from aws_lambda_powertools.utilities.typing import LambdaContext

    from tests.unit.handlers.conftest import Line

FILE = b"payment_id,amount,currency\na-1,10.00,EUR\n4111111111111111,10.00,EUR\na-3,20.00,EUR\n"


@pytest.fixture
def store() -> FakeStore:
    return FakeStore()


@pytest.fixture
def work() -> FakeWorkFiles:
    return FakeWorkFiles()


@pytest.fixture
def ingest(
    store: FakeStore, work: FakeWorkFiles, context: LambdaContext, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Event]:
    def ingested(**changes: object) -> Event:
        event = {**sample("workflow_ingest"), "end": len(FILE), **changes}
        files = FakeUploads()
        files.objects[source_in(event)] = FILE
        ports = Ports(
            files=files,
            work=work,
            intake=FakeIntake(store),
            clock=FakeClock(),
            open_deadline=timedelta(hours=1),
        )
        monkeypatch.setattr(ingestor, "aws_ports", lambda: ports)
        return ingestor.handler(event, context)

    return ingested


def test_good_rows_become_payments_of_the_batch_and_bad_ones_lines_of_the_report(
    ingest: Callable[..., Event], store: FakeStore, work: FakeWorkFiles
) -> None:
    assert ingest() == {}
    batch_id = sample("workflow_ingest")["batch_id"]
    assert {(it.payment_id, it.batch_id, it.batch_line, it.status) for it in store.payments.values()} == {
        ("a-1", batch_id, 2, Status.ACCEPTED),
        ("a-3", batch_id, 4, Status.ACCEPTED),
    }
    assert work.rejected_written[batch_id, 0].startswith("3,")
    counts = work.outcomes_written[batch_id, 0]
    assert (counts.received, counts.accepted, counts.rejected) == (3, 2, 1)


def test_numbers_may_come_as_text(ingest: Callable[..., Event], store: FakeStore) -> None:
    ingest(number="0", start="27", end=str(len(FILE)), first_line="2")
    assert sorted(store.payments) == ["a-1", "a-3"]


def test_a_dry_run_enters_nothing(ingest: Callable[..., Event], store: FakeStore, work: FakeWorkFiles) -> None:
    ingest(key="incoming/dry-run/a.csv", dry_run=True)
    assert store.payments == {}
    assert work.outcomes_written[sample("workflow_ingest")["batch_id"], 0].accepted == 2


def test_no_line_of_the_log_holds_anything_of_a_row(
    ingest: Callable[..., Event], printed: Callable[[], list[Line]]
) -> None:
    """Defect: Open doors: card numbers printed."""
    ingest()
    (line,) = printed()
    assert (line["message"], line["accepted"], line["rejected"]) == ("ingested", 2, 1)
    for content in ("4111", "a-1", "10.00"):
        assert content not in json.dumps(line)


@pytest.fixture
def usual_turn_seconds() -> Iterator[float]:
    """Let threads take turns as Python has it by itself, whoever changed that before."""
    before, usual = sys.getswitchinterval(), 0.005
    sys.setswitchinterval(usual)
    yield usual
    sys.setswitchinterval(before)


def test_the_connection_is_made_of_the_functions_variables_and_its_threads_take_short_turns(
    monkeypatch: pytest.MonkeyPatch, usual_turn_seconds: float
) -> None:
    monkeypatch.setenv("BATCH_BUCKET", "payments-batch-test")
    monkeypatch.setenv("PAYMENTS_TABLE", "payments-payments-test")
    monkeypatch.setenv("OPEN_DEADLINE_SECONDS", "3600")
    assert ingestor.aws_ports.__wrapped__()
    assert sys.getswitchinterval() < usual_turn_seconds / 5
