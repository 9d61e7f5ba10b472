"""POST /approvals/{token}: takes a person's decision on a payment that waits for it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from payments.adapters import aws
from payments.adapters.dynamodb.payments_table import PaymentsTable
from payments.domain.decision import read_decision
from payments.domain.public import public_payment
from payments.runtime import system, telemetry
from payments.runtime.api import answer
from payments.runtime.http import Request, Response
from payments.runtime.variables import variables
from payments.use_cases import decide_approval

if TYPE_CHECKING:
    from datetime import timedelta

    from aws_lambda_powertools.utilities.typing import LambdaContext

    from payments.ports import Clock, PaymentStore, Tokens


@dataclass(frozen=True, kw_only=True)
class Ports:
    """What deciding needs; ``open_deadline`` is when the sweeper looks after an approved payment nobody has claimed."""

    store: PaymentStore
    clock: Clock
    tokens: Tokens
    open_deadline: timedelta


@cache
def aws_ports() -> Ports:
    """Connect to what the function's variables name."""
    with variables() as env:
        return Ports(
            store=PaymentsTable(aws.dynamodb(), env.text("PAYMENTS_TABLE")),
            clock=system.now,
            tokens=system.new_token,
            open_deadline=env.seconds("OPEN_DEADLINE_SECONDS"),
        )


def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Answer one API Gateway event."""
    return answer(event, context, respond=respond, connect=aws_ports)


def respond(request: Request, ports: Ports) -> Response:
    """Record the decision that ``request`` brings; the same decision again gets the payment again."""
    decided = decide_approval(
        request.path_parameters["token"],
        read_decision(request.json_body()),
        store=ports.store,
        clock=ports.clock,
        tokens=ports.tokens,
        open_deadline=ports.open_deadline,
    )
    # Only the payment gets into the log, never the token: whoever has it can decide.
    telemetry.about(payment_id=decided.payment_id)
    return Response(status=HTTPStatus.OK, body=public_payment(decided))
