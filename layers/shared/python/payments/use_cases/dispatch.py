"""Tells which queue a change of a payment wakes. The stream of changes is the outbox: nobody else sends messages."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from payments.domain.notification import NOTIFYING_STATUSES
from payments.domain.payment import Status

if TYPE_CHECKING:
    from payments.domain.payment import Payment


class Queue(StrEnum):
    """The queues a change can wake."""

    PROCESSING = "processing"
    NOTIFICATION = "notification"


@dataclass(frozen=True)
class Wake:
    """A message to send: to which queue, for which payment."""

    queue: Queue
    payment_id: str


def dispatch_change(old: Payment | None, new: Payment) -> Wake | None:
    """Return what the change from ``old`` (None for a new payment) to ``new`` asks for; None if nothing.

    A change delivered twice asks twice, which is harmless: the consumer acts on the payment's state.
    """
    if old is not None and old.version >= new.version:
        return None
    if new.status is Status.ACCEPTED:
        return Wake(Queue.PROCESSING, new.payment_id)
    if new.status in NOTIFYING_STATUSES:
        return Wake(Queue.NOTIFICATION, new.payment_id)
    return None
