"""Amounts of money: exact decimals in a currency's major unit, never a float."""

from __future__ import annotations

import re
from decimal import Context, Decimal, Inexact, InvalidOperation

DEFAULT_CURRENCY = "USD"

_NO_DECIMALS = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF"
_TWO_DECIMALS = """
    AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BOV BRL BSD BTN BWP BYN BZD CAD CDF CHE CHF CHW CNY COP
    COU CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR
    JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MXV MYR MZN NAD NGN
    NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL
    THB TJS TMT TOP TRY TTD TWD TZS UAH USD USN UYU UZS VED VES WST XAD XCD XCG YER ZAR ZMW ZWG
"""
_THREE_DECIMALS = "BHD IQD JOD KWD LYD OMR TND"
_FOUR_DECIMALS = "CLF UYW"

CURRENCY_EXPONENTS: dict[str, int] = {
    code: exponent
    for codes, exponent in ((_NO_DECIMALS, 0), (_TWO_DECIMALS, 2), (_THREE_DECIMALS, 3), (_FOUR_DECIMALS, 4))
    for code in codes.split()
}
"""Decimals of every active ISO 4217 code (list one of 2026-01-01).

Left out are the codes with no minor unit (``N.A.`` in the list), in which nobody can be charged: precious metals
(XAG XAU XPD XPT), bond market units (XBA XBB XBC XBD), units of account (XDR XSU XUA), testing (XTS), none (XXX).
"""

MAX_INTEGER_DIGITS = 15
"""Digits before the decimal point. With four decimals that is 19 digits, half of what DynamoDB keeps exactly (38)."""

MAX_DECIMALS = max(CURRENCY_EXPONENTS.values())

_EXACT = Context(prec=38, traps=[Inexact, InvalidOperation])
_DECIMAL_TEXT = re.compile(r"(?:0|[1-9][0-9]{0,14})(?:\.[0-9]{1,4})?")
AMOUNT_PATTERN = rf"^(?!0(?:\.0+)?$){_DECIMAL_TEXT.pattern}$"
"""An amount written as a string, for JSON Schema: ASCII digits above zero, no sign, exponent or leading zeros."""


class AmountRefused(ValueError):
    """The value is no amount that can be charged in the currency; the message says why and never repeats the value."""


def amount_from(value: object, currency: str) -> Decimal:
    """Return the amount that ``value``, a decimal string or a JSON number read as Decimal or int, stands for.

    The result has exactly the currency's decimals: ``10``, ``10.0`` and ``"10.00"`` in USD are one and the same.

    Raises:
        AmountRefused: see :func:`positive_decimal` and :func:`in_currency`.
        KeyError: ``currency`` is not in :data:`CURRENCY_EXPONENTS`.
    """
    return in_currency(positive_decimal(value), currency)


def positive_decimal(value: object) -> Decimal:
    """Return the number that ``value`` writes, as far as it can be judged without knowing the currency.

    Raises:
        AmountRefused: another type (a float has lost its exact value), not finite, not above zero, or too long.
    """
    number = _decimal_from(value)
    if not number.is_finite():
        raise AmountRefused("must be a finite number")
    if number <= 0:
        raise AmountRefused("must be greater than zero")
    if number.adjusted() >= MAX_INTEGER_DIGITS:
        raise AmountRefused(f"must have at most {MAX_INTEGER_DIGITS} digits before the decimal point")
    if _decimals_of(number) > MAX_DECIMALS:
        raise AmountRefused(f"must have at most {MAX_DECIMALS} decimals")
    return number


def in_currency(number: Decimal, currency: str) -> Decimal:
    """Return ``number`` with exactly the currency's decimals.

    Zeros count as decimals where they are written: ``1.000`` USD may be somebody's thousand, and is refused.

    Raises:
        AmountRefused: ``number`` is written with more decimals than the currency has.
        KeyError: ``currency`` is not in :data:`CURRENCY_EXPONENTS`.
    """
    exponent = CURRENCY_EXPONENTS[currency]
    if _decimals_of(number) > exponent:
        raise AmountRefused(f"must have {f'at most {exponent}' if exponent else 'no'} decimals in {currency}")
    return _with_decimals(number, exponent)


def canonical_text(amount: Decimal, currency: str) -> str:
    """Return ``amount`` with exactly the currency's decimals: ``10.00`` in USD, ``10`` in JPY, ``10.000`` in KWD.

    Raises:
        decimal.Inexact: ``amount`` has more decimals than the currency.
    """
    return f"{_with_decimals(amount, CURRENCY_EXPONENTS[currency]):f}"


def minor_units(amount: Decimal, currency: str) -> int:
    """Return ``amount`` counted in the currency's smallest unit: 1000 for 10.00 USD, 10 for 10 JPY.

    Raises:
        decimal.Inexact: ``amount`` has more decimals than the currency.
    """
    exponent = CURRENCY_EXPONENTS[currency]
    return int(_with_decimals(amount, exponent).scaleb(exponent, _EXACT))


def from_minor_units(count: int, currency: str) -> Decimal:
    """Return the amount that ``count`` of the currency's smallest unit make."""
    return Decimal(count).scaleb(-CURRENCY_EXPONENTS[currency], _EXACT)


def _decimal_from(value: object) -> Decimal:
    if isinstance(value, Decimal):
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        return Decimal(value)
    if isinstance(value, str):
        if not _DECIMAL_TEXT.fullmatch(value):
            raise AmountRefused("must be a decimal such as 10 or 10.50: digits and a point, no sign, space or exponent")
        return Decimal(value)
    raise AmountRefused("must be a number or a decimal string")


def _decimals_of(number: Decimal) -> int:
    # An exponent is text only for NaN and infinities, which never get here.
    return -int(number.as_tuple().exponent)


def _with_decimals(amount: Decimal, exponent: int) -> Decimal:
    return amount.quantize(Decimal(1).scaleb(-exponent), context=_EXACT)
