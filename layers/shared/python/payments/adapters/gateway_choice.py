"""Connects to the payment gateway that a function's variables name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from payments.adapters import aws
from payments.adapters.gateway_http import LONGEST_LEDGER_PAGE_BYTES, HttpGateway
from payments.adapters.gateway_ledger import DynamoDbLedger
from payments.adapters.gateway_simulator import SimulatorGateway
from payments.adapters.https import HttpsClient
from payments.adapters.secrets import RotatingSecret

if TYPE_CHECKING:
    from datetime import timedelta

    from mypy_boto3_dynamodb.client import DynamoDBClient

    from payments.ports import GatewayLedger, PaymentGateway


class Variables(Protocol):
    """As much as is read here of a function's variables."""

    def text(self, name: str) -> str:
        """Return a text that must be there."""
        ...

    def seconds(self, name: str) -> timedelta:
        """Return a span of time that must be there."""
        ...

    def one_of(self, name: str, options: tuple[str, ...]) -> str:
        """Return a text that must be one of ``options``."""
        ...


def chosen_gateway(env: Variables, client: DynamoDBClient) -> PaymentGateway:
    """Return the gateway that ``GATEWAY`` names; ``client`` keeps the simulator's ledger."""
    return _chosen(env, client)


def chosen_ledger(env: Variables, client: DynamoDBClient) -> GatewayLedger:
    """Return the ledger of the gateway that ``GATEWAY`` names; ``client`` keeps the simulator's."""
    return _chosen(env, client, longest_answer_bytes=LONGEST_LEDGER_PAGE_BYTES)


def _chosen(env: Variables, client: DynamoDBClient, **limits: int) -> HttpGateway | SimulatorGateway:
    key_retention = env.seconds("GATEWAY_KEY_RETENTION_SECONDS")
    if env.one_of("GATEWAY", ("simulator", "http")) == "http":
        return HttpGateway(
            secret=RotatingSecret(aws.secrets_manager(), env.text("GATEWAY_SECRET_ARN")),
            server=HttpsClient(env.text("GATEWAY_URL"), timeout=env.seconds("GATEWAY_TIMEOUT_SECONDS"), **limits),
            key_retention=key_retention,
        )
    return SimulatorGateway(DynamoDbLedger(client, env.text("GATEWAY_LEDGER_TABLE")), key_retention=key_retention)
