"""What the use cases of single payments need from the outside world.

Whatever reads or writes what is stored may raise ``StoreBusy``; it can be asked again a little later.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from payments.domain.charge import Charge, LedgerEntry
from payments.domain.notification import Notification

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from datetime import date, datetime, timedelta
    from decimal import Decimal

    from payments.domain.audit import AuditEvent
    from payments.domain.payment import Payment
    from payments.domain.reconciliation import Finding


class Clock(Protocol):
    """Tells the time. Clocks minutes apart cost work, never money: order comes from versions."""

    def __call__(self) -> datetime:
        """Return the current time, aware, in UTC, cut to whole milliseconds (what the table keeps)."""
        ...


class Tokens(Protocol):
    """Draws unguessable identifiers: owner tokens, and ids of payments that came without one."""

    def __call__(self) -> str:
        """Return a new UUIDv7 as text."""
        ...


@dataclass(frozen=True, kw_only=True)
class KeyRecord:
    """Remembers that an idempotency key was used, where the client chose the payment id itself.

    It is kept under ``record_id``: the payment id the key alone would have led to. So a key used once with an id in the
    body and once without meets itself in one item, and one condition sees the conflict. The item has no ``status`` and
    is no payment: reading that id as a payment finds none.
    """

    record_id: str
    request_hash: str
    expires_at: datetime


@dataclass(frozen=True)
class Page:
    """One page of a listing; ``next_token`` is opaque and absent on the last page."""

    items: tuple[Payment, ...]
    next_token: str | None


class PaymentReader(Protocol):
    """Reads payments."""

    def get(self, payment_id: str) -> Payment:
        """Return the payment, strongly consistent.

        Raises:
            PaymentNotFound: there is none.
        """
        ...

    def list_of_customer(self, customer_id: str, *, limit: int, next_token: str | None) -> Page:
        """Return the customer's payments, newest first, ``limit`` (1 to 100) at most.

        Raises:
            RequestRefused: ``next_token`` was not issued for this listing.
        """
        ...

    def list_created_on(self, day: date, *, limit: int, next_token: str | None) -> Page:
        """Return the payments created on ``day`` (UTC): a fixed number of queries however many there are."""
        ...


class PaymentStore(PaymentReader, Protocol):
    """Reads payments and makes the one conditional write of each step."""

    def create(self, payment: Payment, *, key_record: KeyRecord | None = None) -> Payment:
        """Add ``payment`` if its id (and, with ``key_record``, its idempotency key) is new.

        Returns ``payment`` itself when this call, or an earlier try of this very call (same ``owner_token``),
        wrote it. Otherwise returns what is stored already under the id when its request hash is the same; a key that
        such a replay brings for the first time is remembered from then on. A key record past its ``expires_at`` counts
        as absent.

        Raises:
            IdempotencyConflict: the item under ``key_record.record_id`` (a key record, or a payment that was derived
                from the key) has another request hash; or, without ``key_record``, the item under the payment's own id
                is a key record. Comes before PaymentIdTaken when both hold.
            PaymentIdTaken: the id is stored with another request hash.
        """
        ...

    def advance(self, payment: Payment) -> None:
        """Replace version ``payment.version - 1`` by ``payment``; a repeat of this very write is a success.

        Raises:
            VersionConflict: the stored payment is neither that version nor this very write.
        """
        ...


class OverduePayments(Protocol):
    """Finds open payments whose deadline has passed."""

    def ids_due_before(self, moment: datetime, *, limit: int) -> Sequence[str]:
        """Return ids of open payments due before ``moment``, at most ``limit`` per index shard, oldest first."""
        ...


class MessageQueue(Protocol):
    """A queue of wake-up calls: a message carries a payment id and a schema version, never amounts."""

    def send(self, payment_ids: Iterable[str]) -> Sequence[str]:
        """Send one message per id, in batches; return the ids that were not taken (empty when all were)."""
        ...


class AuditLog(Protocol):
    """Append-only record of every status change."""

    def append(self, event: AuditEvent) -> None:
        """Add ``event``; adding the same event again changes nothing.

        Raises:
            HistoryMismatch: an event with this id exists and says something else.
        """
        ...


class AuditTrail(Protocol):
    """Reads what was recorded."""

    def events_of(self, payment_id: str) -> Sequence[AuditEvent]:
        """Return the payment's events in order of version; empty when there are none."""
        ...


class PaymentGateway(Protocol):
    """Whoever moves the money.

    A gateway must promise four things (the contract suite checks each): one key is charged at most once and repeats
    answer alike for ``key_retention``; a charge can be looked up by the payment's reference; amount and currency are
    echoed; what it cannot do it refuses clearly.
    """

    @property
    def key_retention(self) -> timedelta:
        """How long the gateway remembers an idempotency key."""
        ...

    def charge(self, *, idempotency_key: str, reference: str, amount: Decimal, currency: str) -> Charge:
        """Charge once per ``idempotency_key``; a repeat returns the first answer.

        Raises:
            GatewayAmbiguous: nobody knows whether it happened.
            GatewayRefused: it will never happen.
        """
        ...

    def find(self, *, reference: str) -> Charge | None:
        """Return the charge made for ``reference`` (the payment id), or None if there certainly is none.

        Raises:
            GatewayAmbiguous: the gateway could not tell.
        """
        ...


class GatewayLedger(Protocol):
    """The books of whoever moves the money."""

    def charges_between(self, start: datetime, end: datetime) -> Iterator[LedgerEntry]:
        """Yield every charge made from ``start`` on and before ``end``, declined ones too, read page by page.

        Raises:
            GatewayAmbiguous: the gateway could not tell, or told what can't be; what was yielded before stands.
        """
        ...

    def charges_of(self, reference: str) -> Sequence[Charge]:
        """Return every charge made for ``reference`` (the payment id); none means that there certainly is none.

        Raises:
            GatewayAmbiguous: the gateway could not tell.
        """
        ...


class ManyPayments(Protocol):
    """Reads payments by the hundred; what it returns may be a moment old."""

    def get_all(self, payment_ids: Iterable[str]) -> Mapping[str, Payment]:
        """Return, by their ids, those of the payments that there are."""
        ...

    def created_on(self, day: date) -> Iterator[Payment]:
        """Yield the payments created on ``day`` (UTC), in no order, read page by page."""
        ...


class DiscrepancyReport(Protocol):
    """Tells people what they have to look into."""

    def __call__(self, finding: Finding, /) -> None:
        """Report ``finding``; it is out of this process when the call returns."""
        ...


class Notifier(Protocol):
    """Delivers a notification at least once."""

    def notify(self, notification: Notification) -> None:
        """Deliver ``notification``.

        Raises:
            DeliveryFailed: it was not taken; deliver again.
        """
        ...


class Measurements(Protocol):
    """Counts what operators are alarmed by."""

    def count(self, name: str, value: int = 1) -> None:
        """Add ``value`` to the metric ``name``; it is out of this process when the call returns.

        A count is made before the write it warns of, so that a process dying between the two cannot hide it.
        """
        ...


__all__ = [
    "AuditLog",
    "AuditTrail",
    "Charge",
    "Clock",
    "DiscrepancyReport",
    "GatewayLedger",
    "KeyRecord",
    "LedgerEntry",
    "ManyPayments",
    "Measurements",
    "MessageQueue",
    "Notification",
    "Notifier",
    "OverduePayments",
    "Page",
    "PaymentGateway",
    "PaymentReader",
    "PaymentStore",
    "Tokens",
]
