"""Files of payments with something hostile in most of their lines."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tests.hostile import material

if TYPE_CHECKING:
    from random import Random

HEADER = b"payment_id,amount,currency,customer_id,description"
BAD_HEADERS = (
    *(
        b"",
        b" ",
        b"\xff\xfe",
        b"\xef\xbb\xbf",
        b"\0",
        b"payment_id;amount;currency",
        b"payment_id,amount",
        b'"payment_id',
    ),
    *(
        b"payment_id,amount,currency,amount",
        b"PAYMENT_ID,amount,currency",
        b"payment_id ,amount,currency",
        b"x" * 20_000,
    ),
    *(
        HEADER.decode().encode("utf-16"),
        HEADER + b",cvv",
        HEADER + b",=1+1",
        b"4111111111111111,10.00,EUR",
        b"\r\r" + HEADER,
    ),
)
BROKEN_LINES = (
    b'"a"b,1,EUR,,',
    b"a,1,EUR",
    b"a,1,EUR,,,,",
    b"\xff\xfe,1,EUR,,",
    b"a\rb,1,EUR,,",
    b"   ",
    b",,,,",
)
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


@dataclass
class HostileFile:
    """One file: its ``lines`` without line breaks, and the numbers of those that must be rejected."""

    mark: str
    header: bytes = HEADER
    ending: bytes = b"\n"
    lines: list[bytes] = field(default_factory=list)
    rejected: set[int] = field(default_factory=set)
    is_refused: bool = False
    cards: list[str] = field(default_factory=list)

    def content(self) -> bytes:
        """Return the file."""
        return self.ending.join([self.header, *self.lines, b""])

    def add(self, line: bytes, *, is_rejected: bool) -> None:
        """Add one line."""
        self.lines.append(line)
        if is_rejected:
            self.rejected.add(len(self.lines) + 1)


def drawn(draw: Random) -> HostileFile:
    """Return a file, its header right most of the time."""
    file = HostileFile(material.marker(draw), ending=draw.choice((b"\n", b"\r\n")))
    if draw.random() < 0.1:
        file.header, file.is_refused = draw.choice(BAD_HEADERS), True
    elif draw.random() < 0.2:
        file.header = b"\xef\xbb\xbf" + HEADER
    for _ in range(draw.randint(1, 30)):
        draw.choice(_ROWS)(draw, file, draw.choice(("EUR", "JPY", "KWD", "CLF")))
    if draw.random() < 0.1:
        file.add(draw.choice(_OPEN_QUOTES)(draw, file.mark), is_rejected=False)
        # A row of its own to whoever reads it by lines, and a part of a text to whoever wrote it.
        file.add(_row(draw, "9999", "EUR"), is_rejected=False)
        file.add(b'bye"', is_rejected=False)
        file.is_refused = True
    if draw.random() < 0.1:
        control = draw.choice(
            (
                b"#control",
                b"#control,rows=-1",
                b"#control,rows=1e3",
                b"#control,rows=1,rows=1",
                b"#control,rows=NaN,EUR=1",
            )
        )
        file.add(control, is_rejected=False)
        file.is_refused = True
    return file


def _good(draw: Random, file: HostileFile, currency: str) -> None:
    file.add(_row(draw, "1", currency, description=material.odd_text(draw, file.mark)), is_rejected=False)


def _empty(_: Random, file: HostileFile, __: str) -> None:
    file.add(b"", is_rejected=False)


def _no_amount(draw: Random, file: HostileFile, currency: str) -> None:
    amount = draw.choice(material.NO_AMOUNTS).strip('"').replace("\\n", "\v").replace("\\u0000", "\a")
    file.add(_row(draw, amount or "x", currency), is_rejected=True)


def _wrong_scale(draw: Random, file: HostileFile, _: str) -> None:
    currency, decimals = draw.choice(material.SCALES)
    file.add(_row(draw, f"1.{'0' * (decimals + 1)}", currency), is_rejected=True)


def _no_currency(draw: Random, file: HostileFile, _: str) -> None:
    currency = draw.choice(("usd", "ZZZ", "ＵＳＤ", "XAU", "$", " EUR", f"={file.mark}"))
    file.add(_row(draw, "1", currency), is_rejected=True)


def _card(draw: Random, file: HostileFile, currency: str) -> None:
    number, written = material.card_number(draw)
    file.cards.append(number)
    said = draw.choice(({"description": written}, {"payment_id": number}))
    file.add(_row(draw, "1", currency, **said), is_rejected=True)


def _forbidden(draw: Random, file: HostileFile, currency: str) -> None:
    text = material.forbidden_text(draw, file.mark)
    # What ends a line ends a row, and NUL bytes refuse the whole file.
    text = text.replace("\n", "\v").replace("\r", "\v").replace("\0", "\a")
    file.add(_row(draw, "1", currency, description=text), is_rejected=True)


def _formula(draw: Random, file: HostileFile, currency: str) -> None:
    payment_id = f'{draw.choice(FORMULA_STARTS[:4])}HYPERLINK("{file.mark}")'
    file.add(_row(draw, "1", currency, payment_id=payment_id), is_rejected=True)


def _broken(draw: Random, file: HostileFile, _: str) -> None:
    file.add(draw.choice(BROKEN_LINES), is_rejected=True)


def _long_line(draw: Random, file: HostileFile, _: str) -> None:
    file.add(draw.choice((b"x", b",", b"=")) * draw.choice((16_385, 70_000)), is_rejected=True)


_OPEN_QUOTES = (
    lambda draw, mark: f'{_new_id(draw)},1,EUR,,"{mark}'.encode(),
    lambda draw, mark: f'{_new_id(draw)},1,EUR,,  "{mark}""'.encode(),
    lambda _, mark: f'"{mark}"x,"'.encode(),
    lambda _, mark: b"x" * 70_000 + f',"{mark}'.encode(),
)
_ROWS = (_good, _good, _good, _empty, _no_amount, _wrong_scale, _no_currency, _card, _card, _forbidden, _formula,
         _broken, _long_line)  # fmt: skip


def _row(draw: Random, amount: str, currency: str, *, payment_id: str = "", description: str = "") -> bytes:
    row = io.StringIO()
    ids = (payment_id or _new_id(draw), amount, currency, "", description)
    csv.writer(row, lineterminator="").writerow(ids)
    return row.getvalue().encode(errors="surrogatepass")


def _new_id(draw: Random) -> str:
    # Letters alone: digits might happen to be a card number's.
    return "id-" + "".join(draw.choices("abcdefgh", k=20))
