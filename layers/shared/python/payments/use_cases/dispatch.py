"""Tells what a change of a payment asks for. The stream of changes is the outbox: nobody else sends messages."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from payments.domain.approval import ApprovalState
from payments.domain.notification import NOTIFYING_STATUSES
from payments.domain.payment import Processing, Status

if TYPE_CHECKING:
    from collections.abc import Iterator

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


@dataclass(frozen=True)
class Start:
    """A workflow to start: for which payment."""

    payment_id: str


@dataclass(frozen=True)
class Answer:
    """An answer for the workflow that waits with ``task_token``: whether a person approved."""

    task_token: str
    granted: bool


Request = Wake | Start | Answer
"""What a change can ask for."""


def dispatch_change(old: Payment | None, new: Payment) -> tuple[Request, ...]:
    """Return all that the change from ``old`` (None for a new payment) to ``new`` asks for.

    A change delivered twice asks twice, which is harmless: the consumer acts on the payment's state. A payment that a
    workflow owns never wakes the processing queue from here; what its workflow leaves lying is the sweeper's.
    """
    if old is not None and old.version >= new.version:
        return ()
    return tuple(_asked_by(old, new))


def _asked_by(old: Payment | None, new: Payment) -> Iterator[Request]:
    if _is_decided(new) and not (old and _is_decided(old)):
        yield from _answer(new)
    if new.status is Status.ACCEPTED and (old is None or _nobody_was_asked(new)):
        queued = new.processing is Processing.QUEUED
        yield Wake(Queue.PROCESSING, new.payment_id) if queued else Start(new.payment_id)
    elif new.status in NOTIFYING_STATUSES:
        yield Wake(Queue.NOTIFICATION, new.payment_id)


def _nobody_was_asked(payment: Payment) -> bool:
    return payment.approval is not None and payment.approval.state is ApprovalState.REQUIRED


def _is_decided(payment: Payment) -> bool:
    return payment.approval is not None and not payment.approval.is_pending


def _answer(payment: Payment) -> Iterator[Answer]:
    approval = payment.approval
    if approval is not None and approval.task_token is not None:
        yield Answer(approval.task_token, granted=approval.state is ApprovalState.GRANTED)
