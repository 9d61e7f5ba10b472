"""The processing queue: brings each payment named there to its end."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from payments.adapters import aws
from payments.adapters.dynamodb.payments_table import PaymentsTable
from payments.adapters.gateway_choice import chosen_gateway
from payments.domain.messages import decode_message
from payments.runtime import system, telemetry
from payments.runtime.batch import each_message
from payments.runtime.variables import variables
from payments.use_cases import process_payment

if TYPE_CHECKING:
    from datetime import timedelta

    from aws_lambda_powertools.utilities.batch.types import PartialItemFailureResponse
    from aws_lambda_powertools.utilities.typing import LambdaContext

    from payments.ports import Clock, Measurements, PaymentGateway, PaymentStore, Tokens
    from payments.use_cases import Outcome


@dataclass(frozen=True, kw_only=True)
class Ports:
    """What processing needs; a claim is held for ``lease``."""

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


def handler(event: dict[str, Any], context: LambdaContext) -> PartialItemFailureResponse:
    """Handle a batch of messages."""
    ports = aws_ports()
    return each_message(event, context, lambda body: process(body, ports))


def process(message: str, ports: Ports) -> Outcome:
    """Bring the payment that ``message`` names to its end, as far as it can be brought now."""
    payment_id = decode_message(message)
    telemetry.about(payment_id=payment_id)
    outcome = process_payment(
        payment_id,
        actor="processor",
        store=ports.store,
        gateway=ports.gateway,
        clock=ports.clock,
        tokens=ports.tokens,
        lease=ports.lease,
        measure=ports.measure,
    )
    telemetry.log().info("processed", extra={"outcome": outcome})
    return outcome
