"""What every ledger of the simulated gateway must do, in memory and in DynamoDB."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from botocore.exceptions import ClientError

from payments.adapters.gateway_ledger import DynamoDbLedger
from payments.ports import Charge
from tests.contract.faults import lose_next_answer
from tests.fakes import START, InMemoryLedger

if TYPE_CHECKING:
    from payments.adapters.gateway_simulator import Ledger
    from tests.contract.services import Services

APPROVED = Charge(approved=True, reference="sim_1", amount=Decimal("12.50"), currency="EUR")
DECLINED = replace(APPROVED, approved=False, reference="sim_2", decline_code="expired_card")


@pytest.fixture(params=["in memory", "DynamoDB"])
def ledger(request: pytest.FixtureRequest, services: Services) -> Ledger:
    return (
        InMemoryLedger() if request.param == "in memory" else DynamoDbLedger(services.dynamodb, services.ledger_table())
    )


def test_only_the_first_attempt_under_a_key_is_the_first(ledger: Ledger) -> None:
    assert [ledger.begin(reference="pay-1", idempotency_key=key) for key in ("a", "a", "b")] == [True, False, True]


def test_an_attempt_alone_is_no_charge(ledger: Ledger) -> None:
    ledger.begin(reference="pay-1", idempotency_key="a")
    assert list(ledger.charges_of("pay-1")) == []


def test_the_charge_that_stands_under_a_key_is_never_written_over(ledger: Ledger) -> None:
    ledger.begin(reference="pay-1", idempotency_key="a")
    assert ledger.record(APPROVED, reference="pay-1", idempotency_key="a", at=START) == APPROVED
    assert ledger.record(DECLINED, reference="pay-1", idempotency_key="a", at=START) == APPROVED
    assert list(ledger.charges_of("pay-1")) == [APPROVED]


def test_a_second_charge_under_another_key_is_counted(ledger: Ledger) -> None:
    for key, charge in (("a", APPROVED), ("b", DECLINED)):
        ledger.begin(reference="pay-1", idempotency_key=key)
        ledger.record(charge, reference="pay-1", idempotency_key=key, at=START)
    ledger.begin(reference="pay-2", idempotency_key="a")
    ledger.record(APPROVED, reference="pay-2", idempotency_key="a", at=START)
    assert list(ledger.charges_of("pay-1")) == [APPROVED, DECLINED]


def test_attempt_and_charge_whose_answers_were_lost_are_still_the_first(services: Services) -> None:
    ledger = DynamoDbLedger(services.dynamodb, services.ledger_table())
    lose_next_answer(services.dynamodb)
    assert ledger.begin(reference="pay-1", idempotency_key="a")
    lose_next_answer(services.dynamodb)
    assert ledger.record(APPROVED, reference="pay-1", idempotency_key="a", at=START) == APPROVED
    assert ledger.charges_of("pay-1") == [APPROVED]


def test_a_ledger_that_is_not_there_is_an_error(services: Services) -> None:
    ledger = DynamoDbLedger(services.dynamodb, "no-such-table")
    with pytest.raises(ClientError):
        ledger.begin(reference="pay-1", idempotency_key="a")
