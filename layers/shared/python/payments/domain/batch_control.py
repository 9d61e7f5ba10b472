"""Control totals: what the last line of a file says the file must come to."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from payments.domain.batch import EXACT_SUMS
from payments.domain.batch_failure import first_of
from payments.domain.batch_file import LONGEST_LINE_BYTES, LineUnreadable, fields_in
from payments.domain.errors import BatchRefused
from payments.domain.money import DEFAULT_CURRENCY

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

TAIL_BYTES = 2 * LONGEST_LINE_BYTES
"""How much of a file's end is looked at to find its control totals."""

CONTROL = re.compile(rb'[ \t]*"?[ \t]*#[ \t]*control', re.IGNORECASE)
"""How a line begins that is meant to hold control totals, rightly written or not: as a row, it would check nothing."""

CONTROL_BEGINS = (b"#", b'"', b" ", b"\t")
"""What such a line begins with at least: quicker to see in a long file."""

_CURRENCY = re.compile("[A-Z]{3}")
_ROWS = re.compile("[0-9]{1,18}")
_AMOUNT = re.compile(r"-?[0-9]{1,18}(?:\.[0-9]{1,18})?")
_SUM = re.compile(r"-?[0-9]{1,30}(?:\.[0-9]{1,18})?")
_MOST_SHOWN = 3
_SHAPE = "control totals must read #control,rows=3,EUR=30.00,USD=5.00"


@dataclass(frozen=True)
class ControlTotals:
    """The number of rows, and for each currency that occurs the sum of its amounts, as written."""

    rows: int
    sums: Mapping[str, Decimal]


def control_in(tail: bytes, *, is_whole_file: bool) -> tuple[ControlTotals, int] | None:
    """Return the control totals with which ``tail``, the end of a file, closes, and the bytes from their line on.

    None where the last line that is not empty holds none.

    Raises:
        BatchRefused: the line begins like control totals and can't be understood.
    """
    content = tail.rstrip(b"\r\n")
    start = content.rfind(b"\n") + 1
    line = content[start:]
    if not CONTROL.match(line) or (start == 0 and not is_whole_file):
        return None
    return _read(line), len(tail) - start


def _read(line: bytes) -> ControlTotals:
    try:
        mark, *fields = fields_in(line)
    except LineUnreadable as error:
        raise BatchRefused(f"the line of control totals {error}") from error
    # A spreadsheet that saves the file gives every line as many fields as the longest one has.
    entries = [field.partition("=") for field in fields if field]
    said = {name: value for name, _, value in entries}
    rows = said.pop("rows", "")
    right = all(_CURRENCY.fullmatch(name) and _SUM.fullmatch(value) for name, value in said.items())
    if mark != "#control" or not _ROWS.fullmatch(rows) or not right or len(said) + 1 < len(entries):
        raise BatchRefused(f"the last line can't be understood: {_SHAPE}, each name once")
    return ControlTotals(int(rows), {name: Decimal(value) for name, value in said.items()})


class ControlSums:
    """Adds up the amounts of lines as they are written, whatever the rules then say of their rows.

    What is no number, or in no three capitals, adds nothing; its row counts all the same.
    """

    def __init__(self, columns: Sequence[str]) -> None:
        self._width = len(columns)
        self._amount = columns.index("amount")
        self._currency = columns.index("currency")
        self._sums: defaultdict[str, Decimal] = defaultdict(Decimal)

    def add(self, line: bytes) -> None:
        """Add what ``line`` says."""
        try:
            fields = fields_in(line)
        except LineUnreadable:
            return
        if len(fields) != self._width:
            return
        amount, currency = fields[self._amount], fields[self._currency] or DEFAULT_CURRENCY
        if _AMOUNT.fullmatch(amount) and _CURRENCY.fullmatch(currency):
            self._sums[currency] = EXACT_SUMS.add(self._sums[currency], Decimal(amount))

    def check(self, said: ControlTotals, *, rows: int) -> None:
        """Hold the file to what it says of itself.

        Raises:
            BatchRefused: it comes to something else; both figures of what differs are named, of much only the first.
        """
        differences = list(self._differences(said, rows))
        if differences:
            raise BatchRefused(f"the control totals are not those of the file: {first_of(differences, _MOST_SHOWN)}")

    def _differences(self, said: ControlTotals, rows: int) -> Iterator[str]:
        if said.rows != rows:
            yield f"rows {said.rows} named, {rows} found"
        for currency in sorted(said.sums.keys() | self._sums.keys()):
            named, found = said.sums.get(currency), self._sums.get(currency)
            if named != found:
                yield f"{currency} {_figure(named)} named, {_figure(found)} found"


def _figure(total: Decimal | None) -> str:
    return "none" if total is None else f"{total:f}"
