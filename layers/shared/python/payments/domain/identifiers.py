"""Names of things: derived wherever a path can repeat, drawn only where nothing can be derived from."""

from __future__ import annotations

import hashlib
import re
from datetime import UTC, datetime, timedelta

from payments.domain.card_numbers import CARD_NUMBER_REFUSED, holds_card_number
from payments.domain.errors import RequestRefused, Violation

PAYMENT_ID_PATTERN = "[A-Za-z0-9][A-Za-z0-9_-]{0,63}"
"""A payment id as clients may choose it; fits URLs, file names, and the gateways' reference fields."""

SHARDS = tuple(f"{number:02d}" for number in range(8))
"""Partitions of the day and open indexes: one partition takes 1,000 writes a second, eight take 8,000."""

_PAYMENT_ID = re.compile(PAYMENT_ID_PATTERN)
_IDEMPOTENCY_KEY = re.compile("[!-~]{1,255}")
_KEY_SCOPE = "payments:idempotency-key"
_BATCH_SCOPE = "payments:batch"
_ROW_SCOPE = "payments:batch-row"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_UUID_BITS = 128
_UUID7_RANDOM_BYTES = 10


def is_payment_id(text: str) -> bool:
    """Return whether a payment could have ``text`` as its id."""
    return _PAYMENT_ID.fullmatch(text) is not None


def checked_idempotency_key(header: str) -> str:
    """Return the value of an ``Idempotency-Key`` header: 1 to 255 visible ASCII characters, taken as they are.

    Raises:
        RequestRefused: the value has another shape, or holds a card number.
    """
    if not _IDEMPOTENCY_KEY.fullmatch(header):
        raise RequestRefused([Violation("/Idempotency-Key", "must be one value of 1 to 255 visible ASCII characters")])
    if holds_card_number(header):
        raise RequestRefused([Violation("/Idempotency-Key", CARD_NUMBER_REFUSED)])
    return header


def payment_id_from_key(idempotency_key: str) -> str:
    """Return the id of the payment that ``idempotency_key`` stands for: a UUIDv8 (RFC 9562) of its SHA-256.

    A repeat derives the same id, so that one conditional write settles who was first. The scope keeps the same text,
    hashed for another purpose, from giving the same value.
    """
    return _derived(_KEY_SCOPE, idempotency_key)


def batch_id_of(*, bucket: str, key: str, version: str) -> str:
    """Return the id of the batch that is read from this version of this object: the same however often it is told."""
    return _derived(_BATCH_SCOPE, bucket, key, version)


def payment_id_of_row(*, bucket: str, key: str, line: int, request_hash: str) -> str:
    """Return the id of a row that names none.

    The object's version is no part of it: the same bytes uploaded again under the same key meet the same payments. The
    line is, so that two rows which say the same are two payments.
    """
    return _derived(_ROW_SCOPE, bucket, key, str(line), request_hash)


def uuid7(moment: datetime, randomness: bytes) -> str:
    """Return the UUIDv7 (RFC 9562) of ``moment`` (milliseconds count) and ten random bytes.

    Raises:
        ValueError: ``randomness`` is not ten bytes long.
    """
    if len(randomness) != _UUID7_RANDOM_BYTES:
        raise ValueError(f"a UUIDv7 takes {_UUID7_RANDOM_BYTES} random bytes, got {len(randomness)}")
    milliseconds = (moment - _EPOCH) // timedelta(milliseconds=1)
    return _uuid(milliseconds << 80 | int.from_bytes(randomness), version=7)


def shard_of(payment_id: str) -> str:
    """Return the index partition of a payment, ``00`` to ``07``: spread by hash, the same on every call."""
    return SHARDS[hashlib.sha256(payment_id.encode()).digest()[0] % len(SHARDS)]


def _derived(scope: str, *parts: str) -> str:
    # Of all parts only an object's key might hold a NUL, and it stands between parts that can't.
    digest = hashlib.sha256("\0".join((scope, *parts)).encode()).digest()
    return _uuid(int.from_bytes(digest[:16]), version=8)


def _uuid(bits: int, *, version: int) -> str:
    bits = bits & ~(0xF << 76) | version << 76
    bits = bits & ~(0b11 << 62) | 0b10 << 62
    text = f"{bits:0{_UUID_BITS // 4}x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"
