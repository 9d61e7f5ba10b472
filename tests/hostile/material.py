"""What strangers send: numbers that are none, texts that pretend, and card numbers in every dress.

Everything is drawn from the generator that is handed in, so that a seed gives the same inputs again.
"""

from __future__ import annotations

import base64
import json
import unicodedata
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from random import Random

CARD_NUMBERS = (
    "4111111111111111",
    "4242424242424242",
    "5555555555554444",
    "2223003122003222",
    "378282246310005",
    "30569309025904",
    "6205500000000000004",
)
"""Test numbers that schemes and gateways publish."""

NO_AMOUNTS = (
    *("NaN", "-NaN", "Infinity", "-Infinity", "nan", "inf", "-0", "0", "-0.0", "0e999", "-1", "1e400", "1e-400"),
    *("1e999999999999999999999", "-1e-999999999999999999999", "9" * 64, "9" * 65, "9" * 5000, "0." + "0" * 62 + "1"),
    *("true", "false", "null", "[]", "{}", "[1]", '{"amount": 1}', "1" + "0" * 15, "1.00000", "0x10", "1_000", "+1"),
    *('""', '" "', '"1 "', '" 1"', '"+1"', '"-1"', '"-0"', '"0"', '"0.00"', '"1e2"', '"1,00"', '"1.000,00"', '"$1"'),
    *(
        '"01"',
        '"1."',
        '".1"',
        '"1_0"',
        '"NaN"',
        '"Infinity"',
        '"١٢"',
        '"１２.００"',
        '"1\\u0000"',
        '"1\\n"',
        '"²"',
        '"1\\u200b"',
    ),
)
"""JSON texts, some of them not even JSON, that are no amount in any currency."""

SCALES = (("JPY", 0), ("KRW", 0), ("USD", 2), ("EUR", 2), ("KWD", 3), ("BHD", 3), ("CLF", 4), ("UYW", 4))

NO_CURRENCIES: tuple[object, ...] = (
    *(
        "",
        " ",
        "usd",
        "Usd",
        "ZZZ",
        "XAU",
        "XXX",
        "US",
        "USDD",
        "USD ",
        " USD",
        "USD\0",
        "USD\n",
        "ＵＳＤ",
        "U\u0405D",
        "€",
    ),
    *(1, None, True, [], {}, ["USD"], {"USD": 1}),
)

FORBIDDEN_CHARACTERS = (
    *("\0", "\a", "\b", "\t", "\n", "\r", "\x1b[31m", "\x7f", "\x80", "\x85", "\x9f", "\u2028", "\u2029"),
    *("\u202a", "\u202e", "\u2066", "\u2069", "\ud800", "\udfff", "\udcff"),
)
"""What can forge a line of a log or a report, or can't be written as UTF-8."""

ALLOWED_ODDITIES = (
    *(
        "e\u0301",
        "\u212b",
        "ﬁ",
        "ß",
        "\u1e9e",
        "\u0130",
        "\u200d",
        "\ufeff",
        "\u00a0",
        "\u3000",
        "👩‍👩‍👧‍👦",
        "\U0001f1e9",
    ),
    *(
        "А",
        "Ω",
        "\u0344",
        "\ufb2c",
        "\u0958",
        "\U0001d15e",
        "\uffff",
        "\U0010ffff",
        "=1+1",
        "@x",
        "${jndi:ldap://x}",
        "{}",
        "%s%n",
    ),
    *("<script>", "'; DROP TABLE payments; --", "../../etc/passwd", "\\", '"', "'", "\u0600", "\u0e33", "ๆ็็็็็"),
)
"""Odd, and anybody's right to say."""

NOT_NAMES = (
    "..",
    ".",
    "",
    "%2e%2e",
    "%2F",
    "a/b",
    "a%2Fb",
    "..\\..",
    "-",
    "_",
    " ",
    "\0",
    "a\0",
    "a\n",
    "ä",
    "\ud800",
    "*",
)


