"""The proofs of the promise, each a command of its own, and what its answer says."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ET
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Row:
    """One line of the table: what was looked at, what was found, and whether it is as promised."""

    what: str
    found: str
    kept: bool
    note: str = ""


@dataclass(frozen=True)
class Proof:
    """One part: its name, and what makes its rows."""

    name: str
    rows: Callable[[], Sequence[Row]]


class NoAnswerError(RuntimeError):
    """A part ended without the result it owes; the message carries the end of what it printed."""


def asked(module: str, *arguments: str) -> dict[str, Any]:
    """Return the JSON object that ``python -m module --json`` prints.

    Raises:
        NoAnswerError: it printed none.
    """
    done = _run("-m", module, *arguments, "--json")
    try:
        answer: dict[str, Any] = json.loads(done.stdout)
    except ValueError as error:
        raise NoAnswerError(f"{module} gave no result:\n{(done.stdout + done.stderr)[-2000:]}") from error
    return answer


def tested(what: str, *arguments: str) -> Row:
    """Return a row for the tests that pytest finds by ``arguments``: kept where some passed and none failed."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.xml"
        done = _run("-m", "pytest", "-q", "-p", "no:cacheprovider", f"--junitxml={report}", *arguments)
        if not report.is_file():
            raise NoAnswerError(f"pytest gave no report of {what}:\n{(done.stdout + done.stderr)[-2000:]}")
        suites = list(ET.parse(report).getroot().iter("testsuite"))  # noqa: S314 - pytest's own file
    total, failures, errors, skipped = (
        sum(int(suite.get(name, 0)) for suite in suites) for name in ("tests", "failures", "errors", "skipped")
    )
    failed = failures + errors
    reasons = {skip.get("message", "") for suite in suites for skip in suite.iter("skipped")}
    passed = total - failed - skipped
    found = f"{passed} passed, {failed} failed, {skipped} skipped"
    return Row(what, found, kept=passed > 0 and failed == 0, note="; ".join(sorted(reasons)))


def _run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, *arguments], cwd=ROOT, check=False, capture_output=True, text=True)  # noqa: S603 - the project's own modules


def money() -> list[Row]:
    """Simulate payments under faults, and put mistakes in that must be caught."""
    said = asked("tests.simulation", "--long")
    faults, violations, mutants = said["faults"]["total"], said["violations"], said["mutants"]
    return [
        Row("simulated payments", f"{said['payments']:,} in {said['runs']:,} runs", kept=said["payments"] > 0),
        Row("faults injected", f"{faults:,} of {len(said['faults']['by_kind'])} kinds", kept=faults > 0),
        Row("violations", f"{len(violations)}", kept=not violations, note="; ".join(map(str, violations[:3]))),
        Row(
            "mutants caught",
            f"{mutants['caught']} of {mutants['total']}",
            kept=0 < mutants["total"] == mutants["caught"],
        ),
    ]


def hostile() -> list[Row]:
    """Send hostile inputs to the HTTP boundary and to the reader of files."""
    said = asked("tests.hostile", "--inputs", "100000")
    return [
        Row("hostile inputs", f"{said['inputs']:,}, {said['refusals']:,} refused", kept=said["inputs"] > 0),
        Row("answers 5xx", f"{said['server_errors']}", kept=said["server_errors"] == 0),
        Row("exceptions nobody handled", f"{said['unhandled']}", kept=said["unhandled"] == 0),
        Row("traces of what was refused", f"{said['traces']}", kept=said["traces"] == 0),
        Row("refusals that name no field", f"{said['faulty']}", kept=said["faulty"] == 0),
    ]


def privilege() -> list[Row]:
    """Take every permission and every connection out, one at a time."""
    said = asked("tests.infra.policy_mutation")
    unenforced = "; ".join(each["what"] for each in said["not_enforced_locally"])
    return [
        Row("policies and connections taken out", f"{said['mutants']:,}", kept=said["mutants"] > 0),
        Row(
            "of these noticed",
            f"{said['found']:,} ({said['score']:.2%})",
            kept=said["found"] == said["mutants"],
            note=f"held by static checks, as the embedded AWS does not enforce them: {unenforced}",
        ),
    ]


def files() -> list[Row]:
    """Run files through functions that die, with executions that overlap."""
    return [tested("200 runs over files, functions dying", "tests/unit/test_batch_crashes.py")]


def deployed() -> list[Row]:
    """Deploy to the embedded AWS, kill workers, send what the description allows and forbids, search what is left."""
    return [
        tested(
            "the deployed system under faults and hostile requests",
            "tests/e2e/test_faults.py",
            "tests/e2e/test_description.py",
            "tests/e2e/test_left_behind.py",
        )
    ]


def network() -> list[Row]:
    """Boot the NAT instance's own script in network namespaces."""
    return [tested("the NAT instance in network namespaces", "tests/e2e/test_nat_namespaces.py")]


def scanners() -> list[Row]:
    """Let scanners read the code, the synthesized stack, its policies and its locks."""
    return [tested("scanners, findings all explained", "tests/scanners")]


PROOFS = (
    Proof("Money safety under faults", money),
    Proof("Files of payments", files),
    Proof("Hostile input", hostile),
    Proof("Least privilege", privilege),
    Proof("Scanners", scanners),
    Proof("The NAT instance", network),
    Proof("On the embedded AWS", deployed),
)
