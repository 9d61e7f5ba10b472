"""Finds card numbers in free text, so that they are refused before anything stores or prints them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_SHORTEST, _LONGEST = 13, 19

# Printed cards show groups of three digits or more; shorter ones are phone numbers, dates and sizes.
_GROUPED_DIGITS = re.compile(r"\d{3,}(?:[\s._/-]{1,3}\d{3,})*")
_DIGITS = re.compile(r"\d+")

# Where card schemes issue (ISO/IEC 7812): 3 to 6, and 22 to 27 for Mastercard. Millisecond timestamps start with 1.
_ISSUED = re.compile("[3-6]|2[2-7]")

# UUIDs, hashes and the like have runs of digits by chance: one in a hundred UUIDs would pass for a card otherwise.
_HEXADECIMAL = re.compile(r"(?=[0-9-]*[A-Fa-f])[0-9A-Fa-f-]{32,}")


def holds_card_number(text: str) -> bool:
    """Return whether ``text`` holds 13 to 19 digits that pass as a card number (issued range, Luhn's check digit).

    The digits may be in groups of three or more, parted by up to three spaces, dots, slashes, hyphens or underscores.
    One in ten numbers of that length passes by chance: better a reference refused than a card number kept.
    """
    return any(
        _ISSUED.match(number) is not None and _passes_luhn(number)
        for run in _GROUPED_DIGITS.findall(_HEXADECIMAL.sub(" x ", text))
        for number in _candidates(_DIGITS.findall(run))
    )


def _candidates(groups: Sequence[str]) -> Iterator[str]:
    # Most texts have too few digits, and rows of files have millions of texts.
    if sum(map(len, groups)) < _SHORTEST:
        return
    for start in range(len(groups)):
        number = ""
        for group in groups[start:]:
            number += "".join(str(int(digit)) for digit in group)
            if len(number) > _LONGEST:
                break
            if len(number) >= _SHORTEST:
                yield number


def _passes_luhn(number: str) -> bool:
    digits = [int(digit) for digit in reversed(number)]
    doubled = (sum(divmod(2 * digit, 10)) for digit in digits[1::2])
    return (sum(digits[::2]) + sum(doubled)) % 10 == 0
