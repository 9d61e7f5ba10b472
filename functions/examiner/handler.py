"""A payment's workflow, first step: what is to be done about the payment."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from payments.adapters import aws
from payments.adapters.dynamodb.payments_table import PaymentsTable
from payments.runtime import system, telemetry
from payments.runtime.variables import variables
from payments.use_cases import examine_payment

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

    from payments.ports import Clock, PaymentStore, Tokens


@dataclass(frozen=True, kw_only=True)
class Ports:
    """What examining needs."""

    store: PaymentStore
    clock: Clock
    tokens: Tokens


@cache
def aws_ports() -> Ports:
    """Connect to what the function's variables name."""
    with variables() as env:
        return Ports(
            store=PaymentsTable(aws.dynamodb(), env.text("PAYMENTS_TABLE")),
            clock=system.now,
            tokens=system.new_token,
        )


def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, str]:
    """Handle one task of a workflow; whatever fails raises, and the workflow goes by the error's name."""
    telemetry.begin(context, payment_id=event["payment_id"])
    return run(event, aws_ports())


def run(event: dict[str, Any], ports: Ports) -> dict[str, str]:
    """Examine the payment that ``event`` names, and say what the workflow does next, and why."""
    found = examine_payment(event["payment_id"], store=ports.store, clock=ports.clock, tokens=ports.tokens)
    telemetry.log().info("examined", extra={"verdict": found.verdict, "status": found.payment.status})
    return {
        "payment_id": found.payment.payment_id,
        "status": str(found.payment.status),
        "verdict": str(found.verdict),
        "reason": found.reason,
    }
