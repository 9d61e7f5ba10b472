"""How a request becomes a payment: the same for one over the API and for a row of a file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from payments.domain.payment import Payment, Status, first_entry

if TYPE_CHECKING:
    from datetime import datetime

    from payments.domain.approval import Approval
    from payments.domain.request import PaymentRequest


def accepted_payment(
    request: PaymentRequest,
    *,
    payment_id: str,
    now: datetime,
    owner_token: str,
    due_at: datetime,
    actor: str,
    reason: str,
    approval: Approval | None = None,
    batch_id: str | None = None,
    batch_line: int | None = None,
) -> Payment:
    """Return version 1 of the payment that ``request`` asks for; its history says who took it in, and why."""
    return Payment(
        payment_id=payment_id,
        amount=request.amount,
        currency=request.currency,
        customer_id=request.customer_id,
        description=request.description,
        metadata=request.metadata,
        processing=request.processing,
        status=Status.ACCEPTED,
        created_at=now,
        updated_at=now,
        request_hash=request.request_hash,
        version=1,
        owner_token=owner_token,
        history=(first_entry(payment_id, status=Status.ACCEPTED, at=now, actor=actor, reason=reason),),
        due_at=due_at,
        approval=approval,
        batch_id=batch_id,
        batch_line=batch_line,
    )
