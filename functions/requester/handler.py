"""A payment's workflow, waiting: asks the back office for its approval."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from typing import TYPE_CHECKING, Any

from payments.adapters import aws
from payments.adapters.back_office import SnsApprovalRequests
from payments.adapters.dynamodb.payments_table import PaymentsTable
from payments.domain.timestamps import parsed
from payments.runtime import system, telemetry
from payments.runtime.variables import variables
from payments.use_cases import request_approval

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

    from payments.ports import ApprovalRequests, Clock, PaymentStore, Tokens


@dataclass(frozen=True, kw_only=True)
class Ports:
    """What asking needs."""

    store: PaymentStore
    requests: ApprovalRequests
    clock: Clock
    tokens: Tokens


@cache
def aws_ports() -> Ports:
    """Connect to what the function's variables name."""
    with variables() as env:
        return Ports(
            store=PaymentsTable(aws.dynamodb(), env.text("PAYMENTS_TABLE")),
            requests=SnsApprovalRequests(aws.sns(), env.text("BACK_OFFICE_TOPIC_ARN")),
            clock=system.now,
            tokens=system.new_token,
        )


def handler(event: dict[str, Any], context: LambdaContext) -> None:
    """Handle one task of a workflow; whatever fails raises, and the workflow goes by the error's name."""
    telemetry.begin(context, payment_id=event["payment_id"])
    run(event, aws_ports())


def run(event: dict[str, Any], ports: Ports) -> None:
    """Ask for the approval of the payment that ``event`` names, for as long as the workflow waits."""
    expires_at = parsed(event["entered_at"]) + timedelta(seconds=int(event["timeout_seconds"]))
    asked = request_approval(
        event["payment_id"],
        task_token=event["task_token"],
        expires_at=expires_at,
        store=ports.store,
        requests=ports.requests,
        clock=ports.clock,
        tokens=ports.tokens,
    )
    telemetry.log().info("asked for approval", extra={"version": asked.version})
