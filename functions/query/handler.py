"""GET: a payment, its audit trail, a batch, or a page of payments or batches."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from payments.adapters import aws
from payments.adapters.dynamodb.audit_table import AuditTable
from payments.adapters.dynamodb.batches_table import BatchesTable
from payments.adapters.dynamodb.payments_table import PaymentsTable
from payments.adapters.dynamodb.settled_payments import SettledPaymentsIndex
from payments.domain.batch_listing import read_batch_listing
from payments.domain.listing import read_listing
from payments.domain.public import public_event, public_payment
from payments.domain.public_batch import public_batch
from payments.runtime import telemetry
from payments.runtime.api import answer
from payments.runtime.http import Request, Response
from payments.runtime.variables import variables
from payments.use_cases import events_of, find_batch, find_payment, list_batches, list_payments

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

    from payments.ports import AuditTrail, BatchReader, PaymentReader, SettledPayments


@dataclass(frozen=True, kw_only=True)
class Ports:
    """What showing needs."""

    reader: PaymentReader
    trail: AuditTrail
    batches: BatchReader
    settled: SettledPayments


@cache
def aws_ports() -> Ports:
    """Connect to what the function's variables name."""
    client = aws.dynamodb()
    with variables() as env:
        payments = env.text("PAYMENTS_TABLE")
        return Ports(
            reader=PaymentsTable(client, payments),
            trail=AuditTable(client, env.text("AUDIT_TABLE")),
            batches=BatchesTable(client, env.text("BATCHES_TABLE")),
            settled=SettledPaymentsIndex(client, payments),
        )


def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Answer one API Gateway event."""
    return answer(event, context, respond=respond, connect=aws_ports)


def respond(request: Request, ports: Ports) -> Response:
    """Show what ``request`` asks for.

    Raises:
        NotImplementedError: the API sends a route here that this function doesn't know.
    """
    payment_id = request.path_parameters.get("payment_id", "")
    match request.resource:
        case "/payments":
            page = list_payments(read_listing(request.query), reader=ports.reader)
            items = [public_payment(payment) for payment in page.items]
            return _shown({"items": items, "next_token": page.next_token})
        case "/payments/{payment_id}":
            return _shown(public_payment(find_payment(payment_id, reader=ports.reader)), about=payment_id)
        case "/payments/{payment_id}/events":
            events = events_of(payment_id, reader=ports.reader, trail=ports.trail)
            return _shown({"items": [public_event(event) for event in events]}, about=payment_id)
        case "/batches":
            found = list_batches(read_batch_listing(request.query), reader=ports.batches)
            return _shown({"items": [public_batch(batch) for batch in found.items], "next_token": found.next_token})
        case "/batches/{batch_id}":
            batch_id = request.path_parameters.get("batch_id", "")
            batch = find_batch(batch_id, reader=ports.batches, payments=ports.settled)
            return _shown(public_batch(batch), about_batch=batch_id)
        case _:
            raise NotImplementedError(f"no answer for the route {request.method} {request.resource}")


def _shown(body: dict[str, Any], *, about: str | None = None, about_batch: str | None = None) -> Response:
    # Only ids of what there is get into the log: what else stands in an address may be anything.
    telemetry.about(payment_id=about, batch_id=about_batch)
    return Response(status=HTTPStatus.OK, body=body)
