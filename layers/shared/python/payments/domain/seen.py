"""Remembers texts in memory that does not grow: a Bloom filter."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_BITS = 1 << 27
_BYTES_OF_POSITION = 4
_POSITIONS = 8
_LONGEST_SALT_BYTES = hashlib.blake2b.SALT_SIZE


class Seen:
    """Holds as many texts as come, in 16 MiB.

    It never denies a text it was given. One it was not given it takes for known once in 10^10 among a million, once in
    600 among ten million; another ``salt`` errs at others.
    """

    def __init__(self, *, salt: str) -> None:
        self._salt = hashlib.sha256(salt.encode()).digest()[:_LONGEST_SALT_BYTES]
        self._bits = bytearray(_BITS // 8)

    def add(self, text: str) -> None:
        """Remember ``text``."""
        for position in self._positions(text):
            self._bits[position >> 3] |= 1 << (position & 7)

    def __contains__(self, text: str) -> bool:
        """Return whether ``text`` was most likely added; where it was, always."""
        return all(self._bits[position >> 3] >> (position & 7) & 1 for position in self._positions(text))

    def _positions(self, text: str) -> Iterator[int]:
        # What others write may hold halves of characters, which are no UTF-8.
        digest = hashlib.blake2b(
            text.encode(errors="surrogatepass"), digest_size=_POSITIONS * _BYTES_OF_POSITION, salt=self._salt
        ).digest()
        for start in range(0, len(digest), _BYTES_OF_POSITION):
            yield int.from_bytes(digest[start : start + _BYTES_OF_POSITION]) % _BITS
