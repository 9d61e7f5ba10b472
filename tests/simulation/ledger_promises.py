"""What is promised of the daily comparison: it settles what it can, and tells of what is wrong and of nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING

from payments.domain.payment import Payment, Status

if TYPE_CHECKING:
    from collections.abc import Sequence

    from payments.ports import Charge
    from tests.simulation.run import Run

SETTLED = "is_settled_by_the_ledger_where_that_leaves_one_end"
TOLD_IF_WRONG = "is_reported_if_it_was_charged_wrongly"
WRONG_IF_TOLD = "is_reported_only_if_it_was_charged_wrongly"


def hold_to_the_ledger(run: Run) -> None:
    """Note in ``run`` what does not hold once every day was compared a last time."""
    told = {finding.payment_id: finding.discrepancy for finding in run.found}
    for payment in run.site.store.payments.values():
        charges = run.site.gateway.charges_of(payment.payment_id)
        if payment.status is Status.NEEDS_REVIEW and _leave_one_end(charges):
            run.broken(SETTLED, payment.payment_id, f"it is in review, and charged: {charges}")
        if _is_wrong(payment, charges) and payment.payment_id not in told:
            run.broken(TOLD_IF_WRONG, payment.payment_id, f"it is {payment.status}, and charged: {charges}")
        if payment.payment_id in told and not _is_wrong(payment, charges):
            run.broken(WRONG_IF_TOLD, payment.payment_id, f"{told[payment.payment_id]}")


def _approved(charges: Sequence[Charge]) -> list[str]:
    return [charge.reference for charge in charges if charge.approved]


def _leave_one_end(charges: Sequence[Charge]) -> bool:
    return bool(charges) and len(_approved(charges)) <= 1


def _is_wrong(payment: Payment, charges: Sequence[Charge]) -> bool:
    approved = _approved(charges)
    if payment.status is Status.SUCCEEDED:
        return approved != [payment.gateway_reference]
    return len(approved) > (1 if payment.status is Status.NEEDS_REVIEW else 0)
