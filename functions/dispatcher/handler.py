"""The payments table's stream as the outbox: each change wakes the queues and workflows it asks for.

What a queue did not take comes again: nobody else sends it. What the workflow service did not take is counted and left,
so that the payments behind it need not wait until that service is back; each is brought to its end without it:

* a start: the payment keeps its deadline, at which the sweeper wakes it. One that waits for nobody is then charged by
  the queue; for one that needs an approval a new version asks for the start again;
* an answer that approves: the payment has a deadline anew, at which the sweeper has it charged by the queue;
* an answer that refuses: the payment has failed already.

The workflow that was not answered waits until its time is over, and goes by the payment's state then.
"""

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

    from payments.ports import Measurements, MessageQueue, Workflow

_AT_ONCE = 10
"""Requests to workflows under way at once: Step Functions takes one a call."""

_MOST_FAILURES = 10
"""Requests to workflows that may fail in one run; the rest is not tried, or time-outs would use up the whole run."""

NOT_TAKEN_METRIC = "WorkflowRequestsNotTaken"
"""Starts and answers that the workflow service did not take, or was spared while it was down."""


@dataclass(frozen=True, kw_only=True)
class Ports:
    """The queues and workflows a change can wake."""

    queues: Mapping[Queue, MessageQueue]
    workflow: Workflow
    measure: Measurements


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
            measure=telemetry.EmittedMetrics(),
        )


def handler(event: dict[str, Any], context: LambdaContext) -> PartialItemFailureResponse:
    """Handle a batch of stream records."""
    ports = aws_ports()
    return all_changes(event, context, read=payment_in, react=lambda changes: react(changes, ports))


def react(changes: Sequence[Change], ports: Ports) -> list[Change]:
    """Pass on what ``changes`` ask for, in as few requests as can be; return the changes a queue did not take.

    Queues come first: a workflow service that is down must not hold up the payments of the queue.
    """
    asked = [(change, request) for change in changes for request in dispatch_change(change.old, change.new)]
    wakes = [(change, request) for change, request in asked if isinstance(request, Wake)]
    not_taken: list[Change] = []
    for name, queue in ports.queues.items():
        refused = set(queue.send(dict.fromkeys(wake.payment_id for _, wake in wakes if wake.queue is name)))
        not_taken += [change for change, wake in wakes if wake.queue is name and wake.payment_id in refused]
    _call([(change, request) for change, request in asked if not isinstance(request, Wake)], ports)
    return not_taken


def _call(calls: Sequence[tuple[Change, Start | Answer]], ports: Ports) -> None:
    """Make ``calls``, ten at once, until too many have failed; log and count those that were not taken."""
    failures: list[DeliveryFailed] = []

    def taken(call: Start | Answer) -> bool:
        if len(failures) >= _MOST_FAILURES:
            return False
        failure = _failure(call, ports.workflow)
        failures.extend([failure] if failure else [])
        return failure is None

    with ThreadPoolExecutor(_AT_ONCE) as threads:
        results = list(threads.map(lambda call: taken(call[1]), calls))
    left = [change for (change, _), was_taken in zip(calls, results, strict=True) if not was_taken]
    for change in left:
        telemetry.about(sequence_number=change.sequence_number, payment_id=change.new.payment_id)
        telemetry.log().warning("left to the sweeper: its workflow took nothing of %s", change.new.event_id)
    if left:
        ports.measure.count(NOT_TAKEN_METRIC, len(left))


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
