from __future__ import annotations

import random
import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from payments.domain.card_numbers import holds_card_number

# The test numbers that the schemes and gateways publish.
PUBLISHED = [
    "4111111111111111",
    "4242424242424242",
    "4222222222222",
    "5555555555554444",
    "2223003122003222",
    "378282246310005",
    "6011111111111117",
    "30569309025904",
    "3530111333300000",
    "6304000000000000",
    "6212345678901232",
    "6205500000000000004",
]


@pytest.mark.parametrize("number", PUBLISHED)
@pytest.mark.parametrize("around", ["{}", "card {} please", "pan={};", "x{}y", "12 {} 03/27", "[{}]"])
def test_a_card_number_is_found_wherever_it_stands(number: str, around: str) -> None:
    """Defect: Open doors."""
    assert holds_card_number(around.format(number))


@pytest.mark.parametrize("separator", [" ", "-", ".", "_", "/", " - ", "\u00a0", "\u2009"])
def test_a_card_number_is_found_in_groups(separator: str) -> None:
    """Defect: Open doors."""
    assert holds_card_number(separator.join(["4111", "1111", "1111", "1111"]))
    assert holds_card_number(separator.join(["3782", "822463", "10005"]))
    assert holds_card_number(separator.join(["3056", "930902", "5904"]))
    assert holds_card_number(separator.join(["3056", "9309", "0259", "04"]))


def test_a_card_number_in_digits_of_another_script_is_found() -> None:
    """Defect: Open doors."""
    assert holds_card_number("4111111111111111".translate({ord(digit): chr(0xFF10 + int(digit)) for digit in "14"}))


@pytest.mark.parametrize(
    "zero",
    ["\u0660", "\u0966", "\uff10", "\U0001d7ce", "\u2080", "\u24ea"],
    ids=["Arabic", "Devanagari", "full width", "bold", "subscript", "circled"],
)
def test_a_card_number_in_digits_of_another_script_or_style_is_found(zero: str) -> None:
    """Defect: Open doors. The circled digits begin with one, and zero stands apart."""
    digits = [chr(0x2460 + number - 1) for number in range(1, 10)] if zero == "\u24ea" else []
    shown = [zero, *(digits or [chr(ord(zero) + number) for number in range(1, 10)])]
    assert holds_card_number("".join(shown[int(digit)] for digit in "4242424242424242"))


@pytest.mark.parametrize(
    "separator", ["\u200b", "\u2060", "\ufeff", "\u00ad", "\u2010", "\u2011", "\u2013", "\u2212", "\u00b7", "\ufe58"]
)
def test_a_card_number_is_found_however_its_groups_are_typeset(separator: str) -> None:
    """Defect: Open doors."""
    assert holds_card_number(separator.join(["4111", "1111", "1111", "1111"]))
    assert holds_card_number(separator.join("4111111111111111")) == (separator in "\u200b\u2060\ufeff\u00ad")


@given(st.sampled_from(PUBLISHED), st.integers(0, 18), st.integers(1, 9))
def test_one_wrong_digit_is_no_card_number(number: str, position: int, change: int) -> None:
    position %= len(number)
    changed = (int(number[position]) + change) % 10
    assert not holds_card_number(f"{number[:position]}{changed}{number[position + 1 :]}")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "order 4711",
        "4111 1111 1111",
        "1763780202000",
        "+49 30 901820, +49 40 42828",
        "06 12 34 56 78 / 06 98 76 54 32",
        "DE89370400440532013000",
        "2026-11-22 03:36:42.123456",
        "0000000000000000",
    ],
)
def test_ordinary_numbers_are_no_card_numbers(text: str) -> None:
    assert not holds_card_number(text)


def test_uuids_and_hashes_are_no_card_numbers() -> None:
    """They are what clients have for references: refusing one in a hundred would be refusing payments at random."""
    draw = random.Random(4217)  # noqa: S311 - test data
    for _ in range(2_000):
        bits = draw.getrandbits(128)
        assert not holds_card_number(f"order {uuid.UUID(int=bits, version=4)}")
        assert not holds_card_number(f"{draw.getrandbits(256):064x}")
