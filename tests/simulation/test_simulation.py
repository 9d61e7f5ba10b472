"""Many payments, any interleaving, trouble everywhere: every promise holds, and what is counted was really done."""

from __future__ import annotations

import itertools
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.simulation.damage import Damage
from tests.simulation.mishaps import Fault
from tests.simulation.promises import ALL_PROMISES
from tests.simulation.result import Result, Violation, result_of, results_of
from tests.simulation.run import PAYMENTS_PER_RUN, Run

PARTS, RUNS_PER_PART = 4, 6
RUNS_THAT_MEET_ALL = 40
ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("part", range(PARTS))
def test_whatever_happens_to_many_payments_at_once_every_promise_is_kept(part: int) -> None:
    result = results_of(range(part * RUNS_PER_PART, (part + 1) * RUNS_PER_PART))
    assert result.violations == ()
    assert result.payments > 100
    assert result.injected > 500


def test_a_run_meets_faults_of_every_kind_and_payments_of_every_end() -> None:
    """Without trouble everywhere the runs above would prove nothing."""
    result = results_of(range(RUNS_THAT_MEET_ALL))
    assert {fault for fault in Fault if not result.faults.get(str(fault))} == set()
    assert result.statuses.keys() == {"succeeded", "declined", "failed", "needs_review"}
    assert result.statuses["succeeded"] > result.payments / 3


def test_workers_get_in_between_any_two_steps_of_each_other() -> None:
    run = Run(1, payments=PAYMENTS_PER_RUN, is_traced=True)
    result_of(run)
    steps = [line.split("  ")[1].strip() for line in run.site.trace.lines if "  " in line]
    consumers = [step for step in steps if "consumer" in step]
    changes_of_turn = sum(1 for one, other in itertools.pairwise(consumers) if one != other)
    assert changes_of_turn > len(set(consumers)) * 1.5


def test_a_seed_gives_the_same_run_step_by_step_in_another_process_too() -> None:
    told = [_told("--seed", "7", hash_seed=hash_seed) for hash_seed in ("1", "2")]
    assert told[0] == told[1]
    assert "0 violations" in told[0]
    run = Run(7, payments=PAYMENTS_PER_RUN, is_traced=True)
    result_of(run)
    assert told[0].startswith("\n".join(run.site.trace.lines))


def test_a_failing_seed_is_told_from_one_command_with_the_step_at_which_it_broke() -> None:
    told = _told("--seed", "0", "--mutant", "ignores approvals", status=1)
    assert "!! is_never_charged_without_its_approval" in told
    assert "tell it: .venv/bin/python -m tests.simulation --seed 0 --mutant 'ignores approvals'" in told


def test_the_result_prints_as_json() -> None:
    said = json.loads(_told("--runs", "2", "--no-mutants", "--json", "--processes", "1"))
    assert said["runs"] == 2
    assert said["violations"] == []
    assert said["faults"]["total"] == sum(said["faults"]["by_kind"].values())
    assert said["mutants"] == {"total": 0, "caught": 0, "caught_by": {}, "never_broken": []}
    assert said["dishonesties"] == {}
    assert len(said["promises"]) == len(ALL_PROMISES)


def test_results_add_up() -> None:
    one, other = results_of([1]), results_of([2])
    both = one + other
    assert (both.runs, both.payments) == (2, one.payments + other.payments)
    assert both.injected == one.injected + other.injected
    assert both + Result() == both


ALL_BROKEN = {"any": tuple(ALL_PROMISES)}


@pytest.mark.parametrize(
    ("result", "is_as_promised"),
    [
        (Result(), True),
        (Result(mutants=ALL_BROKEN), True),
        (Result(mutants=ALL_BROKEN | {"other": ()}), False),
        (Result(mutants={"any": tuple(ALL_PROMISES - {"comes_to_rest"})}), False),
        (Result(violations=(Violation(1, "comes_to_rest", "", "", ""),)), False),
        (Result(dishonesties={"any": Damage(frozenset(), frozenset({"comes_to_rest"}), (), "")}), False),
    ],
)
def test_a_result_is_as_promised_only_where_nothing_broke_but_what_mistakes_must_break(
    result: Result, *, is_as_promised: bool
) -> None:
    assert result.is_as_promised is is_as_promised


def test_a_run_refuses_to_note_that_something_broke_which_nobody_promised() -> None:
    with pytest.raises(ValueError, match="nobody promised good_weather"):
        Run(1, payments=1).broken("good_weather", "", "it rains")


@pytest.mark.parametrize("fault", [Fault.FAST_CLOCK, Fault.SLOW_CLOCK])
def test_a_wrong_clock_is_counted_once_a_run_however_many_workers_have_it(fault: Fault) -> None:
    counts = [results_of([seed]).faults.get(str(fault), 0) for seed in range(12)]
    assert set(counts) == {0, 1}


def _told(*arguments: str, hash_seed: str = "0", status: int = 0) -> str:
    done = subprocess.run(  # noqa: S603 - the project's own command
        [sys.executable, "-m", "tests.simulation", *arguments],
        cwd=ROOT,
        env={**os.environ, "PYTHONHASHSEED": hash_seed},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == status, done.stderr
    return done.stdout
