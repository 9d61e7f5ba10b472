"""Index partitions that spread: a status or a bare time as the key would make one partition carry every write."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import date

SHARDS = tuple(f"{number:02d}" for number in range(8))
"""Parts of the by-day and the open index: eight partitions take 8,000 writes a second; a listing is eight queries."""


def shard_of(payment_id: str) -> str:
    """Return the index shard ``payment_id`` always falls into."""
    return SHARDS[hashlib.sha256(payment_id.encode()).digest()[0] % len(SHARDS)]


def day_shard(day: date, shard: str) -> str:
    """Return the by-day index's partition of ``day`` (UTC) and ``shard``, such as ``2026-11-22#07``."""
    return f"{day.isoformat()}#{shard}"
