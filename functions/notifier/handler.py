"""The notification queue: tells customers what became of each payment named there."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from typing import TYPE_CHECKING, Any

from payments.adapters import aws
from payments.adapters.dynamodb.payments_table import PaymentsTable
from payments.adapters.every_notifier import EveryNotifier
from payments.adapters.https import HttpsClient
from payments.adapters.secrets import RotatingSecret
from payments.adapters.sns import SnsNotifier
from payments.adapters.webhooks import WebhookNotifier
from payments.domain.messages import decode_message
from payments.runtime import system, telemetry
from payments.runtime.batch import each_message
from payments.runtime.variables import variables
from payments.use_cases import notify_payment

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.batch.types import PartialItemFailureResponse
    from aws_lambda_powertools.utilities.typing import LambdaContext

    from payments.ports import Notification, Notifier, PaymentReader
    from payments.runtime.variables import Variables

WEBHOOK_TIMEOUT = timedelta(seconds=10)
"""The specification asks for 15 to 30 seconds of patience; ten at once within a function's 30 seconds allow ten."""


@dataclass(frozen=True, kw_only=True)
class Ports:
    """What telling needs."""

    reader: PaymentReader
    notifier: Notifier


@cache
def aws_ports() -> Ports:
    """Connect to what the function's variables name."""
    with variables() as env:
        return Ports(
            reader=PaymentsTable(aws.dynamodb(), env.text("PAYMENTS_TABLE")),
            notifier=EveryNotifier([SnsNotifier(aws.sns(), env.text("CUSTOMER_TOPIC_ARN")), *_webhook(env)]),
        )


def _webhook(env: Variables) -> list[Notifier]:
    url = env.optional_text("WEBHOOK_URL")
    if url is None:
        return []
    secrets = RotatingSecret(aws.secrets_manager(), env.text("WEBHOOK_SECRET_ARN"))
    return [WebhookNotifier(HttpsClient(url, timeout=WEBHOOK_TIMEOUT), secrets=secrets, clock=system.now)]


def handler(event: dict[str, Any], context: LambdaContext) -> PartialItemFailureResponse:
    """Handle a batch of messages."""
    ports = aws_ports()
    return each_message(event, context, lambda body: process(body, ports))


def process(message: str, ports: Ports) -> Notification | None:
    """Tell what became of the payment that ``message`` names, and return what was told."""
    payment_id = decode_message(message)
    telemetry.about(payment_id=payment_id)
    told = notify_payment(payment_id, store=ports.reader, notifier=ports.notifier)
    telemetry.log().info("notified", extra={"event_id": told.event_id if told else None})
    return told
