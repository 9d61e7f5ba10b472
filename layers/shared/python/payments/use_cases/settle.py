"""Brings a payment to its end for somebody who waits for it there, as a workflow does."""

from __future__ import annotations

from typing import TYPE_CHECKING

from payments.domain.errors import PaymentUnsettled
from payments.use_cases.process import process_payment

if TYPE_CHECKING:
    from datetime import timedelta

    from payments.domain.payment import Payment
    from payments.ports import Clock, Measurements, PaymentGateway, PaymentStore, Tokens


def settle_payment(
    payment_id: str,
    *,
    store: PaymentStore,
    gateway: PaymentGateway,
    clock: Clock,
    tokens: Tokens,
    lease: timedelta,
    measure: Measurements,
) -> Payment:
    """Do as :func:`process_payment` for somebody who waits for the end, and return the payment at its end.

    Raises:
        PaymentUnsettled: it has come to none yet; look again later.
        PaymentNotFound, GatewayAmbiguous, VersionConflict, SettlementContradicted: as :func:`process_payment`.
    """
    outcome = process_payment(
        payment_id,
        actor="workflow",
        store=store,
        gateway=gateway,
        clock=clock,
        tokens=tokens,
        lease=lease,
        measure=measure,
    )
    payment = store.get(payment_id)
    if payment.is_open:
        raise PaymentUnsettled(f"payment {payment_id} is {payment.status} and {outcome}")
    return payment
