"""Takes a request in: one conditional write, from which everything else follows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from payments.domain.acceptance import accepted_payment
from payments.domain.errors import IdempotencyConflict, PaymentIdTaken
from payments.domain.examination import TO_BE_APPROVED
from payments.domain.identifiers import checked_idempotency_key, payment_id_from_key
from payments.domain.payment import Processing, as_accepted
from payments.ports import KeyRecord

if TYPE_CHECKING:
    from payments.domain.approval import ApprovalPolicy
    from payments.domain.payment import Payment
    from payments.domain.request import PaymentRequest
    from payments.ports import Clock, PaymentStore, Tokens

KEY_RETENTION = timedelta(days=30)
"""How long an idempotency key is remembered beside a payment id of the client's own; other keys are never forgotten."""


@dataclass(frozen=True)
class Accepted:
    """The payment as it was accepted; ``replayed`` when an earlier request had asked the same."""

    payment: Payment
    replayed: bool


def accept_payment(
    request: PaymentRequest,
    *,
    idempotency_key: str | None,
    store: PaymentStore,
    clock: Clock,
    tokens: Tokens,
    open_deadline: timedelta,
    approvals: ApprovalPolicy,
) -> Accepted:
    """Store ``request`` as an accepted payment, or return the one it repeats; the same answer however often it comes.

    ``approvals`` says which orchestrated payments a person must approve. The sweeper looks after the payment once
    ``open_deadline`` has passed.

    Raises:
        RequestRefused: ``idempotency_key`` has not the shape of one.
        IdempotencyConflict: the key came before with another request.
        PaymentIdTaken: the request's payment id belongs to another request.
    """
    derived_id = payment_id_from_key(checked_idempotency_key(idempotency_key)) if idempotency_key is not None else None
    now = clock()
    approval = None
    if request.processing is Processing.ORCHESTRATED:
        approval = approvals.approval_for(request.amount, request.currency, now=now)
    payment = accepted_payment(
        request,
        payment_id=request.payment_id or derived_id or tokens(),
        now=now,
        owner_token=tokens(),
        due_at=min(approval.expires_at, now + open_deadline) if approval else now + open_deadline,
        approval=approval,
        actor="api",
        reason="accepted over the API" + (TO_BE_APPROVED if approval else ""),
    )
    key_record = None
    if derived_id and derived_id != payment.payment_id:
        key_record = KeyRecord(record_id=derived_id, request_hash=payment.request_hash, expires_at=now + KEY_RETENTION)
    try:
        stored = store.create(payment, key_record=key_record)
    except PaymentIdTaken as taken:
        if derived_id == payment.payment_id:
            raise IdempotencyConflict from taken
        raise
    return Accepted(as_accepted(stored), replayed=stored.owner_token != payment.owner_token)
