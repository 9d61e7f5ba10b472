"""Which dead letters a command works on, and how they are shown."""

import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from functools import wraps
from typing import Any

import click

from operations import screen
from operations.letters import Letter, Wanted
from operations.redrive import Outcome

_AGE = re.compile(r"(\d{1,6})([smhd])")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


def read_age(_context: object, _option: object, text: str | None) -> timedelta | None:
    """Return the age that ``text`` says: a number and s, m, h or d.

    Raises:
        click.BadParameter: it says none.
    """
    if text is None:
        return None
    found = _AGE.fullmatch(text)
    if not found:
        raise click.BadParameter(f"must be a number and s, m, h or d, such as 90m (got {text!r})")
    return timedelta(**{_UNITS[found[2]]: int(found[1])})


def choosing_letters(command: Callable[..., object]) -> Callable[..., object]:
    """Give ``command`` the options that say which letters are meant; it gets them as ``wanted`` and ``limit``."""

    @click.option("--reason", "reasons", multiple=True, help="Given up for this reason, as show names it; repeatable.")
    @click.option("--payment-id", "payment_ids", multiple=True, help="About this payment; repeatable.")
    @click.option("--older-than", callback=read_age, help="Sent longer ago than, for example, 90m or 2d.")
    @click.option("--newer-than", callback=read_age, help="Sent less long ago.")
    @click.option("--limit", type=click.IntRange(min=1), help="At most so many letters.")
    @wraps(command)
    def chosen(
        *words: object,
        reasons: tuple[str, ...],
        payment_ids: tuple[str, ...],
        older_than: timedelta | None,
        newer_than: timedelta | None,
        **options: object,
    ) -> object:
        wanted = Wanted(
            reasons=frozenset(reasons),
            payment_ids=frozenset(payment_ids),
            older_than=older_than,
            newer_than=newer_than,
        )
        return command(*words, wanted=wanted, **options)

    return chosen


def now() -> datetime:
    """Return the current time."""
    return datetime.now(UTC)


def print_letters(outcomes: Sequence[Outcome], *, failed: str) -> None:
    """Print a table of letters; where one of them stays, under ``failed`` why."""
    columns = ["sent", "kind", "reason", "about"]
    rows = [
        [one.letter.sent_at.isoformat(timespec="seconds"), one.letter.kind, one.letter.reason, _about(one.letter)]
        for one in outcomes
    ]
    if any(one.failure for one in outcomes):
        columns.append(failed)
        rows = [[*row, one.failure or ""] for row, one in zip(rows, outcomes, strict=True)]
    screen.print_table(columns, rows)


def document(outcome: Outcome) -> dict[str, Any]:
    """Return what programs get to know of a letter."""
    letter = outcome.letter
    return {
        "message_id": letter.message_id,
        "sent_at": letter.sent_at.isoformat(timespec="milliseconds"),
        "kind": str(letter.kind),
        "reason": letter.reason,
        "payment_ids": list(letter.payment_ids),
        "records": vars(letter.position) if letter.position else None,
        "start": vars(letter.start) if letter.start else None,
        "body": letter.body,
        "failure": outcome.failure,
    }


def _about(letter: Letter) -> str:
    if letter.payment_ids:
        return "\n".join(letter.payment_ids)
    if letter.position:
        return f"{letter.position.first} to {letter.position.last}, {letter.position.shard_id}"
    if letter.start and letter.start.input:
        return " ".join(letter.start.input.values())
    return letter.body
