"""The hash-chained history of one payment: one entry per version, each naming the hash of the one before."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from payments.domain.timestamps import rfc3339

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

# Made once: json.dumps makes one at every call, and files have millions of rows.
_JSON = json.JSONEncoder(separators=(",", ":"))


@dataclass(frozen=True, kw_only=True)
class HistoryEntry:
    """One change of status: what, when, by whom, why, and the hash that ties it to the entry before."""

    version: int
    status: str
    at: datetime
    actor: str
    reason: str
    previous_hash: str
    hash: str


def entry_hash(payment_id: str, entry: HistoryEntry) -> str:
    """Return the SHA-256 (hex) of everything ``entry`` says, the hash of its predecessor included."""
    said = [
        payment_id,
        entry.version,
        entry.status,
        rfc3339(entry.at),
        entry.actor,
        entry.reason,
        entry.previous_hash,
    ]
    return hashlib.sha256(_JSON.encode(said).encode()).hexdigest()


def first_entry(payment_id: str, *, status: str, at: datetime, actor: str, reason: str) -> HistoryEntry:
    """Return the entry a payment's history starts with (version 1, no predecessor)."""
    return next_entry(payment_id, (), status=status, at=at, actor=actor, reason=reason)


def next_entry(
    payment_id: str,
    history: Sequence[HistoryEntry],
    *,
    status: str,
    at: datetime,
    actor: str,
    reason: str,
) -> HistoryEntry:
    """Return the entry that continues ``history``; its ``at`` keeps milliseconds, as stored."""
    unsealed = HistoryEntry(
        version=len(history) + 1,
        status=str(status),
        at=at,
        actor=actor,
        reason=reason,
        previous_hash=history[-1].hash if history else "",
        hash="",
    )
    return HistoryEntry(**{**vars(unsealed), "hash": entry_hash(payment_id, unsealed)})


def is_sound(payment_id: str, history: Sequence[HistoryEntry]) -> bool:
    """Return whether ``history`` is whole: versions 1, 2, 3 …, each sealed by its hash and tied to the one before."""
    previous = ""
    for version, entry in enumerate(history, start=1):
        if (entry.version, entry.previous_hash, entry.hash) != (version, previous, entry_hash(payment_id, entry)):
            return False
        previous = entry.hash
    return bool(history)
