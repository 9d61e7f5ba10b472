"""Wakes what was left lying: the guarantee of progress behind streams, queues and workers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from payments.domain.errors import DeliveryFailed

if TYPE_CHECKING:
    from payments.ports import Clock, Measurements, MessageQueue, OverduePayments

OVERDUE_METRIC = "OpenPaymentsOverdue"


def wake_overdue(
    *, overdue: OverduePayments, queue: MessageQueue, clock: Clock, measure: Measurements, limit: int
) -> int:
    """Send a wake-up for every open payment past its deadline, ``limit`` per index shard at most; return how many.

    Nothing is written, and waking twice is harmless: what follows is decided by the payment's state.

    Raises:
        DeliveryFailed: some were not taken, after all were tried; the next run finds them again.
    """
    payment_ids = overdue.ids_due_before(clock(), limit=limit)
    measure.count(OVERDUE_METRIC, len(payment_ids))
    not_taken = queue.send(payment_ids)
    if not_taken:
        raise DeliveryFailed(f"{len(not_taken)} of {len(payment_ids)} wake-ups were not taken by the processing queue")
    return len(payment_ids)
