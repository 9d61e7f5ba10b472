"""Every gateway of this repository keeps the promises of the port."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from payments.adapters.gateway_http import HttpGateway
from payments.adapters.gateway_ledger import DynamoDbLedger
from payments.adapters.gateway_simulator import SimulatorGateway
from payments.adapters.https import HttpsClient
from payments.domain.money import minor_units
from tests.contract.gateway_contract import PROMISES, GatewayUnderTest
from tests.contract.gateway_server import GatewayServer
from tests.contract.loopback import loopback
from tests.fakes import Act, FakeClock, FakeGateway, InMemoryLedger

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from decimal import Decimal

    from payments.ports import Charge
    from tests.contract.services import Services


ALWAYS = {400002: Act.DECLINE, 400008: Act.REFUSE}
AT_FIRST = {
    400004: Act.TIME_OUT_BEFORE_CHARGING,
    400005: Act.TIME_OUT_AFTER_CHARGING,
    400006: Act.TIME_OUT_BEFORE_CHARGING,
}


class FakeGatewayByAmount(FakeGateway):
    """The use cases' fake, doing what the simulator's magic amounts ask for."""

    def charge(self, *, idempotency_key: str, reference: str, amount: Decimal, currency: str) -> Charge:
        known = idempotency_key in self.keys_seen[reference]
        acts = ALWAYS if known else ALWAYS | AT_FIRST
        self.acts.append(acts.get(minor_units(amount, currency), Act.APPROVE))
        return super().charge(idempotency_key=idempotency_key, reference=reference, amount=amount, currency=currency)


@pytest.fixture(params=["fake", "simulator in memory", "simulator in DynamoDB", "over HTTP"])
def gateway(request: pytest.FixtureRequest, services: Services) -> Iterator[GatewayUnderTest]:
    if request.param == "fake":
        yield GatewayUnderTest(gateway=FakeGatewayByAmount(FakeClock()))
    elif request.param == "simulator in memory":
        yield GatewayUnderTest(gateway=SimulatorGateway(InMemoryLedger()))
    elif request.param == "simulator in DynamoDB":
        ledger = DynamoDbLedger(services.dynamodb, services.ledger_table())
        yield GatewayUnderTest(gateway=SimulatorGateway(ledger))
    else:
        book = InMemoryLedger()
        with loopback(GatewayServer(SimulatorGateway(book), book)) as server:
            yield GatewayUnderTest(
                gateway=HttpGateway(
                    HttpsClient(server.url, timeout=timedelta(seconds=10)),
                    secret=lambda: "token",
                    key_retention=timedelta(hours=24),
                )
            )


@pytest.mark.parametrize("promise", PROMISES, ids=lambda promise: promise.__name__)
def test_a_gateway_keeps_its_promises(gateway: GatewayUnderTest, promise: Callable[[GatewayUnderTest], None]) -> None:
    promise(gateway)
