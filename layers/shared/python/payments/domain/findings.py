"""What is told of a discrepancy: ids, amounts and statuses, whoever they come from fit to be read and exported."""

from __future__ import annotations

from typing import TYPE_CHECKING

from payments.domain.card_numbers import holds_card_number
from payments.domain.spreadsheets import inert

if TYPE_CHECKING:
    from payments.domain.charge import Charge
    from payments.domain.payment import Payment
    from payments.domain.reconciliation import Finding

WITHHELD = "withheld: holds what may be a card number"


def told(finding: Finding) -> dict[str, str]:
    """Return what there is to tell of ``finding``, by name; what is unknown is left out."""
    said = {
        "discrepancy": str(finding.discrepancy),
        "payment_id": finding.payment_id,
        **(_of_payment(finding.payment) if finding.payment else {}),
        **(_of_charge(finding.charge) if finding.charge else {}),
    }
    return {name: _shown(text) for name, text in said.items() if text is not None}


def _of_payment(payment: Payment) -> dict[str, str | None]:
    return {
        "payment_status": str(payment.status),
        "payment_amount": f"{payment.amount} {payment.currency}",
        "gateway_reference": payment.gateway_reference,
    }


def _of_charge(charge: Charge) -> dict[str, str | None]:
    return {
        "charge": charge.reference,
        "charge_status": "approved" if charge.approved else "declined",
        "charge_amount": f"{charge.amount} {charge.currency}",
    }


def _shown(text: str) -> str:
    # What can't be printed may stand between digits as well.
    printable = "".join(filter(str.isprintable, text))
    if holds_card_number(printable):
        return WITHHELD
    return inert("".join(character if character.isprintable() else "?" for character in text))
