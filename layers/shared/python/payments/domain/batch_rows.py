"""Rows of a file of payments: read one by one, and held to the same rules as requests over the API."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from payments.domain.batch_file import EMPTY_LINES, LineUnreadable, fields_in
from payments.domain.card_numbers import holds_card_number
from payments.domain.errors import RequestRefused, Violation
from payments.domain.identifiers import is_payment_id
from payments.domain.request import PaymentRequest, checked_request

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence


@dataclass(frozen=True, kw_only=True)
class Rejection:
    """Why one row was not entered. ``payment_id`` is empty where the row has none that may be shown."""

    line: int
    violations: Sequence[Violation]
    payment_id: str = ""


@dataclass(frozen=True)
class GoodRow:
    """A row that keeps every rule."""

    line: int
    request: PaymentRequest


def rows_in(
    lines: Iterable[tuple[bytes, int]], *, columns: Sequence[str], first_line: int
) -> Iterator[GoodRow | Rejection]:
    """Yield the row of each line that :func:`~payments.domain.batch_file.lines_in` yields; empty ones have none."""
    for number, (line, _) in enumerate(lines, start=first_line):
        if line not in EMPTY_LINES:
            yield _row(line, number, columns)


def _row(line: bytes, number: int, columns: Sequence[str]) -> GoodRow | Rejection:
    try:
        fields = fields_in(line)
    except LineUnreadable as error:
        return Rejection(line=number, violations=[Violation("", str(error))])
    if len(fields) != len(columns):
        fault = f"must have {len(columns)} fields, as the first line does, and has {len(fields)}"
        return Rejection(line=number, violations=[Violation("", fault)])
    body = {name: value for name, value in zip(columns, fields, strict=True) if value}
    try:
        return GoodRow(number, checked_request(body))
    except RequestRefused as error:
        return Rejection(line=number, violations=error.violations, payment_id=_shown(body.get("payment_id", "")))


def _shown(payment_id: str) -> str:
    return payment_id if is_payment_id(payment_id) and not holds_card_number(payment_id) else ""
