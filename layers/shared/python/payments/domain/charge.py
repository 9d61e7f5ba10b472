"""What a payment gateway answered, and what that makes of the payment."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from payments.domain.payment import Status

if TYPE_CHECKING:
    from datetime import datetime
    from decimal import Decimal

    from payments.domain.payment import Payment


@dataclass(frozen=True, kw_only=True)
class Charge:
    """What a gateway did under one idempotency key. ``approved`` false means the gateway said no, with a code."""

    approved: bool
    reference: str
    amount: Decimal
    currency: str
    decline_code: str | None = None


@dataclass(frozen=True, kw_only=True)
class LedgerEntry:
    """One line of a gateway's ledger: a charge, the payment it names, and when it was made by the gateway's clock.

    ``payment_id`` is what the gateway says, and may be no payment's.
    """

    payment_id: str
    charge: Charge
    charged_at: datetime


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """Where a payment ends, and why."""

    to: Status
    reason: str
    gateway_reference: str | None = None
    failure_code: str | None = None


def verdict_of(charge: Charge, payment: Payment) -> Verdict:
    """Return what ``charge`` makes of ``payment``; an echo of another amount or currency is for a person to judge."""
    if (charge.amount, charge.currency) != (payment.amount, payment.currency):
        return Verdict(
            to=Status.NEEDS_REVIEW,
            reason=f"the gateway speaks of {charge.amount} {charge.currency}, not {payment.amount} {payment.currency}",
            gateway_reference=charge.reference,
        )
    if charge.approved:
        return Verdict(to=Status.SUCCEEDED, reason="approved by the gateway", gateway_reference=charge.reference)
    code = charge.decline_code or "declined"
    return Verdict(
        to=Status.DECLINED,
        reason=f"declined by the gateway: {code}",
        gateway_reference=charge.reference,
        failure_code=code,
    )


def refused(code: str) -> Verdict:
    """Return the verdict on a payment the gateway will never charge."""
    return Verdict(to=Status.FAILED, reason=f"refused by the gateway: {code}", failure_code=code)


def undecided(reason: str) -> Verdict:
    """Return the verdict on a payment of which nobody knows whether it was charged."""
    return Verdict(to=Status.NEEDS_REVIEW, reason=reason)
