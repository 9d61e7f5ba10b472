"""The project's own commands, and its tests, as processes that answer in time or are ended."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from tests.proof.rows import SHOWN, Mark, NoAnswerError, Row, row

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

ROOT = Path(__file__).parents[2]
LONGEST_MINUTES = 45
SECONDS_TO_CLEAN_UP = 120
"""How long a process that is told to end may take to take down what it started."""
CHARACTERS_SHOWN = 2000


class Done(NamedTuple):
    """How a process ended, and what it printed."""

    status: int
    stdout: str
    stderr: str

    @property
    def end(self) -> str:
        """The end of what it printed."""
        return (self.stdout + self.stderr)[-CHARACTERS_SHOWN:]


def asked(module: str, *arguments: str, minutes: float = LONGEST_MINUTES) -> dict[str, Any]:
    """Return the JSON object that ``python -m module --json`` prints.

    Raises:
        NoAnswerError: it printed none, or was not done in ``minutes``.
    """
    done = run("-m", module, *arguments, "--json", minutes=minutes)
    try:
        answer: dict[str, Any] = json.loads(done.stdout)
    except ValueError as error:
        raise NoAnswerError(f"{module} gave no result, exit status {done.status}:\n{done.end}") from error
    return answer


def rows_of_tests(parts: Mapping[str, Sequence[str]], *, minutes: float = LONGEST_MINUTES) -> list[Row]:
    """Return a row for each of ``parts``, files or folders of tests, all run by one pytest but for the long ones.

    Raises:
        NoAnswerError: there is no report, or it was not done in ``minutes``.
    """
    paths = [path for part in parts.values() for path in part]
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.xml"
        options = ("-q", "-p", "no:cacheprovider", "-m", "not long", f"--junitxml={report}")
        done = run("-m", "pytest", *options, *paths, minutes=minutes)
        if not report.is_file():
            raise NoAnswerError(f"pytest gave no report of {', '.join(parts)}, exit {done.status}:\n{done.end}")
        said = ET.parse(report).getroot()  # noqa: S314 - pytest's own file
    rows = [row_of(what, part, said) for what, part in parts.items()]
    if done.status and all(each.mark is not Mark.BROKEN for each in rows):
        rows.append(row("pytest", f"exit status {done.status}", kept=False, note=done.end))
    return rows


def row_of(what: str, paths: Sequence[str], report: ET.Element) -> Row:
    """Return what ``report`` says of the tests under ``paths``: kept where some passed and none failed."""
    cases = [case for case in report.iter("testcase") if _is_of(case, paths)]
    failed = [case for case in cases if case.find("failure") is not None or case.find("error") is not None]
    skips = [skip for case in cases if case not in failed for skip in case.findall("skipped")]
    passed = len(cases) - len(failed) - len(skips)
    found = f"{passed} passed, {len(failed)} failed, {len(skips)} skipped"
    reasons = "; ".join(sorted({skip.get("message", "") for skip in skips}))
    if failed:
        names = [f"{case.get('classname')}::{case.get('name')}" for case in failed[:SHOWN]]
        return row(what, found, kept=False, note="; ".join(names))
    if skips and not passed:
        return Row(what, found, Mark.SKIPPED, reasons)
    return row(what, found, kept=passed > 0, note=reasons)


def _is_of(case: ET.Element, paths: Sequence[str]) -> bool:
    # What could not be collected has no class, and its module for a name.
    name = (case.get("classname", "") or case.get("name", "")) + "."
    return any(name.startswith(path.removesuffix(".py").replace("/", ".") + ".") for path in paths)


def run(*arguments: str, minutes: float) -> Done:
    """Run this Python with ``arguments`` in a process group of its own, and return how it ended.

    Raises:
        NoAnswerError: it was not done in ``minutes``, and was ended.
    """
    process = subprocess.Popen(  # noqa: S603 - the project's own modules
        [sys.executable, *arguments],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        stdout, stderr = process.communicate(timeout=minutes * 60)
    except subprocess.TimeoutExpired:
        said = Done(-1, *_ended(process)).end
        command = " ".join(arguments[:3])
        raise NoAnswerError(f"{command} was not done in {minutes:g} minutes, and was ended:\n{said}") from None
    except BaseException:
        _ended(process)
        raise
    return Done(process.returncode, stdout, stderr)


def _ended(process: subprocess.Popen[str]) -> tuple[str, str]:
    """End ``process``, first as Ctrl-C does, so that it takes down what it started; return what it printed."""
    process.send_signal(signal.SIGINT)
    try:
        return process.communicate(timeout=SECONDS_TO_CLEAN_UP)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        return process.communicate()