def marker(draw: Random) -> str:
    """Return letters that occur nowhere else, by which what was sent is found again."""
    return "zq" + "".join(draw.choices("ghjkmnpqrstvwxyz", k=14))


def odd_text(draw: Random, mark: str) -> str:
    """Return a text that has to be taken: odd, but without anything that is forbidden."""
    return mark + "".join(draw.choices(ALLOWED_ODDITIES, k=draw.randint(1, 12)))


def forbidden_text(draw: Random, mark: str) -> str:
    """Return a text with one character that may not be in any."""
    return mark + draw.choice(FORBIDDEN_CHARACTERS) + draw.choice(("", "x", mark))


def card_number(draw: Random) -> tuple[str, str]:
    """Return the digits of a card number, and how they are written."""
    number = draw.choice(CARD_NUMBERS)
    return number, draw.choice(("{}", "{} ", "card {} 12/27", "pan={};", "x{}y")).format(_dressed(draw, number))


def _dressed(draw: Random, number: str) -> str:
    groups = [number[start : start + 4] for start in range(0, len(number) - len(number) % 4, 4)]
    groups[-1] += number[len(groups) * 4 :]
    match draw.randrange(6):
        case 0:
            return number
        case 1:
            return draw.choice((" ", "-", ".", "/", "_", " - ", "\u00a0", "\u2009", "\u2013", "\u2011", "\u2212")).join(
                groups
            )
        case 2:
            return draw.choice(("\u200b", "\u2060", "\ufeff", "\u00ad", "\u200d")).join(number)
        case 3:
            zero = draw.choice((0x0660, 0x06F0, 0x0966, 0xFF10, 0x1D7CE, 0x2080))
            return "".join(chr(zero + int(digit)) for digit in number)
        case 4:
            # Each digit of the script that its place in the number chooses.
            return "".join(chr((0x30, 0x0660, 0xFF10)[place % 3] + int(digit)) for place, digit in enumerate(number))
        case _:
            return " ".join(groups).translate({0x31: "１"})


def digits_in(text: str) -> str:
    """Return the digits of ``text``, of whatever script, as a reader takes them."""
    return "".join(
        str(unicodedata.digit(character)) for character in text if unicodedata.digit(character, None) is not None
    )


def json_text(draw: Random, value: object) -> str:
    """Return ``value`` as JSON, its characters escaped or as they are."""
    if isinstance(value, str) and draw.random() < 0.1:
        units = value.encode("utf-16-be", "surrogatepass")
        return '"' + "".join(f"\\u{units[at]:02x}{units[at + 1]:02X}" for at in range(0, len(units), 2)) + '"'
    has_surrogates = isinstance(value, str) and any("\ud800" <= character <= "\udfff" for character in value)
    return json.dumps(value, ensure_ascii=has_surrogates or draw.random() < 0.5)


def nested(draw: Random) -> str:
    """Return JSON, or what begins like it, that is nested deeply."""
    depth = draw.choice((17, 100, 900, 1_000, 1_100, 5_000, 12_000))
    opening, closing = draw.choice((("[", "]"), ('{"a":', "}"), ('[{"a":', "}]")))
    return opening * depth + "1" + closing * draw.choice((0, depth, depth, depth + 1))


def page_token(draw: Random, mark: str) -> str:
    """Return a forged ``next_token``: well made, but never issued."""
    position = draw.choice(
        ([mark, mark], ["2026-11-22T03:36:42.123Z", mark * 3], [1, 2], [], "ab", None, ["9999-12-31", "x"])
    )
    content: object = draw.choice(
        (
            [mark, {"00": position}],
            ["by-day", {mark: position}],
            ["by-day", {"2026-11-22#00": position}],
            {},
            1,
            None,
            [1, 2, 3],
        )
    )
    written = draw.choice((json.dumps(content), "[" * 5_000, "\0", mark, "[NaN, Infinity]")).encode()
    return draw.choice(
        (base64.urlsafe_b64encode(written).decode(), mark, "=" * 9, "ä", "\ud800", "A" * 9_000, "9" * 5_000)
    )
