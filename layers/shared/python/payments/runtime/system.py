"""The machine's own clock and randomness, as the ports want them."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime

from payments.domain.identifiers import uuid7

_UUID7_RANDOM_BYTES = 10


def now() -> datetime:
    """Return the current time: a :class:`payments.ports.Clock`."""
    moment = datetime.now(UTC)
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


def new_token() -> str:
    """Return a new UUIDv7: a :class:`payments.ports.Tokens`."""
    return uuid7(datetime.now(UTC), secrets.token_bytes(_UUID7_RANDOM_BYTES))
