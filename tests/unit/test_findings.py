"""What an operator is told of a discrepancy, in a log line or in the spreadsheet it is exported to."""

from __future__ import annotations

from dataclasses import replace

import pytest

from payments.domain.findings import WITHHELD, told
from payments.domain.payment import Status
from payments.domain.reconciliation import Discrepancy, Finding
from tests.samples import accepted, claimed, settled
from tests.unit.ledgers import approved, declined

FINDING = Finding(
    discrepancy=Discrepancy.CHARGED_DESPITE_END,
    payment_id="pay-1",
    payment=settled(claimed(accepted()), Status.FAILED),
    charge=approved("ch-2"),
)


def test_both_sides_are_told_of() -> None:
    assert told(FINDING) == {
        "discrepancy": "charged_despite_end",
        "payment_id": "pay-1",
        "payment_status": "failed",
        "payment_amount": "12.50 EUR",
        "gateway_reference": "ch-1",
        "charge": "ch-2",
        "charge_status": "approved",
        "charge_amount": "12.50 EUR",
    }


def test_what_is_unknown_is_left_out() -> None:
    nobodys = replace(FINDING, payment=None, charge=declined("ch-2"))
    assert told(nobodys).keys() == {"discrepancy", "payment_id", "charge", "charge_status", "charge_amount"}
    assert told(nobodys)["charge_status"] == "declined"
    assert told(replace(FINDING, charge=None, payment=accepted())).keys() == {
        "discrepancy",
        "payment_id",
        "payment_status",
        "payment_amount",
    }


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", '=HYPERLINK("http://evil.example")'])
def test_a_spreadsheet_computes_nothing_that_a_gateway_says(text: str) -> None:
    """Defect: Open doors."""
    lines = told(replace(FINDING, payment_id=text, charge=approved(text, currency=text)))
    assert lines["payment_id"] == lines["charge"] == f"'{text}"
    assert all(not said.startswith(("=", "+", "-", "@")) for said in lines.values())


@pytest.mark.parametrize("text", ["4111 1111 1111 1111", "x4111111111111111", "4111\x001111\x0011111111"])
def test_a_card_number_is_withheld_wherever_a_gateway_says_it(text: str) -> None:
    """Defect: Open doors."""
    lines = told(replace(FINDING, payment_id=text, charge=approved(text)))
    assert lines["payment_id"] == lines["charge"] == WITHHELD


def test_control_characters_and_overrides_of_writing_direction_are_not_repeated() -> None:
    assert told(replace(FINDING, payment_id="a\r\nb\u202ec\ud800"))["payment_id"] == "a??b?c?"
