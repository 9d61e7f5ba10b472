"""What speaks against a stored payment: attributes that do not say what was accepted, or a history that was altered."""

from __future__ import annotations

from typing import TYPE_CHECKING

from payments.domain.history import is_sound
from payments.domain.money import AmountRefused, in_currency, positive_decimal
from payments.domain.request import PaymentRequest

if TYPE_CHECKING:
    from payments.domain.payment import Payment


def faults_of(payment: Payment) -> list[str]:
    """Return what speaks against ``payment``, in words that repeat nothing of it; empty where all is well."""
    faults = []
    if len(payment.history) != payment.version or not is_sound(payment.payment_id, payment.history):
        faults.append("its history is not what its hashes and version say")
    elif payment.history[-1].status != payment.status:
        faults.append("its status is not the one its history ends with")
    if not _is_amount(payment):
        faults.append("its amount is none in its currency")
    elif payment.request_hash not in _hashes_of_requests(payment):
        faults.append("its attributes are not those of the request that was accepted")
    return faults


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
