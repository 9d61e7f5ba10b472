"""Tells the customer what became of a payment."""

from __future__ import annotations

from typing import TYPE_CHECKING

from payments.domain.notification import notification_of

if TYPE_CHECKING:
    from payments.ports import Notification, Notifier, PaymentReader


def notify_payment(payment_id: str, *, store: PaymentReader, notifier: Notifier) -> Notification | None:
    """Deliver the news of the payment as it stands, and return it; None when there is none (yet).

    Nothing is written: a second message delivers the same event id again, and receivers drop it. A payment settled by
    an operator before its ``needs_review`` was told about is told about once, as settled.

    Raises:
        PaymentNotFound: no payment has this id.
        DeliveryFailed: it was not taken; deliver again.
    """
    notification = notification_of(store.get(payment_id))
    if notification is not None:
        notifier.notify(notification)
    return notification
