"""What the demonstration makes of a file and of a payment that a person approves."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from local_aws.batch_writer import Written
from local_aws.demo_workflows import Approved, PaidFile
from local_aws.loopback import Reply

COUNTS = {"received": 3, "accepted": 2, "rejected": 1, "succeeded": 1, "declined": 1}
BATCH = {"status": "settled", "counts": COUNTS, "totals": [{"currency": "EUR", "amount": "3.00"}]}
PAID = PaidFile(
    Written(good=2, bad=1, totals={"EUR": Decimal(3)}), BATCH, "line,payment_id,field,reason\n3,,amount,no\n"
)
APPROVED = Approved({"status": "accepted"}, Reply(200, {}, b"{}"), {"status": "succeeded"}, [])


def test_all_promises_are_kept_when_all_is_well() -> None:
    assert all((PAID.promises() | APPROVED.promises()).values())


@pytest.mark.parametrize(
    "broken",
    [
        BATCH | {"counts": COUNTS | {"accepted": 3}},
        BATCH | {"counts": COUNTS | {"rejected": 0}},
        BATCH | {"counts": COUNTS | {"succeeded": 0}},
        BATCH | {"totals": [{"currency": "EUR", "amount": "3.01"}]},
        BATCH | {"counts": COUNTS | {"declined": 0}},
    ],
)
def test_a_promise_about_a_file_that_is_broken_is_told(broken: dict[str, Any]) -> None:
    assert not all(replace(PAID, batch=broken).promises().values())


def test_a_rejected_row_that_is_not_told_is_a_broken_promise() -> None:
    assert not all(replace(PAID, report="line,payment_id,field,reason\n").promises().values())


@pytest.mark.parametrize(
    "broken",
    [
        replace(APPROVED, waiting={"status": "succeeded"}),
        replace(APPROVED, reply=Reply(404, {}, b"{}")),
        replace(APPROVED, payment={"status": "failed"}),
    ],
)
def test_a_promise_about_an_approval_that_is_broken_is_told(broken: Approved) -> None:
    assert not all(broken.promises().values())
