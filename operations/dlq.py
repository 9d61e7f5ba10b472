"""The commands of `scripts/dlq`."""

import sys
from collections.abc import Sequence

import click

from operations import screen
from operations.chosen_letters import choosing_letters, document, now, print_letters
from operations.dead_letter_queues import DeadLetterOffice
from operations.environment import AWS_FAILURES, Environment, explained, of_environment
from operations.letters import Wanted
from operations.pace import Pace
from operations.redrive import Outcome, Redrive
from operations.replay import Replay
from operations.screen import as_json
from operations.stream import NotReplayedError, Stream
from payments.domain.errors import PaymentNotFound


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """Look after dead letters: messages, records and workflow starts that were given up.

    QUEUE is the part whose dead letters they are, as `list` names it, for example processing. The exit status is 0
    where all went well, 1 where something is left, and 2 where the command could not do its work.
    """


@main.command("list")
@of_environment
@as_json
def list_(environment: Environment, *, as_json: bool) -> None:
    """List the queues of dead letters and about how many wait in each.

    Hidden are those that somebody looks at; they come back within 15 minutes unless they are deleted.
    """
    queues = DeadLetterOffice(environment).queues()
    if as_json:
        documents = [{"queue": queue.part, "waiting": queue.waiting, "hidden": queue.hidden} for queue in queues]
        screen.print_json({"queues": documents})
    else:
        rows = [(queue.part, queue.waiting, queue.hidden) for queue in queues]
        screen.print_table(("queue", "waiting", "hidden"), rows)


@main.command()
@of_environment
@click.argument("queue")
@choosing_letters
@as_json
def show(environment: Environment, *, queue: str, wanted: Wanted, limit: int | None, as_json: bool) -> None:
    """Show the dead letters of QUEUE, and what keeps them from another try. They stay as they are.

    Records of the payments table's stream tell no more which payments they are about once the stream has forgotten
    them (24 hours): --payment-id shows those too.
    """
    outcomes = _redrive(environment, queue, wanted).preview(limit=limit)
    if as_json:
        screen.print_json({"letters": [document(outcome) for outcome in outcomes]})
    else:
        print_letters(outcomes, failed="can't be redriven because")
    screen.tell(f"letters: {len(outcomes)}, of which can't be redriven: {_kept(outcomes)}")


@main.command("redrive")
@of_environment
@click.argument("queue")
@choosing_letters
@click.option(
    "--per-second",
    type=click.FloatRange(min=0.01),
    default=10.0,
    show_default=True,
    help="At most so many letters in a second.",
)
@click.option("--dry-run", is_flag=True, help="Show which letters it would be; give none another try.")
@as_json
def redrive_(
    environment: Environment,
    *,
    queue: str,
    wanted: Wanted,
    limit: int | None,
    per_second: float,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Give the dead letters of QUEUE another try.

    Messages go back to their queue. Records of the payments table's stream are given to their function once more, as
    long as the stream keeps them (24 hours). Workflows are started. A letter that fails again stays, with the reason.

    The exit status is 0 where none stays (with --dry-run: would stay), 1 where one does, and 2 where the command could
    not go on; what was done by then is shown. Repeating is harmless.
    """
    redrive = _redrive(environment, queue, wanted)
    if dry_run:
        outcomes = redrive.preview(limit=limit)
        _report(outcomes, dry_run=True, as_json=as_json)
    else:
        outcomes = []
        try:
            for outcome in screen.counted(redrive.run(pace=Pace(per_second), limit=limit), "letters"):
                outcomes.append(outcome)  # what was done is told, even where the rest can't be
        finally:
            _report(outcomes, dry_run=False, as_json=as_json)
    sys.exit(1 if _kept(outcomes) else 0)


@main.command()
@of_environment
@click.argument("worker", type=click.Choice(["dispatcher", "auditor"]))
@click.argument("payment_ids", nargs=-1, required=True)
def replay(environment: Environment, *, worker: str, payment_ids: tuple[str, ...]) -> None:
    """Give WORKER each payment as if it had just changed to what it is now.

    For records the stream keeps no longer: the log of the function names their payments. Repeating is harmless. The
    exit status is 0 where the worker took all of them, and 1 where it did not or where an id is no payment's.
    """
    replays = Replay(environment)
    failed = 0
    for payment_id in payment_ids:
        try:
            replays.give_payment(worker, payment_id)
        except (NotReplayedError, PaymentNotFound, *AWS_FAILURES) as failure:
            failed += 1
            screen.tell(f"{payment_id}: {explained(failure)}")
        else:
            screen.tell(f"{payment_id}: given to the {worker}")
    sys.exit(1 if failed else 0)


def _redrive(environment: Environment, part: str, wanted: Wanted) -> Redrive:
    office = DeadLetterOffice(environment)
    return Redrive(
        office=office,
        stream=Stream(environment),
        replay=Replay(environment),
        queue=office.queue(part),
        wanted=wanted,
        now=now,
        tell=screen.tell,
    )


def _report(outcomes: Sequence[Outcome], *, dry_run: bool, as_json: bool) -> None:
    if as_json:
        screen.print_json({"dry_run": dry_run, "letters": [document(outcome) for outcome in outcomes]})
    else:
        print_letters(outcomes, failed="kept because")
    done, stay = ("would redrive", "would keep") if dry_run else ("redrove", "kept")
    screen.tell(f"{done} {len(outcomes) - _kept(outcomes)}, {stay} {_kept(outcomes)}")


def _kept(outcomes: Sequence[Outcome]) -> int:
    return sum(outcome.failure is not None for outcome in outcomes)


if __name__ == "__main__":
    main(prog_name="scripts/dlq")
