"""The table can turn red: what is short, broken, silent or late makes the exit status 1; what is skipped says why."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from typing import TYPE_CHECKING, Any

import pytest

from tests.proof import commands, parts
from tests.proof.commands import ROOT, asked, rows_of_tests, run
from tests.proof.parts import PROOFS, of_hostile, of_privilege, of_scanners, of_simulation
from tests.proof.rows import Mark, NoAnswerError, Proof, Row, at_least, exit_status, none_of, row, rows_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    Reads = Callable[[Mapping[str, Any]], Iterable[Row]]

DISHONESTY = {"as_said": True, "costs": ["one"], "broken": ["one"], "held": ["two"], "beyond": [], "says": "Can: two."}
MUTANTS = {"total": 1, "caught": 1, "caught_by": {"ignores leases": ["one", "two"]}, "never_broken": []}
SIMULATION = {
    "promises": ["one", "two"],
    "runs": 400,
    "payments": 10_000,
    "faults": {"total": 50_000, "by_kind": {"death": 50_000}},
    "violations": [],
    "mutants": MUTANTS,
    "dishonesties": {"finds nothing": DISHONESTY},
}
VIOLATION = {"promise": "one", "about": "pay-1", "said": "it is lost", "command": "simulate --seed 7"}
HOSTILE = {
    "inputs": 100_000,
    "refusals": 90_000,
    "server_errors": 0,
    "unhandled": 0,
    "traces": 0,
    "faulty": 0,
    "faults": [],
    "command": "hostile --seed 1",
}
PRIVILEGE = {
    "mutants": 5,
    "found": 5,
    "score": 1.0,
    "survivors": [],
    "not_enforced_locally": [{"what": "trust policies", "why": "any role is taken"}],
}
SCANNED = {"found": 3, "accepted": 3, "unexplained": [], "needless": []}
SCANNERS = {"scanners": {"bandit": SCANNED}, "skipped": {}}
ANSWERS: dict[str, dict[str, Any]] = {
    "tests.simulation": SIMULATION,
    "tests.hostile": HOSTILE,
    "tests.infra.policy_mutation": PRIVILEGE,
    "tests.scanners": SCANNERS,
}


@pytest.mark.parametrize(
    ("read", "said"),
    [(of_simulation, SIMULATION), (of_hostile, HOSTILE), (of_privilege, PRIVILEGE), (of_scanners, SCANNERS)],
)
def test_what_is_as_promised_is_green(read: Reads, said: Mapping[str, Any]) -> None:
    rows = list(read(said))
    assert {each.mark for each in rows} == {Mark.KEPT}
    assert exit_status(rows) == 0


@pytest.mark.parametrize(
    ("read", "said", "otherwise", "what"),
    [
        (of_simulation, SIMULATION, {"payments": 9_999}, "payments"),
        (of_simulation, SIMULATION, {"runs": 0}, "runs"),
        (of_simulation, SIMULATION, {"faults": {"total": 49_999, "by_kind": {}}}, "faults injected"),
        (of_simulation, SIMULATION, {"violations": [VIOLATION]}, "violations"),
        (of_simulation, SIMULATION, {"violations": [VIOLATION]}, "invariants"),
        (of_simulation, SIMULATION, {"promises": []}, "invariants"),
        (of_simulation, SIMULATION, {"mutants": MUTANTS | {"caught": 0}}, "mutants caught"),
        (of_simulation, SIMULATION, {"mutants": MUTANTS | {"total": 0, "caught": 0}}, "mutants caught"),
        (
            of_simulation,
            SIMULATION,
            {"mutants": MUTANTS | {"never_broken": ["two"]}},
            "invariants that no mutant broke",
        ),
        (of_simulation, SIMULATION, {"dishonesties": {}}, "dishonest gateway"),
        (
            of_simulation,
            SIMULATION,
            {"dishonesties": {"finds nothing": DISHONESTY | {"as_said": False}}},
            "dishonest gateway: finds nothing",
        ),
        (of_hostile, HOSTILE, {"inputs": 99_999}, "hostile inputs"),
        (of_hostile, HOSTILE, {"server_errors": 1}, "answers 5xx"),
        (of_hostile, HOSTILE, {"unhandled": 1}, "exceptions nobody handled"),
        (of_hostile, HOSTILE, {"traces": 1}, "traces of what was refused"),
        (of_hostile, HOSTILE, {"faulty": 1, "faults": ["no pointer"]}, "faults of any kind, all told"),
        (of_privilege, PRIVILEGE, {"found": 4, "survivors": ["action removed"]}, "policy mutation score"),
        (of_privilege, PRIVILEGE, {"mutants": 0, "found": 0}, "policies and connections taken out"),
        (
            of_scanners,
            SCANNERS,
            {"scanners": {"bandit": SCANNED | {"unexplained": ["B301"]}}},
            "scanner findings: bandit",
        ),
        (of_scanners, SCANNERS, {"scanners": {"bandit": SCANNED | {"needless": ["B404"]}}}, "scanner findings: bandit"),
    ],
)
def test_what_is_short_or_broken_is_red(
    read: Reads, said: Mapping[str, Any], otherwise: Mapping[str, Any], what: str
) -> None:
    rows = list(read({**said, **otherwise}))
    assert what in {each.what for each in rows if each.mark is Mark.BROKEN}
    assert exit_status(rows) == 1


def test_what_was_violated_is_told_with_the_command_that_shows_it() -> None:
    (violations,) = (each for each in of_simulation({**SIMULATION, "violations": [VIOLATION]}) if "tell" in each.note)
    assert violations.note == "one: pay-1: it is lost; tell it: simulate --seed 7"
    faults = list(of_hostile({**HOSTILE, "faulty": 1, "faults": ["no pointer"]}))[-1]
    assert faults.note == "no pointer; again: hostile --seed 1"


def test_what_a_scanner_could_not_look_at_is_skipped_with_its_reason_and_fails_nothing() -> None:
    rows = list(of_scanners({**SCANNERS, "skipped": {"pip-audit over requirements.lock": "no route"}}))
    assert rows[-1] == Row("pip-audit over requirements.lock", "not looked at", Mark.SKIPPED, "no route")
    assert exit_status(rows) == 0


PASSED, FAILED = (
    '<testcase classname="tests.a" name="p"/>',
    '<testcase classname="tests.a" name="f"><failure/></testcase>',
)
SKIPPED = '<testcase classname="tests.a" name="s"><skipped message="not allowed here"/></testcase>'
UNREAD = '<testcase classname="" name="tests.a"><error message="collection failure"/></testcase>'


@pytest.mark.parametrize(
    ("cases", "mark", "found", "note"),
    [
        (PASSED, Mark.KEPT, "1 passed, 0 failed, 0 skipped", ""),
        (PASSED + FAILED, Mark.BROKEN, "1 passed, 1 failed, 0 skipped", "tests.a::f"),
        (SKIPPED, Mark.SKIPPED, "0 passed, 0 failed, 1 skipped", "not allowed here"),
        (PASSED + SKIPPED, Mark.KEPT, "1 passed, 0 failed, 1 skipped", "not allowed here"),
        (FAILED + SKIPPED, Mark.BROKEN, "0 passed, 1 failed, 1 skipped", "tests.a::f"),
        (UNREAD, Mark.BROKEN, "0 passed, 1 failed, 0 skipped", "::tests.a"),
        ("", Mark.BROKEN, "0 passed, 0 failed, 0 skipped", ""),
    ],
)
def test_tests_that_failed_or_are_missing_are_red_and_those_that_only_were_skipped_are_not(
    cases: str, mark: Mark, found: str, note: str
) -> None:
    suite = ET.fromstring(f"<testsuite>{cases}</testsuite>")  # noqa: S314 - written here
    assert commands.row_of("a", ["tests/a.py"], suite) == Row("a", found, mark, note)


def test_parts_run_by_one_pytest_have_a_row_each_of_their_own_tests() -> None:
    money, one_more = rows_of_tests({"money": ["tests/unit/test_money.py"], "keys": ["tests/unit/test_identifiers.py"]})
    assert (money.what, money.mark, one_more.what, one_more.mark) == ("money", Mark.KEPT, "keys", Mark.KEPT)
    assert money.found != one_more.found


def test_tests_that_are_not_there_are_red() -> None:
    rows = rows_of(Proof("gone", lambda: rows_of_tests({"gone": ["tests/unit/test_gone.py"]})))
    assert exit_status(rows) == 1


def test_a_command_that_gives_no_result_is_red_and_the_end_of_what_it_said_is_told() -> None:
    (only,) = rows_of(Proof("zen", lambda: [row("zen", str(asked("this")), kept=True)]))
    assert only.mark is Mark.BROKEN
    assert "this gave no result" in only.note
    assert "one honking great idea" in only.note


def test_a_process_that_is_not_done_in_time_is_ended_and_said_to_be_late() -> None:
    endless = "import sys, time; print('at work', flush=True); time.sleep(600)"
    with pytest.raises(NoAnswerError, match=r"(?s)was not done in 0\.02 minutes, and was ended:.*at work"):
        run("-c", endless, minutes=0.02)


def test_a_process_that_does_not_end_by_itself_is_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(commands, "SECONDS_TO_CLEAN_UP", 0.5)
    deaf = "import signal, time; signal.signal(signal.SIGINT, signal.SIG_IGN); time.sleep(600)"
    with pytest.raises(NoAnswerError, match="was not done"):
        run("-c", deaf, minutes=0.02)


def test_a_proof_that_says_nothing_is_red() -> None:
    assert exit_status(rows_of(Proof("silent", list))) == 1
    assert exit_status([]) == 1


@pytest.mark.parametrize(
    ("made", "mark"),
    [
        (at_least("runs", 2, 2), Mark.KEPT),
        (at_least("runs", 1, 2), Mark.BROKEN),
        (none_of("faults", []), Mark.KEPT),
        (none_of("faults", ["one"]), Mark.BROKEN),
        (none_of("faults", 0), Mark.KEPT),
        (none_of("faults", 1), Mark.BROKEN),
    ],
)
def test_a_count_is_held_against_what_is_asked_for(made: Row, mark: Mark) -> None:
    assert made.mark is mark


@pytest.fixture
def run_by_proofs(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """All that the proofs run: files and folders of tests, and the folders of commands."""
    seen: set[str] = set()

    def noted(parts: Mapping[str, list[str]], **_: object) -> list[Row]:
        seen.update(path for part in parts.values() for path in part)
        return []

    def answered(module: str, *_: object) -> Mapping[str, Any]:
        seen.add(module.replace(".", "/"))
        return ANSWERS[module]

    monkeypatch.setattr(parts, "rows_of_tests", noted)
    monkeypatch.setattr(parts, "asked", answered)
    for proof in PROOFS:
        proof.rows()
    return seen


def test_all_that_a_proof_names_is_there(run_by_proofs: set[str]) -> None:
    assert len(run_by_proofs) > 20
    assert [path for path in run_by_proofs if not (ROOT / path).exists()] == []


def test_all_that_the_guarantees_name_is_there_and_run(run_by_proofs: set[str]) -> None:
    named = set(re.findall(r"`(tests/[^` ]+)`", (ROOT / "docs" / "guarantees.md").read_text("utf-8")))
    assert len(named) > 20
    assert [path for path in named if not (ROOT / path).exists()] == []
    # A command of its own runs what this file runs in parts.
    ran = run_by_proofs | {"tests/infra/test_policy_mutation.py"}
    assert [path for path in sorted(named) if not any(path.startswith(each) for each in ran)] == []
