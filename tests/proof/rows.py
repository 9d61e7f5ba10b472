"""What one table shows: its rows, and what stands behind each mark."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


class Mark(Enum):
    """How a row ended. ``SKIPPED`` is what this machine can't show; it fails nothing, and its reason is told."""

    KEPT = "[green]✔[/]"
    BROKEN = "[red]✘[/]"
    SKIPPED = "[yellow]skipped[/]"


@dataclass(frozen=True)
class Row:
    """One line of the table: what was looked at, what was found, and whether it is as promised."""

    what: str
    found: str
    mark: Mark
    note: str = ""


@dataclass(frozen=True)
class Proof:
    """One part: its name, and what makes its rows."""

    name: str
    rows: Callable[[], Sequence[Row]]


class NoAnswerError(RuntimeError):
    """A part ended without the result it owes, or did not end; the message carries the end of what it printed."""


def row(what: str, found: str, *, kept: bool, note: str = "") -> Row:
    """Return a row that is kept or broken."""
    return Row(what, found, Mark.KEPT if kept else Mark.BROKEN, note)


def at_least(what: str, count: int, least: int, found: str = "") -> Row:
    """Return a row that is kept where ``count`` is ``least`` or more."""
    enough = count >= least
    short = "" if enough else f", and {least:,} are asked for"
    return row(what, f"{count:,}{found}{short}", kept=enough)


def none_of(what: str, found: Sequence[object] | int, *, note: str = "") -> Row:
    """Return a row that is kept where nothing was ``found``; its note tells the first that were."""
    if isinstance(found, int):
        return row(what, f"{found:,}", kept=found == 0, note=note if found else "")
    return row(what, f"{len(found):,}", kept=not found, note="; ".join(map(str, found[:SHOWN])))


SHOWN = 5
"""Of what went wrong, so many are told in a note."""


def rows_of(proof: Proof) -> Sequence[Row]:
    """Return the rows of ``proof``, or the one that says it gave none."""
    try:
        found = proof.rows()
    except NoAnswerError as error:
        return [row("result", "none", kept=False, note=str(error))]
    return found or [row("result", "none", kept=False, note="it had nothing to say")]


def exit_status(rows: Sequence[Row]) -> int:
    """Return 0 where something was looked at and nothing is otherwise than promised; 1 elsewhere."""
    return int(not rows or any(each.mark is Mark.BROKEN for each in rows))
