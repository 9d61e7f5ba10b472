"""What a payment's audit trail must be: versions 1, 2, 3 … tied by hashes, the same as the payment's own history."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from payments.domain.examination import faults_of
from payments.domain.history import HistoryEntry, entry_hash, is_sound
from payments.domain.payment import Payment
from payments.domain.timestamps import rfc3339


class FaultKind(StrEnum):
    """How a trail can be wrong."""

    ALTERED = "altered"
    MISSING = "missing"
    EXTRA = "extra"


@dataclass(frozen=True, kw_only=True)
class Fault:
    """What is wrong first with a payment's trail, or with the payment it was compared with."""

    payment_id: str
    version: int
    kind: FaultKind
    detail: str


@dataclass(frozen=True)
class Unreadable:
    """An event that holds something no recorder writes."""

    version: int
    detail: str


Recorded = HistoryEntry | Unreadable


def first_fault(payment_id: str, trail: Sequence[Recorded], *, now: datetime, allowed_lag: timedelta) -> Fault | None:
    """Return what is wrong first with ``trail``, in the order of its versions, by itself; None where it is whole.

    Events are recorded side by side, and one that failed is recorded later: a gap counts once the event behind it is
    older than ``allowed_lag``. Whoever rewrites an event and seals it anew, and every later one too, or cuts off the
    end is found by :func:`first_difference` alone.
    """
    if not trail:
        return Fault(payment_id=payment_id, version=1, kind=FaultKind.MISSING, detail="nothing is recorded")
    expected, previous = 1, ""
    for entry in trail:
        if entry.version > expected and isinstance(entry, HistoryEntry) and abs(now - entry.at) <= allowed_lag:
            expected, previous = entry.version, entry.previous_hash
        found = _fault(payment_id, expected, entry, previous)
        if found or isinstance(entry, Unreadable):
            return found
        expected, previous = entry.version + 1, entry.hash
    return None


def first_difference(
    payment_id: str, trail: Sequence[Recorded], payment: Payment | None, *, now: datetime, allowed_lag: timedelta
) -> Fault | None:
    """Return where ``trail`` and the history that the payment itself carries differ first, or the payment from both.

    A trail does not say how much was paid: what the payment says of itself is held against the hash of the request
    that was accepted. Read the trail before the payment, which may be ahead of it by ``allowed_lag``, never behind.
    """
    if payment is None:
        return Fault(payment_id=payment_id, version=1, kind=FaultKind.EXTRA, detail="there is no such payment")
    history_is_whole = len(payment.history) == payment.version and is_sound(payment_id, payment.history)
    found = _differing_event(trail, payment, recorded_until=now - allowed_lag) if history_is_whole else None
    return found or _altered(payment)


def _differing_event(trail: Sequence[Recorded], payment: Payment, *, recorded_until: datetime) -> Fault | None:
    def fault(version: int, kind: FaultKind, detail: str) -> Fault:
        return Fault(payment_id=payment.payment_id, version=version, kind=kind, detail=detail)

    recorded = {entry.version: entry for entry in trail}
    for entry in payment.history:
        event = recorded.pop(entry.version, None)
        if event is None and entry.at < recorded_until:
            return fault(entry.version, FaultKind.MISSING, f"the payment became {entry.status} at {rfc3339(entry.at)}")
        if event is not None and (isinstance(event, Unreadable) or event.hash != entry.hash):
            return fault(entry.version, FaultKind.ALTERED, "the payment's own history says something else")
    if recorded:
        return fault(min(recorded), FaultKind.EXTRA, f"the payment is at version {payment.version}")
    return None


def _altered(payment: Payment) -> Fault | None:
    faults = faults_of(payment)
    detail = f"the payment itself was altered: {'; '.join(faults)}"
    fault = Fault(payment_id=payment.payment_id, version=payment.version, kind=FaultKind.ALTERED, detail=detail)
    return fault if faults else None


def _fault(payment_id: str, version: int, entry: Recorded, previous: str) -> Fault | None:
    def fault(kind: FaultKind, detail: str, at: int = version) -> Fault:
        return Fault(payment_id=payment_id, version=at, kind=kind, detail=detail)

    if entry.version < version:
        return fault(FaultKind.EXTRA, "versions begin with 1", entry.version)
    if entry.version > version:
        return fault(FaultKind.MISSING, f"the trail goes on with version {entry.version}")
    if isinstance(entry, Unreadable):
        return fault(FaultKind.ALTERED, entry.detail)
    if entry.hash != entry_hash(payment_id, entry):
        return fault(FaultKind.ALTERED, "its hash is not that of what it says")
    if entry.previous_hash != previous:
        return fault(FaultKind.ALTERED, f"it does not continue version {version - 1}: one of the two was written anew")
    return None
