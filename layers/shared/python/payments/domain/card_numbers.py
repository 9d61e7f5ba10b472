"""Finds card numbers in free text, so that they are refused before anything stores or prints them."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

CARD_NUMBER_REFUSED = "looks like it holds a card number; card numbers must never be sent here"
"""What is said of a field that holds one; never the number."""

_SHORTEST, _LONGEST = 13, 19

# Printed cards show groups of three digits or more, people write what is left over after fours as the last group;
# other short groups are phone numbers, dates and sizes.
_GROUPED_DIGITS = re.compile(r"\d{3,}(?:[\s._/-]{1,3}\d{3,})*(?:[\s._/-]{1,3}\d{1,2}(?!\d))?")
_DIGITS = re.compile(r"\d+")

# A minus sign, and dots that stand as high as a digit's middle: no dashes and no dots to Unicode.
_LOOK_ALIKES = {"\u2212": "-", "\u00b7": ".", "\u2022": ".", "\u2219": ".", "\u22c5": "."}

# Where card schemes issue (ISO/IEC 7812): 3 to 6, and 22 to 27 for Mastercard. Millisecond timestamps start with 1.
_ISSUED = re.compile("[3-6]|2[2-7]")

# UUIDs, hashes and the like have runs of digits by chance: one in a hundred UUIDs would pass for a card otherwise.
_HEXADECIMAL = re.compile(r"(?=[0-9-]*[A-Fa-f])[0-9A-Fa-f-]{32,}")


def holds_card_number(text: str) -> bool:
    """Return whether ``text`` holds 13 to 19 digits that pass as a card number (issued range, Luhn's check digit).

    The digits may be in groups of three or more (the last may be shorter), parted by up to three spaces, dots, slashes,
    hyphens or underscores. Digits, hyphens and dots of other scripts and styles count as the plain ones; what is not
    seen does not part them. One in ten numbers of that length passes by chance: better a reference refused than a card
    number kept.
    """
    return any(
        _ISSUED.match(number) is not None and _passes_luhn(number)
        for run in _GROUPED_DIGITS.findall(_HEXADECIMAL.sub(" x ", _plain(text)))
        for number in _candidates(_DIGITS.findall(run))
    )


def _plain(text: str) -> str:
    """Return ``text`` as it looks: a card number is no less one in circled digits, or with no-width spaces between."""
    if text.isascii():
        return text
    return "".join(map(_plain_character, unicodedata.normalize("NFKC", text)))


def _plain_character(character: str) -> str:
    match unicodedata.category(character):
        case "Cf" | "Mn" | "Me":
            return ""
        case "Pd":
            return "-"
        case "Nd":
            return str(int(character))
    return _LOOK_ALIKES.get(character, character)


def _candidates(groups: Sequence[str]) -> Iterator[str]:
    # Most texts have too few digits, and rows of files have millions of texts.
    if sum(map(len, groups)) < _SHORTEST:
        return
    for start in range(len(groups)):
        number = ""
        for group in groups[start:]:
            number += group
            if len(number) > _LONGEST:
                break
            if len(number) >= _SHORTEST:
                yield number


def _passes_luhn(number: str) -> bool:
    digits = [int(digit) for digit in reversed(number)]
    doubled = (sum(divmod(2 * digit, 10)) for digit in digits[1::2])
    return (sum(digits[::2]) + sum(doubled)) % 10 == 0
