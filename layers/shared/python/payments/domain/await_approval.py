"""What becomes of a payment while it waits for a person: asked about anew where nobody was asked, failed in the end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from payments.domain.approval import ApprovalState
from payments.domain.payment import Move, Status, moved

if TYPE_CHECKING:
    from datetime import datetime

    from payments.domain.payment import Payment

APPROVAL_TIMED_OUT = "approval_timed_out"
"""Failure code of a payment that nobody decided in time."""


def after_waiting(payment: Payment, *, actor: str, now: datetime, owner_token: str) -> Payment | None:
    """Return the next version of ``payment``, which waits for an approval; None where it only has to wait on.

    Past its time it fails. Past its deadline without anybody having been asked, its workflow was never started: a new
    version says so, and the stream starts the workflow as it does for a new payment.
    """
    approval = payment.approval
    if approval is None or not payment.awaits_approval:
        raise ValueError(f"payment {payment.payment_id} waits for nobody's approval")
    if approval.expires_at <= now:
        return _failed(payment, actor=actor, now=now, owner_token=owner_token)
    if approval.state is ApprovalState.REQUIRED and payment.due_at is not None and payment.due_at <= now:
        # Twice as long every time: few versions, however long a person may take and however long nothing starts.
        due_at = min(approval.expires_at, now + (now - payment.created_at))
        return _left_waiting(payment, actor=actor, now=now, owner_token=owner_token, due_at=due_at)
    return None


def _failed(payment: Payment, *, actor: str, now: datetime, owner_token: str) -> Payment:
    return moved(
        payment,
        Move(
            to=Status.FAILED,
            at=now,
            actor=actor,
            reason="nobody approved it in time",
            owner_token=owner_token,
            failure_code=APPROVAL_TIMED_OUT,
        ),
    )


def _left_waiting(payment: Payment, *, actor: str, now: datetime, owner_token: str, due_at: datetime) -> Payment:
    return moved(
        payment,
        Move(
            to=Status.ACCEPTED,
            at=now,
            actor=actor,
            reason="nobody was asked for an approval; starting its workflow again",
            owner_token=owner_token,
            due_at=due_at,
        ),
    )
