"""What a payment gateway must promise, as tests that any adapter can be run against.

Describe the gateway by :class:`GatewayUnderTest` (for a real one: a sandbox account and its magic amounts) and give it
to every function in :data:`PROMISES`.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from payments.domain.errors import GatewayAmbiguous, GatewayRefused

if TYPE_CHECKING:
    from collections.abc import Callable

    from payments.ports import Charge, PaymentGateway


@dataclass(frozen=True, kw_only=True)
class GatewayUnderTest:
    """A gateway, and the amounts by which it can be made to do each thing in ``currency``."""

    gateway: PaymentGateway
    currency: str = "EUR"
    approved: Decimal = Decimal("12.50")
    declined: Decimal = Decimal("4000.02")
    decline_code: str = "insufficient_funds"
    refused: Decimal = Decimal("4000.08")
    answer_lost_before_charging: Decimal = Decimal("4000.04")
    answer_lost_after_charging: Decimal = Decimal("4000.05")
    fails_once: Decimal = Decimal("4000.06")

    def charge(self, amount: Decimal, *, reference: str, key: str | None = None) -> Charge:
        return self.gateway.charge(
            idempotency_key=key or reference, reference=reference, amount=amount, currency=self.currency
        )


def new_reference() -> str:
    return f"pay-{uuid4()}"


def an_approved_charge_echoes_amount_and_currency(it: GatewayUnderTest) -> None:
    charge = it.charge(it.approved, reference=new_reference())
    assert charge.approved
    assert (charge.amount, charge.currency) == (it.approved, it.currency)
    assert isinstance(charge.amount, Decimal)
    assert charge.reference
    assert charge.decline_code is None


def a_declined_charge_says_why(it: GatewayUnderTest) -> None:
    charge = it.charge(it.declined, reference=new_reference())
    assert not charge.approved
    assert charge.decline_code == it.decline_code
    assert (charge.amount, charge.currency) == (it.declined, it.currency)


def what_can_never_be_done_is_refused_with_a_code_and_charges_nothing(it: GatewayUnderTest) -> None:
    reference = new_reference()
    with pytest.raises(GatewayRefused) as refusal:
        it.charge(it.refused, reference=reference)
    assert refusal.value.code
    assert it.gateway.find(reference=reference) is None


def a_key_is_charged_once_and_answered_alike(it: GatewayUnderTest) -> None:
    for amount in (it.approved, it.declined):
        reference = new_reference()
        assert it.charge(amount, reference=reference) == it.charge(amount, reference=reference)


def an_answer_lost_before_the_charge_is_ambiguous_and_the_next_try_charges(it: GatewayUnderTest) -> None:
    for amount in (it.answer_lost_before_charging, it.fails_once):
        reference = new_reference()
        with pytest.raises(GatewayAmbiguous):
            it.charge(amount, reference=reference)
        assert it.gateway.find(reference=reference) is None
        assert it.charge(amount, reference=reference).approved


def an_answer_lost_after_the_charge_is_ambiguous_and_the_next_try_finds_that_charge(it: GatewayUnderTest) -> None:
    reference = new_reference()
    with pytest.raises(GatewayAmbiguous):
        it.charge(it.answer_lost_after_charging, reference=reference)
    found = it.gateway.find(reference=reference)
    assert found is not None
    assert found.approved
    assert it.charge(it.answer_lost_after_charging, reference=reference) == found


def a_charge_is_found_by_its_reference_and_no_other(it: GatewayUnderTest) -> None:
    reference, other = new_reference(), new_reference()
    charge = it.charge(it.approved, reference=reference)
    assert it.gateway.find(reference=reference) == charge
    assert it.gateway.find(reference=other) is None


def a_declined_charge_is_found_too(it: GatewayUnderTest) -> None:
    reference = new_reference()
    charge = it.charge(it.declined, reference=reference)
    assert it.gateway.find(reference=reference) == charge


def it_says_how_long_a_key_is_remembered(it: GatewayUnderTest) -> None:
    assert it.gateway.key_retention.total_seconds() > 0


PROMISES: tuple[Callable[[GatewayUnderTest], None], ...] = (
    an_approved_charge_echoes_amount_and_currency,
    a_declined_charge_says_why,
    what_can_never_be_done_is_refused_with_a_code_and_charges_nothing,
    a_key_is_charged_once_and_answered_alike,
    an_answer_lost_before_the_charge_is_ambiguous_and_the_next_try_charges,
    an_answer_lost_after_the_charge_is_ambiguous_and_the_next_try_finds_that_charge,
    a_charge_is_found_by_its_reference_and_no_other,
    a_declined_charge_is_found_too,
    it_says_how_long_a_key_is_remembered,
)
