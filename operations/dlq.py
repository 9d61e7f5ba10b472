"""The commands of `scripts/dlq`."""

import re
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import wraps
from typing import Any

import click

from operations import screen
from operations.dead_letter_queues import DeadLetterOffice
from operations.environment import Environment, of_environment
from operations.letters import Letter, Wanted
from operations.redrive import Outcome, Pace, Redrive
from operations.replay import NotReplayedError, Replay

_AGE = re.compile(r"(\d+)([smhd])")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}

as_json = click.option("--json", "as_json", is_flag=True, help="Print one JSON object on standard output.")


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


def of_letters(command: Callable[..., object]) -> Callable[..., object]:
    """Give ``command`` the options that say which letters are meant; it gets them as ``redrive``."""

    @click.argument("queue")
    @click.option("--reason", "reasons", multiple=True, help="Given up for this reason, as list and show name it.")
    @click.option("--payment-id", "payment_ids", multiple=True, help="About this payment.")
    @click.option("--older-than", callback=read_age, help="Sent longer ago than, for example, 90m or 2d.")
    @click.option("--newer-than", callback=read_age, help="Sent less long ago.")
    @click.option("--limit", type=click.IntRange(min=1), help="At most so many.")
    @wraps(command)
    def chosen(  # noqa: PLR0917 - click passes them by name, but for the first
        environment: Environment,
        queue: str,
        reasons: tuple[str, ...],
        payment_ids: tuple[str, ...],
        older_than: timedelta | None,
        newer_than: timedelta | None,
        **options: object,
    ) -> object:
        office = DeadLetterOffice(environment)
        wanted = Wanted(
            reasons=frozenset(reasons),
            payment_ids=frozenset(payment_ids),
            older_than=older_than,
            newer_than=newer_than,
        )
        return command(Redrive(office, Replay(environment), office.queue(queue), wanted, now), **options)

    return chosen


def now() -> datetime:
    """Return the current time."""
    return datetime.now(UTC)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """Look after dead letters: messages, records and workflow starts that were given up.

    QUEUE is the part whose dead letters they are, as `list` names it, for example processing.
    """


@main.command("list")
@of_environment
@as_json
def list_(environment: Environment, *, as_json: bool) -> None:
    """List the queues of dead letters and about how many wait in each."""
    queues = DeadLetterOffice(environment).queues()
    if as_json:
        screen.print_json({"queues": [{"queue": queue.part, "waiting": queue.waiting} for queue in queues]})
    else:
        screen.print_table(("queue", "waiting"), [(queue.part, queue.waiting) for queue in queues])


@main.command()
@of_environment
@of_letters
@as_json
def show(redrive: Redrive, *, limit: int | None, as_json: bool) -> None:
    """Show the dead letters of QUEUE. They stay as they are."""
    letters = redrive.show(limit=limit)
    screen.print_json({"letters": [_document(letter) for letter in letters]}) if as_json else _print(letters)


@main.command("redrive")
@of_environment
@of_letters
@click.option("--per-second", type=click.FloatRange(min=0.01), default=10.0, show_default=True, help="At most so many.")
@click.option("--dry-run", is_flag=True, help="Show which letters it would be; touch none.")
@as_json
def redrive_(redrive: Redrive, *, limit: int | None, per_second: float, dry_run: bool, as_json: bool) -> None:
    """Give the dead letters of QUEUE another try.

    Messages go back to their queue. Records of the payments table's stream are given to their function once more, as
    long as the stream keeps them (24 hours). Workflows are started. A letter that fails again stays; the exit status is
    then 1.
    """
    if dry_run:
        outcomes = [Outcome(letter) for letter in redrive.show(limit=limit)]
    else:
        outcomes = list(screen.counted(redrive.run(pace=Pace(per_second), limit=limit), "letters"))
    failed = [outcome for outcome in outcomes if outcome.failure]
    if as_json:
        documents = [_document(outcome.letter) | {"failure": outcome.failure} for outcome in outcomes]
        screen.print_json({"dry_run": dry_run, "letters": documents})
    else:
        _print([outcome.letter for outcome in outcomes], {one.letter.message_id: one.failure for one in failed})
        screen.tell(f"{'would redrive' if dry_run else 'redrove'} {len(outcomes) - len(failed)}, kept {len(failed)}")
    sys.exit(1 if failed else 0)


@main.command()
@of_environment
@click.argument("worker", type=click.Choice(["dispatcher", "auditor"]))
@click.argument("payment_ids", nargs=-1, required=True)
def replay(environment: Environment, *, worker: str, payment_ids: tuple[str, ...]) -> None:
    """Give WORKER each payment as if it had just changed to what it is now.

    For records the stream keeps no longer: the log of the function names their payments. Repeating is harmless.
    """
    replays = Replay(environment)
    failed = 0
    for payment_id in payment_ids:
        try:
            replays.give_payment(worker, payment_id)
        except NotReplayedError as failure:
            failed += 1
            screen.tell(f"{payment_id}: {failure}")
        else:
            screen.tell(f"{payment_id}: given to the {worker}")
    sys.exit(1 if failed else 0)


def _print(letters: list[Letter], failures: dict[str, str | None] | None = None) -> None:
    rows = [
        (letter.sent_at.isoformat(timespec="seconds"), letter.kind, letter.reason, _about(letter))
        + (((failures or {}).get(letter.message_id),) if failures else ())
        for letter in letters
    ]
    screen.print_table(("sent", "kind", "reason", "about", *(["kept because"] if failures else [])), rows)


def _about(letter: Letter) -> str:
    if letter.payment_ids:
        return "\n".join(letter.payment_ids)
    if letter.position:
        return f"{letter.position.first} to {letter.position.last}, {letter.position.shard_id}"
    if letter.start and letter.start.input:
        return " ".join(letter.start.input.values())
    return letter.body


def _document(letter: Letter) -> dict[str, Any]:
    return {
        "message_id": letter.message_id,
        "sent_at": letter.sent_at.isoformat(timespec="milliseconds"),
        "kind": str(letter.kind),
        "reason": letter.reason,
        "payment_ids": list(letter.payment_ids),
        "records": vars(letter.position) if letter.position else None,
        "start": vars(letter.start) if letter.start else None,
        "body": letter.body,
    }


if __name__ == "__main__":
    main(prog_name="scripts/dlq")
