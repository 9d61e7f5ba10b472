"""What a line of the gateway's ledger and the payment it names say of each other."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, StrEnum, auto
from typing import TYPE_CHECKING

from payments.domain.claim import is_held
from payments.domain.payment import Status

if TYPE_CHECKING:
    from datetime import datetime

    from payments.domain.charge import Charge
    from payments.domain.payment import Payment


class Discrepancy(StrEnum):
    """What a person has to look into: each is certain to be wrong, and none tells by itself what would be right."""

    CHARGE_WITHOUT_PAYMENT = "charge_without_payment"
    """The ledger names a payment there is none of."""

    PAYMENT_WITHOUT_CHARGE = "payment_without_charge"
    """The payment succeeded, and the gateway knows no approved charge of the reference it carries."""

    ANOTHER_AMOUNT = "another_amount"
    """The charge is of another amount or currency than the payment."""

    SECOND_CHARGE = "second_charge"
    """The payment has an approved charge beside the one it succeeded by, or two while it has no end."""

    CHARGED_DESPITE_END = "charged_despite_end"
    """The charge was approved, and the payment is declined or failed."""

    CHARGED_UNCLAIMED = "charged_unclaimed"
    """There is a charge, and nobody ever claimed the payment: this pipeline did not ask for it."""

    LEDGER_CONTRADICTED = "ledger_contradicted"
    """The gateway lists a charge which it does not know when asked for the payment's charges."""

    ALTERED = "altered"
    """The charge could tell the payment's end, and the payment is not what was accepted or its history was altered."""


class Agreement(Enum):
    """What asks nothing of a person."""

    MATCHES = auto()
    """Both say the same, or the charge moved no money."""

    TOO_EARLY = auto()
    """The payment is still on its way to its end."""

    SETTLES = auto()
    """The payment has no end and nobody is at it: the charge tells which end it has."""


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One discrepancy, with what is known of either side; ``payment_id`` is what the gateway says."""

    discrepancy: Discrepancy
    payment_id: str
    payment: Payment | None = None
    charge: Charge | None = None


def compared(payment: Payment | None, charge: Charge, *, now: datetime) -> Agreement | Discrepancy:
    """Return what ``charge``, a line of the ledger, makes of ``payment``, which it names."""
    if payment is None:
        return Discrepancy.CHARGE_WITHOUT_PAYMENT
    if (charge.amount, charge.currency) != (payment.amount, payment.currency):
        return Discrepancy.ANOTHER_AMOUNT
    if payment.is_terminal:
        return _beside_its_end(payment, charge)
    if is_held(payment, now=now) or (payment.due_at is not None and payment.due_at > now):
        return Agreement.TOO_EARLY
    return Discrepancy.CHARGED_UNCLAIMED if payment.claim is None else Agreement.SETTLES


def _beside_its_end(payment: Payment, charge: Charge) -> Agreement | Discrepancy:
    if not charge.approved:
        return Agreement.MATCHES
    if payment.status is not Status.SUCCEEDED:
        return Discrepancy.CHARGED_DESPITE_END
    return Agreement.MATCHES if charge.reference == payment.gateway_reference else Discrepancy.SECOND_CHARGE
