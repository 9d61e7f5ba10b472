from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from payments.adapters import gateway_simulator
from payments.adapters.gateway_simulator import SimulatorGateway
from payments.domain.card_numbers import holds_card_number
from payments.domain.errors import GatewayAmbiguous, GatewayRefused
from payments.domain.money import from_minor_units
from tests.fakes import InMemoryLedger

if TYPE_CHECKING:
    from payments.ports import Charge


@pytest.fixture
def ledger() -> InMemoryLedger:
    return InMemoryLedger()


@pytest.fixture
def gateway(ledger: InMemoryLedger) -> SimulatorGateway:
    return SimulatorGateway(ledger)


def charge(gateway: SimulatorGateway, magic: int = 1000, *, key: str = "order-1", currency: str = "USD") -> Charge:
    amount = from_minor_units(magic, currency)
    return gateway.charge(idempotency_key=key, reference="order-1", amount=amount, currency=currency)


def test_an_ordinary_amount_is_approved_and_echoed(gateway: SimulatorGateway) -> None:
    approved = charge(gateway)
    assert (approved.approved, approved.amount, approved.currency) == (True, Decimal("10.00"), "USD")
    assert gateway.find(reference="order-1") == approved


def test_no_charge_has_a_reference_that_looks_like_a_card_number(gateway: SimulatorGateway) -> None:
    """Customers are told it, and what they are told is searched for card numbers."""
    references = [charge(gateway, key=f"order-{number}").reference for number in range(10_000)]
    assert [each for each in references if holds_card_number(each)] == []


@pytest.mark.parametrize("currency", ["USD", "JPY", "KWD", "CLF"])
@pytest.mark.parametrize(("magic", "code"), [(400002, "insufficient_funds"), (400003, "expired_card")])
def test_a_magic_amount_is_declined_in_every_currency(
    gateway: SimulatorGateway, magic: int, code: str, currency: str
) -> None:
    declined = charge(gateway, magic, currency=currency)
    assert (declined.approved, declined.decline_code) == (False, code)
    assert gateway.find(reference="order-1") == declined


@pytest.mark.parametrize("magic", [400004, 400006])
def test_a_first_attempt_that_fails_before_charging_leaves_no_charge(
    gateway: SimulatorGateway, ledger: InMemoryLedger, magic: int
) -> None:
    with pytest.raises(GatewayAmbiguous):
        charge(gateway, magic)
    assert gateway.find(reference="order-1") is None
    assert charge(gateway, magic).approved
    assert len(ledger.charges_of("order-1")) == 1


def test_a_first_attempt_that_times_out_after_charging_has_charged(
    gateway: SimulatorGateway, ledger: InMemoryLedger
) -> None:
    with pytest.raises(GatewayAmbiguous):
        charge(gateway, 400005)
    found = gateway.find(reference="order-1")
    assert found is not None
    assert charge(gateway, 400005) == found
    assert ledger.charges_of("order-1") == [found]


def test_an_amount_that_always_fails_never_charges(gateway: SimulatorGateway) -> None:
    for _ in range(3):
        with pytest.raises(GatewayAmbiguous):
            charge(gateway, 400007)
    assert gateway.find(reference="order-1") is None


def test_an_amount_that_is_refused_is_refused_with_a_code(gateway: SimulatorGateway) -> None:
    with pytest.raises(GatewayRefused) as refusal:
        charge(gateway, 400008)
    assert refusal.value.code == "invalid_request"
    assert gateway.find(reference="order-1") is None


def test_a_key_is_charged_once_and_answers_alike_for_good(gateway: SimulatorGateway, ledger: InMemoryLedger) -> None:
    first = charge(gateway)
    assert charge(gateway) == first
    assert charge(gateway, 2000) == first
    assert ledger.charges_of("order-1") == [first]


def test_a_double_charge_can_be_counted(gateway: SimulatorGateway, ledger: InMemoryLedger) -> None:
    assert charge(gateway, key="one").reference != charge(gateway, key="two").reference
    assert len(ledger.charges_of("order-1")) == 2


def test_of_a_double_charge_nobody_is_told_that_all_is_well(gateway: SimulatorGateway) -> None:
    charge(gateway, key="one")
    charge(gateway, key="two")
    with pytest.raises(GatewayAmbiguous, match="2 approved"):
        gateway.find(reference="order-1")


def test_a_charge_made_after_a_decline_is_the_one_that_is_found(gateway: SimulatorGateway) -> None:
    charge(gateway, 400002, key="one")
    assert gateway.find(reference="order-1") != charge(gateway, key="two")
    found = gateway.find(reference="order-1")
    assert found is not None
    assert found.approved


def test_every_magic_amount_is_documented() -> None:
    magic = [
        *gateway_simulator.DECLINE_CODES,
        gateway_simulator.TIMES_OUT_BEFORE_CHARGING,
        gateway_simulator.TIMES_OUT_AFTER_CHARGING,
        gateway_simulator.FAILS_ONCE,
        gateway_simulator.FAILS_ALWAYS,
        gateway_simulator.REFUSED,
    ]
    documented = [int(word) for word in str(gateway_simulator.__doc__).split() if word.isdecimal() and len(word) == 6]
    assert sorted(set(documented)) == sorted(magic) == list(range(400002, 400009))
