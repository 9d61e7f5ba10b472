"""What customers are told about a payment, and when."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from payments.domain.payment import TERMINAL_STATUSES, Status
from payments.domain.public import public_payment
from payments.domain.timestamps import rfc3339

if TYPE_CHECKING:
    from datetime import datetime

    from payments.domain.payment import Payment

NOTIFYING_STATUSES = TERMINAL_STATUSES | {Status.NEEDS_REVIEW}
"""Statuses whose arrival is news for the customer: the end of the way, and the wait for a person."""


@dataclass(frozen=True, kw_only=True)
class Notification:
    """What customers are told. ``event_id`` is stable: receivers drop repeats by it."""

    event_id: str
    event_type: str
    occurred_at: datetime
    payment: Payment

    def payload(self) -> dict[str, Any]:
        """Return what is published, JSON-ready: type, time and public data, as Standard Webhooks lays a body out."""
        return {
            "type": self.event_type,
            "timestamp": rfc3339(self.occurred_at),
            "data": public_payment(self.payment),
        }


def notification_of(payment: Payment) -> Notification | None:
    """Return what customers are told about ``payment`` as it stands; None while there is no news."""
    if payment.status not in NOTIFYING_STATUSES:
        return None
    return Notification(
        event_id=payment.event_id,
        event_type=f"payment.{payment.status}",
        occurred_at=payment.updated_at,
        payment=payment,
    )
