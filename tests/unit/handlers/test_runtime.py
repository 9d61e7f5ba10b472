"""What all handlers stand on: variables, metrics, the machine's clock, and an import that stays light."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID

import pytest

from payments.runtime import system
from payments.runtime.telemetry import EmittedMetrics
from payments.runtime.variables import VariablesRefused, variables
from tests.unit.handlers.conftest import counted

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.unit.handlers.conftest import Line

ROOT = Path(__file__).parents[3]
HEAVY = {"boto3", "pydantic", "aws_xray_sdk", "aws_lambda_powertools.event_handler", "jsonschema", "requests"}
WORKERS = sorted(path.parent.name for path in (ROOT / "functions").glob("*/handler.py"))


def test_variables_are_read_by_their_kind() -> None:
    with variables({"NAME": " text ", "AGE": "90", "KIND": "b", "BLANK": " "}) as env:
        assert env.text("NAME") == "text"
        assert env.optional_text("BLANK") is None
        assert env.optional_text("ABSENT") is None
        assert env.seconds("AGE") == timedelta(seconds=90)
        assert env.one_of("KIND", ("a", "b")) == "b"


@pytest.mark.parametrize("text", ["0", "-1", "1.5", "ten", "\u0661", "1e3"])
def test_a_span_that_is_no_whole_number_of_seconds_is_refused_with_what_was_got(text: str) -> None:
    with (
        pytest.raises(VariablesRefused, match="AGE must be a whole number of seconds above zero"),
        variables({"AGE": text}) as env,
    ):
        env.seconds("AGE")


def test_every_mistake_is_named_and_where_to_mend_it() -> None:
    def read() -> None:
        with variables({"KIND": "c", "AGE": " "}) as env:
            env.text("NAME")
            env.seconds("AGE")
            env.one_of("KIND", ("a", "b"))

    with pytest.raises(VariablesRefused) as refused:
        read()
    assert refused.value.problems == (
        "NAME is missing",
        "AGE is missing",
        "KIND must be one of a, b (got 'c')",
    )
    assert "payments_infra" in str(refused.value)


def test_a_mistake_says_more_than_what_failed_because_of_it() -> None:
    with pytest.raises(VariablesRefused, match="NAME is missing"), variables({}) as env:
        raise ValueError(f"{env.text('NAME')} is no address")


def test_what_fails_without_a_mistake_is_raised_as_it_is() -> None:
    with pytest.raises(ZeroDivisionError), variables({}):
        raise ZeroDivisionError


def test_a_metric_says_which_worker_of_which_environment_counted(
    monkeypatch: pytest.MonkeyPatch, printed: Callable[[], list[Line]]
) -> None:
    monkeypatch.setenv("POWERTOOLS_SERVICE_NAME", "processor")
    EmittedMetrics().count("PaymentsNeedingReview", 3)
    (line,) = printed()
    (directive,) = line["_aws"]["CloudWatchMetrics"]
    assert directive["Namespace"] == "Payments"
    assert [sorted(dimensions) for dimensions in directive["Dimensions"]] == [["environment", "service"]]
    assert (line["service"], line["environment"]) == ("processor", "test")
    assert counted([line]) == {"PaymentsNeedingReview": 3}


def test_zero_is_counted_too_for_an_alarm_knows_silence_from_health(printed: Callable[[], list[Line]]) -> None:
    EmittedMetrics().count("OpenPaymentsOverdue", 0)
    assert counted(printed()) == {"OpenPaymentsOverdue": 0}


def test_counts_of_many_threads_are_all_kept_apart(printed: Callable[[], list[Line]]) -> None:
    with ThreadPoolExecutor(10) as threads:
        list(threads.map(lambda _: EmittedMetrics().count("FailedRecords"), range(200)))
    assert counted(printed()) == {"FailedRecords": 200}


def test_the_clock_shows_utc_in_whole_milliseconds() -> None:
    before = datetime.now(UTC)
    now = system.now()
    assert now.tzinfo is UTC
    assert now.microsecond % 1000 == 0
    assert before - timedelta(milliseconds=1) < now <= datetime.now(UTC)


def test_tokens_are_uuids_of_version_seven_and_never_the_same() -> None:
    tokens = {system.new_token() for _ in range(1000)}
    assert len(tokens) == 1000
    assert {UUID(token).version for token in tokens} == {7}


@pytest.mark.parametrize("worker", WORKERS)
def test_importing_a_handler_reads_no_variable_and_loads_nothing_heavy(worker: str) -> None:
    """Every cold start pays for what is imported; an import that needs the environment hides what is missing."""
    program = (
        "import sys\n"
        f"from functions.{worker} import handler\n"
        f"print(sorted({HEAVY} & set(sys.modules)), callable(handler.handler))\n"
    )
    done = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-c", program],
        env={"PYTHONPATH": f"{ROOT}:{ROOT / 'layers/shared/python'}"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "[] True\n"
