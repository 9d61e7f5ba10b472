"""The report on rejected rows: complete, and safe to open in a spreadsheet."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from payments.domain.batch_report import REPORT_HEADER, report_line
from payments.domain.batch_rows import Rejection
from payments.domain.errors import Violation


def cells(rejection: Rejection) -> dict[str, str]:
    (row,) = csv.DictReader(io.StringIO(REPORT_HEADER + report_line(rejection), newline=""))
    return row


def test_a_line_names_the_row_and_each_field_at_fault_with_its_reason_in_the_same_order() -> None:
    rejection = Rejection(
        line=7,
        payment_id="order-1",
        violations=[Violation("/amount", "must be greater than zero"), Violation("/currency", "must be EUR, or so")],
    )
    assert cells(rejection) == {
        "line": "7",
        "payment_id": "order-1",
        "field": "amount; currency",
        "reason": "must be greater than zero; must be EUR, or so",
    }


def test_what_is_wrong_with_the_whole_line_names_no_field() -> None:
    rejection = Rejection(line=2, violations=[Violation("", "is not UTF-8")])
    assert report_line(rejection) == "2,,,is not UTF-8\n"


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
def test_no_cell_is_a_formula(start: str) -> None:
    """OWASP, CSV Injection."""
    rejection = Rejection(line=2, payment_id=f"{start}1+1", violations=[Violation("", f'{start}HYPERLINK("x")')])
    row = cells(rejection)
    assert row["payment_id"] == f"'{start}1+1"
    assert row["reason"] == f'\'{start}HYPERLINK("x")'


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_whatever_a_reason_says_stays_in_its_cell(text: str) -> None:
    row = cells(Rejection(line=2, payment_id="order-1", violations=[Violation("/amount", text)]))
    assert row["reason"].removeprefix("'") == text.removeprefix("'")
    assert (row["line"], row["payment_id"], row["field"]) == ("2", "order-1", "amount")
