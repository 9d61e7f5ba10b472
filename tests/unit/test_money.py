from __future__ import annotations

from decimal import Decimal, Inexact

import pytest
from hypothesis import given
from hypothesis import strategies as st

from payments.domain.money import (
    CURRENCY_EXPONENTS,
    MAX_INTEGER_DIGITS,
    AmountRefused,
    amount_from,
    canonical_text,
    from_minor_units,
    minor_units,
)

currencies = st.sampled_from(sorted(CURRENCY_EXPONENTS))
LARGEST = 10 ** (MAX_INTEGER_DIGITS + 4) - 1


@st.composite
def amounts(draw: st.DrawFn) -> tuple[Decimal, str]:
    currency = draw(currencies)
    largest = 10 ** (MAX_INTEGER_DIGITS + CURRENCY_EXPONENTS[currency]) - 1
    return from_minor_units(draw(st.integers(1, largest)), currency), currency


@given(amounts())
def test_an_amount_survives_text_and_minor_units_without_losing_a_digit(known: tuple[Decimal, str]) -> None:
    """Defect: Floats."""
    amount, currency = known
    text = canonical_text(amount, currency)
    assert amount_from(text, currency) == amount
    assert canonical_text(amount_from(text, currency), currency) == text
    assert from_minor_units(minor_units(amount, currency), currency) == amount


@given(amounts())
def test_canonical_text_shows_exactly_the_decimals_of_the_currency(known: tuple[Decimal, str]) -> None:
    amount, currency = known
    _, _, decimals = canonical_text(amount, currency).partition(".")
    assert len(decimals) == CURRENCY_EXPONENTS[currency]


@pytest.mark.parametrize("written", [Decimal(10), Decimal("10.0"), Decimal("10.00"), "10", "10.0", "10.00", 10])
def test_ten_is_ten_however_it_is_written(written: object) -> None:
    assert canonical_text(amount_from(written, "USD"), "USD") == "10.00"


def test_a_number_in_scientific_notation_is_the_number_it_stands_for() -> None:
    """JSON makes no difference between 1e2 and 100, and some serializers write the first."""
    assert canonical_text(amount_from(Decimal("1E+2"), "USD"), "USD") == "100.00"


@pytest.mark.parametrize(
    ("currency", "smallest"), [("JPY", "1"), ("USD", "0.01"), ("KWD", "0.001"), ("CLF", "0.0001"), ("UYW", "0.0001")]
)
def test_the_smallest_unit_of_a_currency_is_one_minor_unit(currency: str, smallest: str) -> None:
    assert minor_units(amount_from(smallest, currency), currency) == 1


@pytest.mark.parametrize(("currency", "text"), [("JPY", "1.5"), ("USD", "10.001"), ("USD", "1.000"), ("KWD", "1.2345")])
def test_more_decimals_than_the_currency_has_are_refused_even_zeros(currency: str, text: str) -> None:
    for written in (text, Decimal(text)):
        with pytest.raises(AmountRefused, match="decimals in"):
            amount_from(written, currency)


@pytest.mark.parametrize(
    "value",
    [
        99.99,
        float("nan"),
        True,
        False,
        None,
        [],
        {},
        b"10",
        Decimal("NaN"),
        Decimal("sNaN"),
        Decimal("Infinity"),
        Decimal("-Infinity"),
        Decimal(-5),
        Decimal(0),
        Decimal("-0"),
        Decimal("0.00"),
        Decimal("1E+15"),
        Decimal("1E+999999"),
        Decimal("1E-999999"),
        0,
        -5,
        10**15,
        "",
        " 10",
        "10 ",
        "10\n",
        "+10",
        "-5",
        "abc",
        "0",
        "0.00",
        "007",
        ".5",
        "5.",
        "1e2",
        "1_000",
        "1,000.00",
        "0x10",
        "NaN",
        "Infinity",
        "\u0661\u0660",
        "\uff11\uff10",
        "1" * 16,
        "9" * 100_000,
        "0.12345",
    ],
)
def test_what_is_no_chargeable_amount_is_refused_without_repeating_it(value: object) -> None:
    """Defect: Floats."""
    with pytest.raises(AmountRefused) as refusal:
        amount_from(value, "UYW")
    assert len(str(refusal.value)) < 120


def test_an_amount_with_more_decimals_than_its_currency_is_never_rounded() -> None:
    """Defect: Floats."""
    for convert in (canonical_text, minor_units):
        with pytest.raises(Inexact):
            convert(Decimal("10.005"), "USD")


def test_the_largest_amount_keeps_every_digit() -> None:
    """Defect: Floats."""
    largest = "999999999999999.9999"
    assert canonical_text(amount_from(largest, "CLF"), "CLF") == largest
    assert minor_units(Decimal(largest), "CLF") == LARGEST


def test_every_exponent_iso_4217_has_is_known_and_no_code_without_one() -> None:
    by_exponent = {exponent: sum(e == exponent for e in CURRENCY_EXPONENTS.values()) for exponent in range(5)}
    assert by_exponent == {0: 17, 1: 0, 2: 139, 3: 7, 4: 2}
    assert {"USD", "EUR", "GBP", "JPY", "KWD", "CLF", "XCG", "ZWG"} <= CURRENCY_EXPONENTS.keys()
    assert not {"XAU", "XAG", "XPT", "XPD", "XDR", "XTS", "XXX", "ANG", "BGN", "HRK"} & CURRENCY_EXPONENTS.keys()
