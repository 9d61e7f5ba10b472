"""The payments table's stream as the outbox: each change wakes the queues and workflows it asks for."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from payments.adapters import aws
from payments.adapters.dynamodb.payment_item import payment_in
from payments.adapters.sqs import SqsQueue
from payments.adapters.step_functions import StepFunctionsWorkflow
from payments.domain.errors import DeliveryFailed
from payments.runtime import telemetry
from payments.runtime.stream import Change, all_changes
from payments.runtime.variables import variables
from payments.use_cases import Answer, Queue, Start, Wake, dispatch_change

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from aws_lambda_powertools.utilities.batch.types import PartialItemFailureResponse
    from aws_lambda_powertools.utilities.typing import LambdaContext

    from payments.ports import MessageQueue, Workflow

_AT_ONCE = 10
"""Requests to workflows under way at once: Step Functions takes one a call."""


@dataclass(frozen=True, kw_only=True)
class Ports:
    """The queues and workflows a change can wake."""

    queues: Mapping[Queue, MessageQueue]
    workflow: Workflow


@cache
def aws_ports() -> Ports:
    """Connect to what the function's variables name."""
    client = aws.sqs()
    with variables() as env:
        return Ports(
            queues={
                Queue.PROCESSING: SqsQueue(client, env.text("PROCESSING_QUEUE_URL")),
                Queue.NOTIFICATION: SqsQueue(client, env.text("NOTIFICATION_QUEUE_URL")),
            },
            workflow=StepFunctionsWorkflow(aws.step_functions(), env.text("PAYMENT_WORKFLOW_ARN")),
        )


def handler(event: dict[str, Any], context: LambdaContext) -> PartialItemFailureResponse:
    """Handle a batch of stream records."""
    ports = aws_ports()
    return all_changes(event, context, read=payment_in, react=lambda changes: react(changes, ports))


def react(changes: Sequence[Change], ports: Ports) -> list[Change]:
    """Pass on what ``changes`` ask for, in as few requests as can be; return the changes not all of which was taken.

    Queues come first: a workflow service that is down must not hold up the payments of the queue.
    """
    asked = [(change, request) for change in changes for request in dispatch_change(change.old, change.new)]
    wakes = [(change, request) for change, request in asked if isinstance(request, Wake)]
    calls = [(change, request) for change, request in asked if not isinstance(request, Wake)]
    not_taken: list[Change] = []
    for name, queue in ports.queues.items():
        refused = set(queue.send(dict.fromkeys(wake.payment_id for _, wake in wakes if wake.queue is name)))
        not_taken += [change for change, wake in wakes if wake.queue is name and wake.payment_id in refused]
    with ThreadPoolExecutor(_AT_ONCE) as threads:
        failures = threads.map(lambda call: _failure(call[1], ports.workflow), calls)
        not_taken += [change for (change, _), failure in zip(calls, failures, strict=True) if failure]
    return not_taken


def _failure(call: Start | Answer, workflow: Workflow) -> DeliveryFailed | None:
    try:
        if isinstance(call, Start):
            workflow.start(call.payment_id)
        else:
            workflow.answer(call.task_token, granted=call.granted)
    except DeliveryFailed as failure:
        telemetry.log().warning("%s", failure)
        return failure
    return None
