"""The payments table's stream as the outbox: each change wakes the queue it asks for."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from payments.adapters import aws
from payments.adapters.dynamodb.payment_item import payment_in
from payments.adapters.sqs import SqsQueue
from payments.runtime.stream import Change, all_changes
from payments.runtime.variables import variables
from payments.use_cases import Queue, dispatch_change

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from aws_lambda_powertools.utilities.batch.types import PartialItemFailureResponse
    from aws_lambda_powertools.utilities.typing import LambdaContext

    from payments.ports import MessageQueue


@dataclass(frozen=True, kw_only=True)
class Ports:
    """The queues a change can wake."""

    queues: Mapping[Queue, MessageQueue]


@cache
def aws_ports() -> Ports:
    """Connect to what the function's variables name."""
    client = aws.sqs()
    with variables() as env:
        return Ports(
            queues={
                Queue.PROCESSING: SqsQueue(client, env.text("PROCESSING_QUEUE_URL")),
                Queue.NOTIFICATION: SqsQueue(client, env.text("NOTIFICATION_QUEUE_URL")),
            }
        )


def handler(event: dict[str, Any], context: LambdaContext) -> PartialItemFailureResponse:
    """Handle a batch of stream records."""
    ports = aws_ports()
    return all_changes(event, context, read=payment_in, react=lambda changes: react(changes, ports))


def react(changes: Sequence[Change], ports: Ports) -> list[Change]:
    """Send what ``changes`` ask for, in as few requests as can be; return the changes whose message was not taken."""
    asked = [(change, wake) for change in changes if (wake := dispatch_change(change.old, change.new))]
    not_taken: list[Change] = []
    for name, queue in ports.queues.items():
        refused = set(queue.send(dict.fromkeys(wake.payment_id for _, wake in asked if wake.queue is name)))
        not_taken += [change for change, wake in asked if wake.queue is name and wake.payment_id in refused]
    return not_taken
