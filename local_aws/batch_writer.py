"""Writes files of payments to try the batch workflow with: good rows, and bad ones of every kind."""

import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import BinaryIO

HEADER = "payment_id,amount,currency,customer_id,description"
CURRENCIES = ("EUR", "USD", "GBP")
LONGEST_LINE_BYTES = 16 * 1024
EARLIER_ROWS = 100


@dataclass(frozen=True, kw_only=True)
class Row:
    """One good row."""

    payment_id: str
    amount: Decimal
    currency: str
    customer_id: str
    description: str

    def line(self, **other: str) -> bytes:
        """Return the row as CSV, with ``other`` values in the place of its own."""
        values = {name: str(value) for name, value in vars(self).items()} | other
        return ",".join(values[name] for name in HEADER.split(",")).encode()


BAD_ROWS: Mapping[str, Callable[[Row, Row], bytes]] = {
    "no amount": lambda row, _: row.line(amount=""),
    "negative amount": lambda row, _: row.line(amount="-5.00"),
    "amount of zero": lambda row, _: row.line(amount="0.00"),
    "amount that is no number": lambda row, _: row.line(amount="abc"),
    "amount that is not finite": lambda row, _: row.line(amount="NaN"),
    "amount with an exponent": lambda row, _: row.line(amount="1e3"),
    "too many decimals": lambda row, _: row.line(amount="1.005"),
    "decimals in a currency without them": lambda row, _: row.line(amount="10.50", currency="JPY"),
    "thousands separator": lambda row, _: row.line(amount='"1,000.00"'),
    "unknown currency": lambda row, _: row.line(currency="ZZZ"),
    "currency in small letters": lambda row, _: row.line(currency="eur"),
    "payment id of another shape": lambda row, _: row.line(payment_id="no spaces please"),
    "payment id that is a formula": lambda row, _: row.line(payment_id="=HYPERLINK(1)"),
    "customer id of another shape": lambda row, _: row.line(customer_id="a/b"),
    "card number in the description": lambda row, _: row.line(description="card 4111 1111 1111 1111"),
    "control character": lambda row, _: row.line(description="bell \a"),
    "too few fields": lambda row, _: row.line().rsplit(b",", 1)[0],
    "too many fields": lambda row, _: row.line() + b",more",
    "text after its quotes": lambda row, _: row.line(description='"closed" too early'),
    "bytes that are not UTF-8": lambda row, _: row.line(description="") + b"\xff\xfe",
    "line that is too long": lambda row, _: row.line(description="x" * (LONGEST_LINE_BYTES + 1)),
    "the same row again": lambda _, earlier: earlier.line(),
    "the same id with another amount": lambda _, earlier: earlier.line(amount=str(earlier.amount + 1)),
}
"""Each kind of bad row, made of a good row that is not in the file and of an earlier one that is."""


@dataclass
class Written:
    """What a file holds, and so what a batch must say of it. ``totals`` are of the good rows, by currency."""

    good: int = 0
    bad: int = 0
    totals: dict[str, Decimal] = field(default_factory=dict)

    @property
    def rows(self) -> int:
        """All rows but the header."""
        return self.good + self.bad


def write_batch(file: BinaryIO, *, rows: int, bad_percent: float = 0.0, seed: int = 0, prefix: str = "row") -> Written:
    """Write a header and ``rows`` rows, ``bad_percent`` of them bad; the same arguments write the same bytes.

    Bad rows are of each kind in turn, spread evenly. Ids begin with ``prefix``. The first row is always good. Memory
    does not grow with ``rows``.
    """
    written = Written()
    chance = random.Random(f"{seed} {prefix}")  # noqa: S311 - test data
    file.write(f"{HEADER}\n".encode())
    file.writelines(line + b"\n" for line in _lines(rows, bad_percent, chance, prefix, written))
    return written


def _lines(rows: int, bad_percent: float, chance: random.Random, prefix: str, written: Written) -> Iterator[bytes]:
    earlier: list[Row] = []
    kinds = list(BAD_ROWS.values())
    for number in range(1, rows + 1):
        row = _row(number, chance, prefix)
        if number > 1 and written.bad < int(number * bad_percent / 100):
            yield kinds[written.bad % len(kinds)](row, chance.choice(earlier))
            written.bad += 1
            continue
        yield row.line()
        written.good += 1
        written.totals[row.currency] = written.totals.get(row.currency, Decimal(0)) + row.amount
        # The first rows stand for all earlier ones, so that a repeat can be far from what it repeats.
        if len(earlier) < EARLIER_ROWS:
            earlier.append(row)


def _row(number: int, chance: random.Random, prefix: str) -> Row:
    # Amounts stay below those that make the simulated gateway misbehave.
    return Row(
        payment_id=f"{prefix}-{number:08d}",
        amount=Decimal(chance.randrange(100, 100_000)) / 100,
        currency=chance.choice(CURRENCIES),
        customer_id=f"customer-{chance.randrange(1000):04d}",
        description=chance.choice(("", "invoice", "réglement n° 7", "Überweisung")),
    )
