"""Pointers to what is at fault in a request, as far as its names may be repeated."""

from __future__ import annotations

import re
from itertools import takewhile

from payments.domain.card_numbers import holds_card_number

_PLAIN_NAME = re.compile("[A-Za-z_][A-Za-z0-9_.-]{0,39}")
_MOST_NAMES = 5


def is_plain(name: str) -> bool:
    """Return whether a name that a caller made up may be repeated: it is short, of plain letters, no card number."""
    return _PLAIN_NAME.fullmatch(name) is not None and not holds_card_number(name)


def pointer_to(*names: str | int) -> str:
    """Return the JSON pointer (RFC 6901) to what stands under ``names``, or to what holds it if a name is not plain."""
    plain = takewhile(lambda name: isinstance(name, int) or is_plain(name), names[:_MOST_NAMES])
    return "".join(f"/{name}" for name in plain)
