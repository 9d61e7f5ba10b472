"""What speaks against a stored payment: attributes that do not say what was accepted, or a history that was altered."""

from __future__ import annotations

from typing import TYPE_CHECKING

from payments.domain.approval import ApprovalState
from payments.domain.history import is_sound
from payments.domain.money import AmountRefused, in_currency, positive_decimal
from payments.domain.payment import Move, Status, moved
from payments.domain.request import PaymentRequest

if TYPE_CHECKING:
    from datetime import datetime

    from payments.domain.history import HistoryEntry
    from payments.domain.payment import Payment

VALIDATION_FAILED = "validation_failed"
"""Failure code of a payment that is not what was accepted."""

APPROVER = "approver:"
"""What a history's actor starts with where a person decided; that person's name follows."""

TO_BE_APPROVED = "; a person must approve it"
"""What the reason of a history's first entry ends with where the payment was accepted subject to an approval."""


def faults_of(payment: Payment) -> list[str]:
    """Return what speaks against ``payment``, in words that repeat nothing of it; empty where all is well."""
    faults = []
    if len(payment.history) != payment.version or not is_sound(payment.payment_id, payment.history):
        faults.append("its history is not what its hashes and version say")
    elif payment.history[-1].status != payment.status:
        faults.append("its status is not the one its history ends with")
    elif not _is_approval_of(payment):
        faults.append("its approval is not the one its history tells of")
    if not _is_amount(payment):
        faults.append("its amount is none in its currency")
    elif payment.request_hash not in _hashes_of_requests(payment):
        faults.append("its attributes are not those of the request that was accepted")
    return faults


def may_be_charged_already(payment: Payment) -> bool:
    """Return whether anything about ``payment``, altered as it may be, tells of a claim: only then was it charged."""
    told = {payment.status, *(entry.status for entry in payment.history)}
    return payment.claim is not None or Status.PROCESSING in told


def failed_validation(payment: Payment, reason: str, *, actor: str, now: datetime, owner_token: str) -> Payment:
    """Return the end of ``payment``, accepted and never claimed, which is not what was accepted."""
    return moved(
        payment,
        Move(
            to=Status.FAILED,
            at=now,
            actor=actor,
            reason=reason,
            owner_token=owner_token,
            failure_code=VALIDATION_FAILED,
        ),
    )


def _is_approval_of(payment: Payment) -> bool:
    approval, decisions = payment.approval, [entry for entry in payment.history if entry.actor.startswith(APPROVER)]
    if approval is None:
        return not decisions and not payment.history[0].reason.endswith(TO_BE_APPROVED)
    if approval.is_pending:
        return not decisions
    return [_said_by(entry) for entry in decisions] == [(approval.state, approval.decided_by)]


def _said_by(decision: HistoryEntry) -> tuple[ApprovalState, str]:
    state = ApprovalState.REFUSED if decision.status == Status.FAILED else ApprovalState.GRANTED
    return state, decision.actor.removeprefix(APPROVER)


def _is_amount(payment: Payment) -> bool:
    try:
        return in_currency(positive_decimal(payment.amount), payment.currency) == payment.amount
    except (AmountRefused, KeyError):
        return False


def _hashes_of_requests(payment: Payment) -> set[str]:
    """Return the hashes of the two requests that lead to ``payment``: with its id in the body, and without."""
    return {
        PaymentRequest(
            amount=payment.amount,
            currency=payment.currency,
            payment_id=payment_id,
            customer_id=payment.customer_id,
            description=payment.description,
            metadata=payment.metadata,
            processing=payment.processing,
        ).request_hash
        for payment_id in (payment.payment_id, None)
    }
