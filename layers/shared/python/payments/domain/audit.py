"""Audit events: one for every change of a payment, derived from its history and never altered."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from payments.domain.history import HistoryEntry
    from payments.domain.payment import Payment


@dataclass(frozen=True, kw_only=True)
class AuditEvent:
    """One recorded change: which payment, and the sealed history entry."""

    payment_id: str
    entry: HistoryEntry

    @property
    def event_id(self) -> str:
        """``payment_id#version``: derived, so that recording twice is recording once."""
        return f"{self.payment_id}#{self.entry.version}"


def events_since(payment: Payment, *, version: int) -> tuple[AuditEvent, ...]:
    """Return the events of every version of ``payment`` later than ``version``."""
    return tuple(
        AuditEvent(payment_id=payment.payment_id, entry=entry) for entry in payment.history if entry.version > version
    )
