"""A payment, the states it may be in, and the only moves between them."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TYPE_CHECKING

from payments.domain.errors import TransitionNotAllowed
from payments.domain.history import HistoryEntry, first_entry, next_entry

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from decimal import Decimal

    from payments.domain.approval import Approval


class Status(StrEnum):
    """Where a payment stands. The values are what the table, the API and the audit trail show."""

    ACCEPTED = "accepted"
    PROCESSING = "processing"
    SUCCEEDED = "succeeded"
    DECLINED = "declined"
    FAILED = "failed"
    NEEDS_REVIEW = "needs_review"


class Processing(StrEnum):
    """Who brings a payment to its end: the processing queue, or a workflow of the payment's own."""

    QUEUED = "queued"
    ORCHESTRATED = "orchestrated"


TRANSITIONS: Mapping[Status, frozenset[Status]] = {
    # accepted to accepted records how far an approval has come; what is refused or never decided goes to failed.
    Status.ACCEPTED: frozenset({Status.ACCEPTED, Status.PROCESSING, Status.FAILED}),
    # processing to processing is a take-over: the lease ran out and another worker goes on with the stored key.
    Status.PROCESSING: frozenset(
        {Status.PROCESSING, Status.SUCCEEDED, Status.DECLINED, Status.FAILED, Status.NEEDS_REVIEW}
    ),
    Status.NEEDS_REVIEW: frozenset({Status.SUCCEEDED, Status.DECLINED, Status.FAILED}),
    Status.SUCCEEDED: frozenset(),
    Status.DECLINED: frozenset(),
    Status.FAILED: frozenset(),
}
"""The one table of moves: conditions, documentation and tests are derived from it."""

OPEN_STATUSES = frozenset({Status.ACCEPTED, Status.PROCESSING})
"""Statuses in which the system itself still owes the next step; the sweeper watches these."""

TERMINAL_STATUSES = frozenset(status for status, after in TRANSITIONS.items() if not after)
"""Statuses that never change again."""


@dataclass(frozen=True, kw_only=True)
class Claim:
    """A worker's right to charge one payment until the lease ends.

    ``gateway_key`` is stored before the first call to the gateway and is the same on every later attempt. Who holds the
    claim is the payment's own ``owner_token``: the writer of the version that made the claim.
    """

    gateway_key: str
    lease_expires_at: datetime
    attempt: int
    first_claimed_at: datetime


@dataclass(frozen=True, kw_only=True)
class Payment:
    """One payment at one version. Immutable: every move gives a new one.

    ``amount`` is exact, in the currency's major unit. ``history`` holds one entry per version, oldest first.
    ``due_at`` is set only while the payment is open. ``batch_id`` and ``batch_line`` name the row it came from.
    ``approval`` is set where a person must decide before the charge.
    ``owner_token`` names the writer of this version, so that a writer whose answer was lost recognises its own write.
    """

    payment_id: str
    amount: Decimal
    currency: str
    status: Status
    created_at: datetime
    updated_at: datetime
    request_hash: str
    version: int
    owner_token: str
    history: tuple[HistoryEntry, ...]
    customer_id: str | None = None
    description: str | None = None
    metadata: Mapping[str, str] = field(default_factory=dict)
    batch_id: str | None = None
    batch_line: int | None = None
    processing: Processing = Processing.QUEUED
    approval: Approval | None = None
    gateway_reference: str | None = None
    failure_code: str | None = None
    claim: Claim | None = None
    due_at: datetime | None = None

    @property
    def event_id(self) -> str:
        """Identifier of the change that led to this version: derived, so that a repeat names the same event."""
        return f"{self.payment_id}#{self.version}"

    @property
    def is_open(self) -> bool:
        """Whether the system still owes this payment its next step."""
        return self.status in OPEN_STATUSES

    @property
    def awaits_approval(self) -> bool:
        """Whether this payment must not be charged before a person has decided."""
        return self.is_open and self.approval is not None and self.approval.is_pending

    @property
    def is_terminal(self) -> bool:
        """Whether this payment can never change again."""
        return self.status in TERMINAL_STATUSES


@dataclass(frozen=True, kw_only=True)
class Move:
    """What one transition changes beside status, version and history."""

    to: Status
    at: datetime
    actor: str
    reason: str
    owner_token: str
    claim: Claim | None = None
    approval: Approval | None = None
    due_at: datetime | None = None
    gateway_reference: str | None = None
    failure_code: str | None = None


def moved(payment: Payment, move: Move) -> Payment:
    """Return ``payment`` after ``move``, one version later.

    Raises:
        TransitionNotAllowed: the table of transitions has no such move.
    """
    if move.to not in TRANSITIONS[payment.status]:
        raise TransitionNotAllowed(payment.payment_id, payment.status, move.to)
    entry = next_entry(
        payment.payment_id,
        payment.history,
        status=move.to,
        at=move.at,
        actor=move.actor,
        reason=move.reason,
    )
    return replace(
        payment,
        status=move.to,
        updated_at=move.at,
        version=entry.version,
        history=(*payment.history, entry),
        owner_token=move.owner_token,
        claim=move.claim or payment.claim,
        approval=move.approval or payment.approval,
        due_at=move.due_at if move.to in OPEN_STATUSES else None,
        gateway_reference=move.gateway_reference or payment.gateway_reference,
        failure_code=move.failure_code,
    )


def as_accepted(payment: Payment) -> Payment:
    """Return ``payment`` as it was at version 1, whatever became of it: the answer every replay of its request gets."""
    return replace(
        payment,
        status=Status.ACCEPTED,
        updated_at=payment.created_at,
        version=1,
        history=payment.history[:1],
        claim=None,
        approval=payment.approval.as_required() if payment.approval else None,
        due_at=None,
        gateway_reference=None,
        failure_code=None,
    )


__all__ = [
    "OPEN_STATUSES",
    "TERMINAL_STATUSES",
    "TRANSITIONS",
    "Claim",
    "HistoryEntry",
    "Move",
    "Payment",
    "Processing",
    "Status",
    "as_accepted",
    "first_entry",
    "moved",
]
