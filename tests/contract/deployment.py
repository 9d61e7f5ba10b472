"""What the stack deploys, small: the real handlers with their variables, the stream and the queues played by hand."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast
from uuid import uuid4

from functions.approver import handler as approver
from functions.auditor import handler as auditor
from functions.charger import handler as charger
from functions.dispatcher import handler as dispatcher
from functions.examiner import handler as examiner
from functions.notifier import handler as notifier
from functions.processor import handler as processor
from functions.query import handler as query
from functions.requester import handler as requester
from functions.sweeper import handler as sweeper
from functions.validator import handler as validator
from tests.unit.handlers.events import Event, api_event, body_of, sample

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

    from tests.contract.services import Services

HANDLERS = (
    approver,
    auditor,
    charger,
    dispatcher,
    examiner,
    notifier,
    processor,
    query,
    requester,
    sweeper,
    validator,
)
CONTEXT = cast("LambdaContext", SimpleNamespace(aws_request_id="request"))


class Deployment:
    """The resources that the functions' variables name."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._seen: dict[str, Any] = {}
        self.variables = {
            "PAYMENTS_TABLE": services.payments_table(),
            "AUDIT_TABLE": services.audit_table(),
            "BATCHES_TABLE": services.batches_table(),
            "GATEWAY_LEDGER_TABLE": services.ledger_table(),
            "PROCESSING_QUEUE_URL": services.queue(),
            "NOTIFICATION_QUEUE_URL": services.queue(),
            "CUSTOMER_TOPIC_ARN": services.sns.create_topic(Name=f"journey-{uuid4()}")["TopicArn"],
            "GATEWAY": "simulator",
            "GATEWAY_KEY_RETENTION_SECONDS": "86400",
            "LEASE_SECONDS": "45",
            "OPEN_DEADLINE_SECONDS": "1",
            "APPROVAL_TIMEOUT_SECONDS": "86400",
            "PAYMENT_WORKFLOW_ARN": "arn:aws:states:us-east-1:123456789012:stateMachine:payments",
            "POWERTOOLS_SERVICE_NAME": "journey",
            "POWERTOOLS_METRICS_NAMESPACE": "Payments",
            "ENVIRONMENT_SUFFIX": "test",
        }

    def stream(self) -> Event:
        """Return the changes since the last call as the table's stream would bring them."""
        event = sample("dynamodb_stream")
        template = event["Records"][0]
        event["Records"] = []
        for item in self._services.dynamodb.scan(TableName=self.variables["PAYMENTS_TABLE"])["Items"]:
            payment_id = item["payment_id"]["S"]
            if "status" in item and self._seen.get(payment_id) != item:
                old = {"OldImage": self._seen[payment_id]} if payment_id in self._seen else {}
                event["Records"].append(
                    {**template, "dynamodb": {"NewImage": item, "SequenceNumber": uuid4().hex, **old}}
                )
                self._seen[payment_id] = item
        return event

    def messages(self, queue: str) -> Event:
        """Return what waits in the queue as its event source mapping would bring it."""
        event = sample("sqs")
        bodies = self._services.bodies_in(self.variables[queue])
        event["Records"] = [
            {**event["Records"][0], "messageId": uuid4().hex, "body": json.dumps(body)} for body in bodies
        ]
        return event


def flow(deployment: Deployment) -> None:
    """Let stream and queues deliver until nothing is left."""
    while (changes := deployment.stream())["Records"]:
        assert auditor.handler(changes, CONTEXT) == {"batchItemFailures": []}
        assert dispatcher.handler(changes, CONTEXT) == {"batchItemFailures": []}
        processor.handler(deployment.messages("PROCESSING_QUEUE_URL"), CONTEXT)
        notifier.handler(deployment.messages("NOTIFICATION_QUEUE_URL"), CONTEXT)


def get(name: str, payment_id: str) -> Any:  # noqa: ANN401 - whatever JSON can hold
    return body_of(query.handler(api_event(name, payment_id=payment_id), CONTEXT))
