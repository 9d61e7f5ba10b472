"""What a payment's audit trail must be: versions 1, 2, 3 … tied by hashes, the same as the payment's own history."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from payments.domain.history import HistoryEntry, entry_hash, is_sound
from payments.domain.payment import Payment


class FaultKind(StrEnum):
    """How a trail can be wrong."""

    ALTERED = "altered"
    MISSING = "missing"
    EXTRA = "extra"


@dataclass(frozen=True, kw_only=True)
class Fault:
    """The first event of a payment's trail that is not as it was recorded."""

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


def first_fault(payment_id: str, trail: Sequence[Recorded]) -> Fault | None:
    """Return what is wrong first with ``trail``, in the order of its versions, by itself; None where it is whole.

    Whoever rewrites an event and seals it anew, and every later one too, is found by :func:`first_difference` alone.
    """
    if not trail:
        return Fault(payment_id=payment_id, version=1, kind=FaultKind.MISSING, detail="nothing is recorded")
    previous = ""
    for version, entry in enumerate(trail, start=1):
        found = _fault(payment_id, version, entry, previous)
        if found or isinstance(entry, Unreadable):
            return found
        previous = entry.hash
    return None


def first_difference(
    payment_id: str, trail: Sequence[Recorded], payment: Payment | None, *, now: datetime, allowed_lag: timedelta
) -> Fault | None:
    """Return where ``trail`` first differs from the history that the payment itself carries.

    Read the trail before the payment: a payment may be ahead of its trail by ``allowed_lag``, never behind.
    """

    def fault(version: int, kind: FaultKind, detail: str) -> Fault:
        return Fault(payment_id=payment_id, version=version, kind=kind, detail=detail)

    if payment is None:
        return fault(1, FaultKind.EXTRA, "there is no such payment")
    if len(payment.history) != payment.version or not is_sound(payment_id, payment.history):
        return fault(payment.version, FaultKind.ALTERED, "the payment's own history is not what its hashes say")
    recorded = {entry.version: entry for entry in trail}
    for entry in payment.history:
        event = recorded.pop(entry.version, None)
        if event is None and now - entry.at > allowed_lag:
            return fault(entry.version, FaultKind.MISSING, f"the payment became {entry.status} at {entry.at}")
        if event is not None and (isinstance(event, Unreadable) or event.hash != entry.hash):
            return fault(entry.version, FaultKind.ALTERED, "the payment's own history says something else")
    if recorded:
        return fault(min(recorded), FaultKind.EXTRA, f"the payment is at version {payment.version}")
    return None


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
