"""Every minute: wakes open payments that nobody looks after any more."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from payments.adapters import aws
from payments.adapters.dynamodb.open_index import OpenIndex
from payments.adapters.sqs import SqsQueue
from payments.runtime import system, telemetry
from payments.runtime.variables import variables
from payments.use_cases import wake_overdue

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

    from payments.ports import Clock, Measurements, MessageQueue, OverduePayments

MOST_WOKEN_PER_SHARD = 250
"""Bounds a run: 2,000 wake-ups at most, oldest first; the next run takes the next ones."""


@dataclass(frozen=True, kw_only=True)
class Ports:
    """What waking needs."""

    overdue: OverduePayments
    queue: MessageQueue
    clock: Clock
    measure: Measurements


@cache
def aws_ports() -> Ports:
    """Connect to what the function's variables name."""
    with variables() as env:
        return Ports(
            overdue=OpenIndex(aws.dynamodb(), env.text("PAYMENTS_TABLE"), key="payment_id"),
            queue=SqsQueue(aws.sqs(), env.text("PROCESSING_QUEUE_URL")),
            clock=system.now,
            measure=telemetry.EmittedMetrics(),
        )


def handler(event: dict[str, Any], context: LambdaContext) -> None:
    """Handle one tick of the schedule; whatever fails raises, so that ``Errors`` rises."""
    telemetry.begin(context, tick=event.get("time"))
    react(aws_ports())


def react(ports: Ports) -> int:
    """Wake what is overdue; return how many payments."""
    woken = wake_overdue(
        overdue=ports.overdue,
        queue=ports.queue,
        clock=ports.clock,
        measure=ports.measure,
        limit=MOST_WOKEN_PER_SHARD,
    )
    telemetry.log().info("swept", extra={"woken": woken})
    return woken
