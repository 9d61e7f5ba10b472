"""Payments as the use cases make them, for tests that start in the middle."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from payments.domain.approval import Approval, ApprovalState
from payments.domain.audit import AuditEvent
from payments.domain.payment import Claim, Move, Payment, Processing, Status, first_entry, moved
from payments.domain.request import PaymentRequest

START = datetime(2026, 11, 22, 3, 36, 42, 123000, tzinfo=UTC)
MINUTE = timedelta(minutes=1)

API, PROCESSOR, ANOTHER = "writer-1", "writer-2", "another"
"""Owner tokens: who wrote a version."""

WAIT, HASH = "wait-1", "hash-of-the-secret"
"""The task token of a workflow's wait, and what stands for the secret that was given out."""


def accepted(payment_id: str = "pay-1", **attributes: Any) -> Payment:  # noqa: ANN401 - any attribute of a payment
    """Return a payment at version 1, due a minute later."""
    at = attributes.pop("at", START)
    payment = Payment(
        payment_id=payment_id,
        amount=Decimal("12.50"),
        currency="EUR",
        status=Status.ACCEPTED,
        created_at=at,
        updated_at=at,
        request_hash="hash-1",
        version=1,
        owner_token=API,
        history=(first_entry(payment_id, status=Status.ACCEPTED, at=at, actor="api", reason="accepted over the API"),),
        due_at=at + MINUTE,
    )
    return replace(payment, **attributes)


def as_requested(payment: Payment) -> Payment:
    """Return ``payment`` with the hash of the request that leads to it, without which it is never charged."""
    request = PaymentRequest(amount=payment.amount, currency=payment.currency)
    return replace(payment, request_hash=request.request_hash)


def claimed(payment: Payment, *, owner_token: str = PROCESSOR, attempt: int = 1) -> Payment:
    """Return ``payment`` under the processor's claim, one version later."""
    at = payment.updated_at + MINUTE
    return moved(
        payment,
        Move(
            to=Status.PROCESSING,
            at=at,
            actor="processor",
            reason=f"attempt {attempt}",
            owner_token=owner_token,
            claim=Claim(
                gateway_key=payment.payment_id,
                lease_expires_at=at + MINUTE,
                attempt=attempt,
                first_claimed_at=at,
            ),
            due_at=at + MINUTE,
        ),
    )


def settled(payment: Payment, to: Status = Status.SUCCEEDED, **changes: Any) -> Payment:  # noqa: ANN401 - any change of a move
    """Return ``payment`` at its end, one version later."""
    move = Move(
        to=to,
        at=payment.updated_at + MINUTE,
        actor="processor",
        reason="the gateway said so",
        owner_token=payment.owner_token,
        gateway_reference="ch-1",
    )
    return moved(payment, replace(move, **changes))


def awaiting_approval(payment_id: str = "pay-1", *, task_token: str | None = None) -> Payment:
    """Return a payment that a person must approve within a minute; asked for already where there is a task token."""
    approval = Approval(state=ApprovalState.REQUIRED, expires_at=START + MINUTE)
    payment = accepted(payment_id, processing=Processing.ORCHESTRATED, approval=approval)
    if task_token is None:
        return payment
    return _approved_on(payment, approval.asked(task_token=task_token, expires_at=approval.expires_at))


def granted(payment: Payment) -> Payment:
    """Return ``payment``, approved a minute later."""
    assert payment.approval
    return _approved_on(payment, payment.approval.decided(granted=True, by="ada"))


def _approved_on(payment: Payment, approval: Approval) -> Payment:
    return moved(
        payment,
        Move(
            to=Status.ACCEPTED,
            at=payment.updated_at + MINUTE,
            actor="approver:ada",
            reason="a step of the approval",
            owner_token=PROCESSOR,
            approval=approval,
            due_at=payment.due_at,
        ),
    )


def rich(payment_id: str = "pay-1") -> Payment:
    """Return a settled payment with every attribute a payment can have."""
    full = accepted(
        payment_id,
        customer_id="cust-1",
        description="Zwölf Brötchen 🥐",
        metadata={"order": "o-1", "empty": ""},
        batch_id="batch-1",
        batch_line=2,
        processing=Processing.ORCHESTRATED,
        approval=Approval(
            state=ApprovalState.GRANTED,
            expires_at=START + MINUTE,
            task_token=WAIT,
            token_hash=HASH,
            decided_by="ada",
        ),
    )
    return settled(claimed(full), Status.DECLINED, failure_code="insufficient_funds")


def events(payment: Payment) -> list[AuditEvent]:
    """Return the audit events of every version of ``payment``."""
    return [AuditEvent(payment_id=payment.payment_id, entry=entry) for entry in payment.history]
