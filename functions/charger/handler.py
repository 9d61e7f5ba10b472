"""A payment's workflow, last step of work: brings the payment to its end, by the same claim as the queue."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from payments.adapters import aws
from payments.adapters.dynamodb.payments_table import PaymentsTable
from payments.adapters.gateway_choice import chosen_gateway
from payments.runtime import system, telemetry
from payments.runtime.variables import variables
from payments.use_cases import settle_payment

if TYPE_CHECKING:
    from datetime import timedelta

    from aws_lambda_powertools.utilities.typing import LambdaContext

    from payments.ports import Clock, Measurements, PaymentGateway, PaymentStore, Tokens


@dataclass(frozen=True, kw_only=True)
class Ports:
    """What charging needs; a claim is held for ``lease``."""

    store: PaymentStore
    gateway: PaymentGateway
    clock: Clock
    tokens: Tokens
    measure: Measurements
    lease: timedelta


@cache
def aws_ports() -> Ports:
    """Connect to what the function's variables name."""
    client = aws.dynamodb()
    with variables() as env:
        return Ports(
            store=PaymentsTable(client, env.text("PAYMENTS_TABLE")),
            clock=system.now,
            tokens=system.new_token,
            measure=telemetry.EmittedMetrics(),
            lease=env.seconds("LEASE_SECONDS"),
            gateway=chosen_gateway(env, client),
        )


def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, str | None]:
    """Handle one task of a workflow; whatever fails raises, and the workflow goes by the error's name."""
    telemetry.begin(context, payment_id=event["payment_id"])
    return run(event, aws_ports())


def run(event: dict[str, Any], ports: Ports) -> dict[str, str | None]:
    """Bring the payment that ``event`` names to its end and say which it is.

    Raises:
        PaymentUnsettled: it has come to none yet; the workflow looks again later.
    """
    payment = settle_payment(
        event["payment_id"],
        store=ports.store,
        gateway=ports.gateway,
        clock=ports.clock,
        tokens=ports.tokens,
        lease=ports.lease,
        measure=ports.measure,
    )
    telemetry.log().info("charged", extra={"outcome": payment.status})
    return {
        "payment_id": payment.payment_id,
        "status": str(payment.status),
        "failure_code": payment.failure_code,
    }
