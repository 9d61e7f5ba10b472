"""The reconciler, from a tick of the schedule to what operators read."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from functions.reconciler import handler as reconciler
from functions.reconciler.handler import DAYS, Ports
from payments.domain.errors import GatewayAmbiguous
from payments.domain.payment import Status
from payments.runtime import telemetry
from tests.fakes import FakeClock, FakeMeasurements, FakeStore, FakeTokens
from tests.samples import START, accepted, as_requested, claimed
from tests.unit.handlers.conftest import counted
from tests.unit.handlers.events import sample
from tests.unit.ledgers import Books, approved

if TYPE_CHECKING:
    from collections.abc import Callable

    from aws_lambda_powertools.utilities.typing import LambdaContext

    from tests.unit.handlers.conftest import Line

SIMULATOR = {"GATEWAY": "simulator", "GATEWAY_LEDGER_TABLE": "payments-gateway-ledger-test"}
HTTP = {
    "GATEWAY": "http",
    "GATEWAY_URL": "https://gateway.example",
    "GATEWAY_SECRET_ARN": "arn:aws:secretsmanager:us-east-1:123456789012:secret:gateway",
    "GATEWAY_TIMEOUT_SECONDS": "10",
}


@pytest.fixture
def books() -> Books:
    return Books()


@pytest.fixture
def store() -> FakeStore:
    store = FakeStore()
    store.payments["pay-1"] = claimed(as_requested(accepted("pay-1")))
    return store


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock(START + timedelta(days=1))


@pytest.fixture
def run(
    books: Books, store: FakeStore, clock: FakeClock, context: LambdaContext, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., None]:
    ports = Ports(
        ledger=books, payments=store, store=store, clock=clock, tokens=FakeTokens(), measure=FakeMeasurements()
    )
    monkeypatch.setattr(reconciler, "aws_ports", lambda: ports)
    return lambda **event: reconciler.handler({**sample("schedule"), **event}, context)


def test_a_tick_compares_the_last_whole_days_the_latest_first(
    run: Callable[..., None], printed: Callable[[], list[Line]]
) -> None:
    run()
    lines = printed()
    assert [line["day"] for line in lines] == ["2026-11-22", "2026-11-21", "2026-11-20"]
    assert len(lines) == DAYS
    assert lines[0] | {"message": "reconciled", "charges": 0, "payments": 1, "tick": "2026-11-22T03:36:00Z"} == lines[0]


def test_what_is_certain_is_settled_and_the_rest_is_told_with_both_sides(
    run: Callable[..., None], books: Books, store: FakeStore, printed: Callable[[], list[Line]]
) -> None:
    books.enter("pay-1", approved())
    books.enter("nobody", approved("ch-2"))
    run()
    assert store.get("pay-1").status is Status.SUCCEEDED
    told, summary, *_ = printed()
    assert (told["level"], told["message"], told["day"]) == ("WARNING", "discrepancy", "2026-11-22")
    assert (told["discrepancy"], told["payment_id"], told["charge"]) == ("charge_without_payment", "nobody", "ch-2")
    assert (summary["charges"], summary["settled"], summary["discrepancies"]) == (2, 1, 1)


def test_a_charge_is_looked_at_on_as_many_mornings_as_a_run_has_days(
    run: Callable[..., None], books: Books, clock: FakeClock, printed: Callable[[], list[Line]]
) -> None:
    books.enter("nobody", approved())
    told = 0
    for _ in range(DAYS + 1):
        run()
        told += sum(line["message"] == "discrepancy" for line in printed())
        clock.move(timedelta(days=1))
    assert told == DAYS


def test_an_operator_can_have_one_day_compared(run: Callable[..., None], printed: Callable[[], list[Line]]) -> None:
    run(day="2026-01-02")
    (line,) = printed()
    assert line["day"] == "2026-01-02"


@pytest.mark.parametrize("day", ["2026-13-01", "yesterday", ""])
def test_what_is_no_day_raises(run: Callable[..., None], day: str) -> None:
    with pytest.raises(ValueError, match=r"isoformat|month"):
        run(day=day)


def test_a_gateway_that_cannot_tell_raises_so_that_errors_rises(run: Callable[..., None], books: Books) -> None:
    """Defect: Dead alarms."""
    books.enter("pay-1", approved())
    books.lists_only = 0
    with pytest.raises(ExceptionGroup, match=r"2026-11-22: GatewayAmbiguous") as raised:
        run()
    assert raised.group_contains(GatewayAmbiguous)


def test_a_day_that_cannot_be_compared_keeps_no_other_from_being_compared(
    run: Callable[..., None], books: Books, store: FakeStore, printed: Callable[[], list[Line]]
) -> None:
    """Defect: Dead alarms."""
    books.enter("nobody", approved(), approved("ch-2"))
    books.enter("pay-1", approved(), at=START - timedelta(days=1))
    books.lists_only = 1
    with pytest.raises(ExceptionGroup) as raised:
        run()
    assert len(raised.value.exceptions) == 1
    assert "2026-11-21" not in raised.value.message
    assert store.get("pay-1").status is Status.SUCCEEDED
    told = [(line["message"], line["day"]) for line in printed() if line["message"] != "discrepancy"]
    assert told == [("not reconciled", "2026-11-22"), ("reconciled", "2026-11-21"), ("reconciled", "2026-11-20")]


def test_a_discrepancy_is_counted_before_it_is_told(
    books: Books, store: FakeStore, clock: FakeClock, printed: Callable[[], list[Line]]
) -> None:
    """Defect: Dead alarms."""
    books.enter("nobody", approved())
    measure = telemetry.EmittedMetrics()
    reconciler.react(
        {"day": "2026-11-22"},
        Ports(ledger=books, payments=store, store=store, clock=clock, tokens=FakeTokens(), measure=measure),
    )
    lines = printed()
    assert counted(lines[:1]) == {"LedgerDiscrepancies": 1}
    assert lines[1]["message"] == "discrepancy"


@pytest.mark.parametrize("gateway", [SIMULATOR, HTTP], ids=["simulator", "http"])
def test_the_connection_is_made_of_the_functions_variables(
    gateway: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    variables = {"PAYMENTS_TABLE": "payments-payments-test", "GATEWAY_KEY_RETENTION_SECONDS": "86400", **gateway}
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert reconciler.aws_ports.__wrapped__()
