"""Writes the audit trail from the history that every version of a payment carries."""

from __future__ import annotations

from typing import TYPE_CHECKING

from payments.domain.audit import events_since
from payments.domain.errors import HistoryMismatch
from payments.domain.history import is_sound

if TYPE_CHECKING:
    from payments.domain.payment import Payment
    from payments.ports import AuditLog


def record_change(old_version: int | None, new: Payment, *, log: AuditLog) -> int:
    """Record every version of ``new`` later than ``old_version`` (None for a new payment); return how many.

    A change delivered again, or after a crash half way, records what is missing: events are named by their version.

    Raises:
        HistoryMismatch: the payment's history breaks its chain of hashes or does not end in its version, or an event is
            recorded already and says something else. Nobody recorded writes like that: look who wrote the table.
    """
    if len(new.history) != new.version or not is_sound(new.payment_id, new.history):
        raise HistoryMismatch(f"the history of payment {new.payment_id} is not what its hashes and version say")
    events = events_since(new, version=old_version or 0)
    for event in events:
        log.append(event)
    return len(events)
