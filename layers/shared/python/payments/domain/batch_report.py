"""The report on a batch's rejected rows, as CSV that a spreadsheet may open."""

from __future__ import annotations

from typing import TYPE_CHECKING

from payments.domain.spreadsheets import inert

if TYPE_CHECKING:
    from payments.domain.batch_rows import Rejection

REPORT_HEADER = "line,payment_id,field,reason\n"

_QUOTED = frozenset(',"\r\n')


def report_line(rejection: Rejection) -> str:
    """Return the report's line on one row, with its line break; fields and reasons are in the same order.

    Of the row itself it repeats the payment id alone: anything else may be what must not be kept.
    """
    fields = "; ".join(violation.pointer.removeprefix("/") for violation in rejection.violations)
    reasons = "; ".join(violation.detail for violation in rejection.violations)
    cells = (str(rejection.line), rejection.payment_id, fields, reasons)
    return ",".join(_cell(text) for text in cells) + "\n"


def _cell(text: str) -> str:
    safe = inert(text)
    return '"' + safe.replace('"', '""') + '"' if _QUOTED.intersection(safe) else safe
