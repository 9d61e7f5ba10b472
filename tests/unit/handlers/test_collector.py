"""The collector, from the number of ranges to what all of them came to."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from functions.collector import handler as collector
from functions.collector.handler import Ports
from payments.domain.batch import RowCounts
from payments.domain.errors import OutcomeMissing
from tests.batch_fakes import FakeWorkFiles
from tests.unit.handlers.events import Event, sample

if TYPE_CHECKING:
    from collections.abc import Callable

    from aws_lambda_powertools.utilities.typing import LambdaContext

BATCH_ID = sample("workflow_collect")["batch_id"]


@pytest.fixture
def work() -> FakeWorkFiles:
    return FakeWorkFiles()


@pytest.fixture
def collect(work: FakeWorkFiles, context: LambdaContext, monkeypatch: pytest.MonkeyPatch) -> Callable[[int], Event]:
    monkeypatch.setattr(collector, "aws_ports", lambda: Ports(work=work))

    def collected(ranges: int) -> Event:
        answer = collector.handler({**sample("workflow_collect"), "ranges": ranges}, context)
        event: Event = json.loads(json.dumps(answer))
        return event

    return collected


def leave(work: FakeWorkFiles, number: int, *, total: str, rejected: int) -> None:
    counts = RowCounts(received=2 + rejected, accepted=2, rejected=rejected, totals={"EUR": Decimal(total)})
    work.write_rejected(BATCH_ID, number, ["3,,amount,must be greater than zero\n"] * rejected)
    work.write_outcome(BATCH_ID, number, counts)


def test_what_the_ranges_came_to_is_added_up_exactly(collect: Callable[[int], Event], work: FakeWorkFiles) -> None:
    """Defect: Floats."""
    for number, total in enumerate(("0.10", "0.20", "0.30")):
        leave(work, number, total=total, rejected=number % 2)
    assert collect(3) == {
        "received": 7,
        "accepted": 6,
        "rejected": 1,
        "totals": {"EUR": "0.60"},
        "rejected_key": f"rejected/{BATCH_ID}.csv",
    }
    assert work.reports[f"rejected/{BATCH_ID}.csv"].count("\n") == 2


def test_where_nothing_was_rejected_there_is_no_report(collect: Callable[[int], Event], work: FakeWorkFiles) -> None:
    leave(work, 0, total="1.00", rejected=0)
    assert collect(1)["rejected_key"] is None
    assert work.reports == {}


def test_a_file_without_rows_comes_to_nothing(collect: Callable[[int], Event]) -> None:
    assert collect(0) == {"received": 0, "accepted": 0, "rejected": 0, "totals": {}, "rejected_key": None}


def test_a_range_that_is_missing_is_an_error(collect: Callable[[int], Event], work: FakeWorkFiles) -> None:
    """Defect: Records lost quietly."""
    leave(work, 0, total="1.00", rejected=0)
    with pytest.raises(OutcomeMissing):
        collect(2)


def test_the_connection_is_made_of_the_functions_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BATCH_BUCKET", "payments-batch-test")
    assert collector.aws_ports.__wrapped__()
