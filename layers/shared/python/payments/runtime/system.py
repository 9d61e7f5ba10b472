"""The machine's own clock and randomness, as the ports want them, and how its threads take turns."""

from __future__ import annotations

import secrets
import sys
from datetime import UTC, datetime

from payments.domain.identifiers import uuid7

_UUID7_RANDOM_BYTES = 10
_TURN_SECONDS = 0.000_5


def now() -> datetime:
    """Return the current time: a :class:`payments.ports.Clock`."""
    moment = datetime.now(UTC)
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


def new_token() -> str:
    """Return a new UUIDv7: a :class:`payments.ports.Tokens`."""
    return uuid7(datetime.now(UTC), secrets.token_bytes(_UUID7_RANDOM_BYTES))


def take_short_turns() -> None:
    """Let threads take turns ten times as often as Python does by itself.

    For a function that prepares in one thread what others send: each step of a request that waits for the network waits
    for its turn after it, and Python's 5 ms are longer than the network takes.
    """
    sys.setswitchinterval(_TURN_SECONDS)
