"""Files of payments as bytes: their lines, and the one line that names the columns."""

from __future__ import annotations

import csv
import re
from typing import TYPE_CHECKING

from payments.domain.batch_failure import first_of
from payments.domain.card_numbers import holds_card_number
from payments.domain.errors import BatchRefused

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

LONGEST_LINE_BYTES = 16 * 1024
"""A line without its line break. The longest row that keeps every rule has a sixth of it."""

REQUIRED_COLUMNS = ("payment_id", "amount", "currency")
OPTIONAL_COLUMNS = ("customer_id", "description")

EMPTY_LINES = (b"", b"\r")
"""Lines, as :func:`lines_in` yields them, that are passed by."""

_COLUMNS = (*REQUIRED_COLUMNS, *OPTIONAL_COLUMNS)
_MOST_SHOWN = 5
_PLAIN_NAME = re.compile("[A-Za-z_][A-Za-z0-9_ .-]{0,39}")
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"

# What is kept of a line that is too long: enough to be too long, even without a carriage return at its end.
_KEPT_BYTES = LONGEST_LINE_BYTES + 2

# A quote opens a field that it begins, or that begins with blanks: programs differ there.
_FIELD = rb'[ \t]*+(?:"[^"]*+(?:""[^"]*+)*+"[^,]*+|[^",][^,]*+)?'
_QUOTES_CLOSED = re.compile(_FIELD + b"(?:," + _FIELD + b")*+")


class LineUnreadable(ValueError):
    """The line is no row of fields; the message says why and never repeats the line."""


def lines_in(pieces: Iterable[bytes]) -> Iterator[tuple[bytes, int]]:
    """Yield each line, without its LF, and its length in the file in bytes, the LF included.

    Of a line longer than :data:`LONGEST_LINE_BYTES` only the beginning is yielded, which is too long too, and ends in a
    quote where the rest holds one: memory stays flat whatever the pieces hold.
    """
    beginning, length = b"", 0
    for piece in pieces:
        *ended, rest = piece.split(b"\n")
        for end in ended:
            yield _kept(beginning + end), length + len(end) + 1
            beginning, length = b"", 0
        length += len(rest)
        beginning = _kept(beginning + rest)
    if length:
        yield beginning, length


def _kept(line: bytes) -> bytes:
    kept, rest = line[:_KEPT_BYTES], line[_KEPT_BYTES:]
    return kept[:-1] + b'"' if b'"' in rest else kept


def refuse_open_quotes(line: bytes) -> None:
    """Refuse a line that :func:`lines_in` yielded where its end may be within quotes.

    Others take a line break within quotes for part of a value (RFC 4180, 2.6). Were the lines of such a value read as
    rows, whoever chooses a text of a payment would choose payments.

    Raises:
        LineUnreadable: the line ends within quotes, or holds some and is too long to tell.
    """
    if b'"' not in line:
        return
    if len(_without_carriage_return(line)) > LONGEST_LINE_BYTES:
        raise LineUnreadable(f"is longer than {LONGEST_LINE_BYTES} bytes and holds quotes")
    if not _QUOTES_CLOSED.fullmatch(line):
        raise LineUnreadable("opens a quote that it does not close; a row is one line, and no value holds a line break")


def fields_in(line: bytes) -> list[str]:
    """Return the fields of one line that :func:`lines_in` yielded, as RFC 4180 parts them.

    A quote within a field that is not quoted stands for itself.

    Raises:
        LineUnreadable: the line is too long, not UTF-8, has a carriage return that ends nothing, or quotes that do not
            close on this line.
    """
    content = _without_carriage_return(line)
    if len(content) > LONGEST_LINE_BYTES:
        raise LineUnreadable(f"is longer than {LONGEST_LINE_BYTES} bytes")
    try:
        text = content.decode()
    except UnicodeDecodeError as error:
        raise LineUnreadable("is not UTF-8") from error
    if "\r" in text:
        raise LineUnreadable("holds a carriage return that is not part of a line break")
    if '"' not in text:
        return text.split(",")
    try:
        return next(csv.reader((text,), strict=True))
    except csv.Error as error:
        raise LineUnreadable("has quotes that are not closed, or text after they are; a row is one line") from error


def _without_carriage_return(line: bytes) -> bytes:
    return line[:-1] if line.endswith(b"\r") else line


def columns_in(line: bytes) -> tuple[str, ...]:
    """Return the names of the columns that a file's first line gives, in their order.

    Raises:
        BatchRefused: the line can't be read, or a column is unknown, missing or repeated; all of them are named.
    """
    if b"\0" in line:
        raise BatchRefused("the file is not text in UTF-8")
    header = line.removeprefix(_BYTE_ORDER_MARK)
    if not header.strip():
        raise BatchRefused(f"the first line is empty; it must name the columns: {','.join(_COLUMNS)}")
    try:
        names = fields_in(header)
    except LineUnreadable as error:
        raise BatchRefused(f"the first line, which must name the columns, {error}") from error
    faults = list(_column_faults(names))
    if faults:
        raise BatchRefused(f"the columns, named in the first line, are not right: {'; '.join(faults)}")
    return tuple(names)


def _column_faults(names: Sequence[str]) -> Iterator[str]:
    known = [name for name in names if name in _COLUMNS]
    missing = [name for name in REQUIRED_COLUMNS if name not in known]
    if not known and len(names) == 1 and re.search(r"[;\t|]", names[0]):
        yield "they must be parted by commas"
        return
    unknown = [_shown(name, number) for number, name in enumerate(names, start=1) if name not in _COLUMNS]
    if unknown:
        yield f"unknown {first_of(unknown, _MOST_SHOWN, between=', ')}"
    if missing:
        yield f"missing {', '.join(missing)}"
    repeated = sorted({name for name in known if known.count(name) > 1})
    if repeated:
        yield f"repeated {', '.join(repeated)}"


def _shown(name: str, number: int) -> str:
    # A file without a header shows its first payment here, which must not be repeated where it is a card number.
    plain = _PLAIN_NAME.fullmatch(name) and not holds_card_number(name)
    return name if plain else f"column {number}"
