"""The command of `scripts/audit`."""

import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import click

from operations import screen
from operations.chain import Fault
from operations.environment import Environment, of_environment
from operations.screen import as_json
from operations.tables import AuditTrails, Payments
from operations.verification import Verdict, Verification

ALLOWED_LAG_SECONDS = 300
"""How long an event may not be there before it counts as missing; the auditor rings after two minutes."""


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """Verify the audit trail."""


@main.command()
@of_environment
@click.argument("payment_ids", nargs=-1)
@click.option("--day", type=click.DateTime(["%Y-%m-%d"]), help="Payments created on this day (UTC).")
@click.option(
    "--chain-only",
    is_flag=True,
    help="Do not compare with the payments: what was cut off, removed or sealed anew passes.",
)
@click.option(
    "--allowed-lag-seconds",
    type=click.IntRange(min=0),
    default=ALLOWED_LAG_SECONDS,
    show_default=True,
    help="How far a trail may be behind its payment, and an event behind the one that follows it.",
)
@as_json
def verify(
    environment: Environment,
    *,
    payment_ids: tuple[str, ...],
    day: datetime | None,
    chain_only: bool,
    allowed_lag_seconds: int,
    as_json: bool,
) -> None:
    """Verify the trail of every payment: of all, of those created on a day, or of PAYMENT_IDS.

    Each trail's chain of hashes is recomputed and held against the history the payment itself carries, and the payment
    against its history and the hash of the request that was accepted. The first fault of each payment is named.

    The exit status is 0 where there is none, 1 where there is one, and 2 where that could not be found out.
    """
    if day and payment_ids:
        raise click.UsageError("give payment ids or --day, not both")
    payments = Payments(environment)
    verification = Verification(
        trails=AuditTrails(environment),
        payments=None if chain_only else payments,
        now=lambda: datetime.now(UTC),
        allowed_lag=timedelta(seconds=allowed_lag_seconds),
    )
    ids = payments.ids_created_on(day.date()) if day else payment_ids
    faults = _tell(verification.of(ids) if day or payment_ids else verification.of_all(), as_json=as_json)
    if chain_only:
        screen.tell("compared with no payment: a trail that was cut off, removed or sealed anew as a whole passes")
    sys.exit(1 if faults else 0)


def _tell(verdicts: Iterator[Verdict], *, as_json: bool) -> list[Fault]:
    trails = events = 0
    faults: list[Fault] = []
    for verdict in screen.counted(verdicts, "trails"):
        trails += 1
        events += verdict.events
        faults += [verdict.fault] if verdict.fault else []
    if as_json:
        screen.print_json({"trails": trails, "events": events, "faults": [vars(fault) for fault in faults]})
    elif faults:
        rows = [(fault.payment_id, fault.version, fault.kind, fault.detail) for fault in faults]
        screen.print_table(("payment", "version", "is", "found"), rows)
    screen.tell(f"trails: {trails}, events: {events}, faults: {len(faults)}")
    return faults


if __name__ == "__main__":
    main(prog_name="scripts/audit")
