"""POST /payments: takes a request in and answers 202 once it is stored."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from payments.adapters import aws
from payments.adapters.dynamodb.payments_table import PaymentsTable
from payments.domain.approval import ApprovalPolicy
from payments.domain.public import public_payment
from payments.domain.request import read_request
from payments.runtime import system, telemetry
from payments.runtime.api import answer
from payments.runtime.http import Request, Response
from payments.runtime.variables import variables
from payments.use_cases import accept_payment

if TYPE_CHECKING:
    from datetime import timedelta

    from aws_lambda_powertools.utilities.typing import LambdaContext

    from payments.ports import Clock, PaymentStore, Tokens


@dataclass(frozen=True, kw_only=True)
class Ports:
    """What accepting needs; ``open_deadline`` is when the sweeper first looks after a payment nobody has claimed."""

    store: PaymentStore
    clock: Clock
    tokens: Tokens
    open_deadline: timedelta
    approvals: ApprovalPolicy


@cache
def aws_ports() -> Ports:
    """Connect to what the function's variables name."""
    with variables() as env:
        return Ports(
            store=PaymentsTable(aws.dynamodb(), env.text("PAYMENTS_TABLE")),
            clock=system.now,
            tokens=system.new_token,
            open_deadline=env.seconds("OPEN_DEADLINE_SECONDS"),
            approvals=ApprovalPolicy(
                limits=env.approval_limits("APPROVAL_LIMITS"), timeout=env.seconds("APPROVAL_TIMEOUT_SECONDS")
            ),
        )


def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Answer one API Gateway event."""
    return answer(event, context, respond=respond, connect=aws_ports)


def respond(request: Request, ports: Ports) -> Response:
    """Accept the payment that ``request`` asks for; the same request again gets the same answer, marked as a replay."""
    accepted = accept_payment(
        read_request(request.json_body()),
        idempotency_key=request.header("Idempotency-Key"),
        store=ports.store,
        clock=ports.clock,
        tokens=ports.tokens,
        open_deadline=ports.open_deadline,
        approvals=ports.approvals,
    )
    telemetry.about(payment_id=accepted.payment.payment_id)
    # Relative to the request's own address, so it holds for every domain, stage and base path the API is served under.
    headers = {"Location": f"./payments/{accepted.payment.payment_id}"}
    if accepted.replayed:
        headers["Idempotent-Replayed"] = "true"
    return Response(status=HTTPStatus.ACCEPTED, body=public_payment(accepted.payment), headers=headers)
