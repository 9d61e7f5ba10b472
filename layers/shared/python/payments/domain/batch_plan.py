"""The plan of a file: which ranges of bytes it is read in, found in one pass that holds a line at a time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from payments.domain.batch import ByteRange
from payments.domain.batch_control import CONTROL, CONTROL_BEGINS, ControlSums, ControlTotals
from payments.domain.batch_file import EMPTY_LINES, LineUnreadable, columns_in, lines_in, refuse_open_quotes
from payments.domain.errors import BatchRefused

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

LINES_PER_RANGE = 10_000
BYTES_PER_RANGE = 4 * 1024 * 1024


@dataclass(frozen=True)
class Plan:
    """The ranges, which hold every line after the first, and the number of rows in them."""

    ranges: Sequence[ByteRange]
    rows: int


def planned(
    pieces: Iterable[bytes],
    *,
    control: ControlTotals | None,
    lines_per_range: int = LINES_PER_RANGE,
    bytes_per_range: int = BYTES_PER_RANGE,
) -> Plan:
    """Return the plan of the file that ``pieces`` make up, the line of control totals left out.

    A range has ``lines_per_range`` lines at most, and ``bytes_per_range`` bytes at most unless one line is longer.

    Raises:
        BatchRefused: the file holds NUL bytes or a line that ends within quotes, its columns are not right, or it does
            not come to ``control``.
    """
    lines = lines_in(_text(pieces))
    header, position = next(lines, (b"", 0))
    columns = columns_in(header)
    cutter = _Cutter(position, lines_per_range, bytes_per_range)
    sums = ControlSums(columns) if control else None
    rows = 0
    for line, length in lines:
        cutter.add(length)
        if line in EMPTY_LINES:
            continue
        rows += 1
        try:
            refuse_open_quotes(line)
        except LineUnreadable as error:
            raise BatchRefused(f"line {cutter.line} {error}") from error
        if line.startswith(CONTROL_BEGINS) and CONTROL.match(line):
            raise BatchRefused(f"line {cutter.line} holds control totals, which may stand in the last line alone")
        if sums:
            sums.add(line)
    if sums and control:
        sums.check(control, rows=rows)
    return Plan(cutter.ranges(), rows)


def _text(pieces: Iterable[bytes]) -> Iterator[bytes]:
    for piece in pieces:
        if b"\0" in piece:
            raise BatchRefused("the file is not text in UTF-8: it holds NUL bytes")
        yield piece


class _Cutter:
    """Cuts after whole lines."""

    def __init__(self, position: int, most_lines: int, most_bytes: int) -> None:
        self.line = 1
        self._most_lines, self._most_bytes = most_lines, most_bytes
        self._start, self._end, self._first_line = position, position, 2
        self._ranges: list[ByteRange] = []

    def add(self, length: int) -> None:
        """Take the next line in, ``length`` bytes long."""
        self.line += 1
        is_full = self.line - self._first_line == self._most_lines
        if is_full or (self._end > self._start and self._end + length - self._start > self._most_bytes):
            self._cut()
        self._end += length

    def ranges(self) -> Sequence[ByteRange]:
        """Return all ranges, the one that is not full included."""
        if self._end > self._start:
            self._cut()
        return self._ranges

    def _cut(self) -> None:
        self._ranges.append(
            ByteRange(number=len(self._ranges), start=self._start, end=self._end, first_line=self._first_line)
        )
        self._start, self._first_line = self._end, self.line
