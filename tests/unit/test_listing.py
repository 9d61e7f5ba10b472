from __future__ import annotations

from datetime import date

import pytest

from payments.domain.errors import RequestRefused
from payments.domain.listing import Listing, read_listing


def test_a_customers_payments_can_be_listed() -> None:
    assert read_listing({"customer_id": "ada"}) == Listing(customer_id="ada", limit=25)
    page = read_listing({"customer_id": "ada", "limit": "100", "next_token": "t"})
    assert vars(page) == {"customer_id": "ada", "created_on": None, "limit": 100, "next_token": "t"}


def test_a_days_payments_can_be_listed() -> None:
    assert read_listing({"created_on": "2026-11-22"}) == Listing(created_on=date(2026, 11, 22))


@pytest.mark.parametrize(
    ("parameters", "pointers"),
    [
        ({}, {"/customer_id"}),
        ({"customer_id": "ada", "created_on": "2026-11-22"}, {"/created_on"}),
        ({"customer_id": "ada", "colour": "red"}, {"/colour"}),
        ({"customer_id": "ada", "4111111111111111": "x"}, {""}),
        ({"customer_id": "ada", "two words": "x"}, {""}),
        ({"customer_id": "a" * 5000}, {"/customer_id"}),
        ({"customer_id": ""}, {"/customer_id"}),
        ({"created_on": "20261122"}, {"/created_on"}),
        ({"created_on": "2026-02-30"}, {"/created_on"}),
        ({"created_on": "2026-W47-7"}, {"/created_on"}),
        ({"customer_id": "ada", "limit": "0"}, {"/limit"}),
        ({"customer_id": "ada", "next_token": ""}, {"/next_token"}),
        ({"customer_id": "ada", "limit": "101"}, {"/limit"}),
        ({"customer_id": "ada", "limit": "x"}, {"/limit"}),
        ({"customer_id": "ada", "limit": "-1"}, {"/limit"}),
        ({"customer_id": "ada", "limit": "\u0665"}, {"/limit"}),
        ({"customer_id": "", "limit": "", "created_on": ""}, {"/customer_id", "/limit", "/created_on"}),
    ],
)
def test_parameters_at_fault_are_named(parameters: dict[str, str], pointers: set[str]) -> None:
    with pytest.raises(RequestRefused) as refusal:
        read_listing(parameters)
    assert {violation.pointer for violation in refusal.value.violations} == pointers
