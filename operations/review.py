"""The command of `scripts/review`."""

import click

from operations import screen
from operations.environment import Environment, OperationError, of_environment
from operations.screen import as_json
from payments.adapters.dynamodb.payments_table import PaymentsTable
from payments.domain.errors import ReviewTooEarly, TransitionNotAllowed, VersionConflict
from payments.domain.payment import TERMINAL_STATUSES, Payment, Status
from payments.domain.timestamps import rfc3339
from payments.runtime import system
from payments.use_cases import settle_review

OUTCOMES = sorted(str(status) for status in TERMINAL_STATUSES)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """Settle payments that need review."""


@main.command()
@of_environment
@click.argument("payment_id")
@click.option("--to", "outcome", type=click.Choice(OUTCOMES), required=True, help="What the gateway says became of it.")
@click.option("--actor", required=True, help="Who settles it; stands in the audit trail.")
@click.option("--reason", required=True, help="What was seen at the gateway; stands in the audit trail.")
@click.option("--gateway-reference", help="The charge's reference at the gateway; with succeeded, and only with it.")
@click.option("--failure-code", help="Why it was declined or failed, as callers of the API see it.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@as_json
def settle(
    environment: Environment,
    *,
    payment_id: str,
    outcome: str,
    actor: str,
    reason: str,
    gateway_reference: str | None,
    failure_code: str | None,
    yes: bool,
    as_json: bool,
) -> None:
    """Settle PAYMENT_ID by your word, for good: nothing changes it any more, and the customer is told.

    Look its id up at the gateway first: where no charge may stand there (declined, failed), none may, and none is on
    its way any more two minutes after the payment's last attempt.

    The exit status is 0 where it was settled, 1 where nobody confirmed it, and 2 where it could not be: it needs no
    review, its last attempt is not two minutes ago, or somebody else settled it first.
    """
    to = Status(outcome)
    _refuse_contradictions(to, gateway_reference, failure_code)
    store = PaymentsTable(environment.client("dynamodb"), environment.name("payments"))
    try:
        if not yes:
            _confirm(store.get(payment_id), to)
        settled = settle_review(
            payment_id,
            to=to,
            actor=actor,
            reason=reason,
            gateway_reference=gateway_reference,
            failure_code=failure_code,
            store=store,
            clock=system.now,
            tokens=system.new_token,
        )
    except TransitionNotAllowed as refused:
        raise OperationError(f"{refused}: only a payment that needs review is settled by hand") from refused
    except ReviewTooEarly as early:
        raise OperationError(str(early)) from early
    except VersionConflict as conflict:
        raise OperationError(f"{conflict}: somebody else was faster, look at it again") from conflict
    screen.print_json(_fields(settled)) if as_json else screen.print_fields(_fields(settled))


def _refuse_contradictions(to: Status, gateway_reference: str | None, failure_code: str | None) -> None:
    if (to is Status.SUCCEEDED) != (gateway_reference is not None):
        raise click.UsageError("--gateway-reference goes with --to succeeded, and --to succeeded with it")
    if to is Status.SUCCEEDED and failure_code is not None:
        raise click.UsageError("--failure-code goes with declined or failed")


def _confirm(payment: Payment, to: Status) -> None:
    screen.print_fields(_fields(payment))
    if payment.status is not Status.NEEDS_REVIEW:
        raise TransitionNotAllowed(payment.payment_id, payment.status, to)
    click.confirm(f"Settle it as {to}, for good?", abort=True, err=True)


def _fields(payment: Payment) -> dict[str, object]:
    last = payment.history[-1]
    return {
        "payment_id": payment.payment_id,
        "amount": f"{payment.amount} {payment.currency}",
        "status": str(payment.status),
        "version": payment.version,
        "since": rfc3339(payment.updated_at),
        "by": last.actor,
        "reason": last.reason,
        "gateway_reference": payment.gateway_reference,
        "failure_code": payment.failure_code,
    }


if __name__ == "__main__":
    main(prog_name="scripts/review")
