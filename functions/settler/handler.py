"""Every minute: follows the payments of completed batches to their end, and fails batches whose workflow is lost."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from payments.adapters import aws
from payments.adapters.back_office import SnsBatchNotices
from payments.adapters.dynamodb.batches_table import BatchesTable
from payments.adapters.dynamodb.open_index import OpenIndex
from payments.adapters.dynamodb.settled_payments import SettledPaymentsIndex
from payments.runtime import system, telemetry
from payments.runtime.variables import variables
from payments.use_cases import settle_batches

if TYPE_CHECKING:
    from datetime import timedelta

    from aws_lambda_powertools.utilities.typing import LambdaContext

    from payments.ports import BatchNotices, BatchStore, Clock, Measurements, OverdueBatches, SettledPayments, Tokens


@dataclass(frozen=True, kw_only=True)
class Ports:
    """What looking after batches needs; none is read for longer than ``longest_run``."""

    overdue: OverdueBatches
    store: BatchStore
    payments: SettledPayments
    notices: BatchNotices
    clock: Clock
    tokens: Tokens
    measure: Measurements
    longest_run: timedelta


@cache
def aws_ports() -> Ports:
    """Connect to what the function's variables name."""
    client = aws.dynamodb()
    with variables() as env:
        batches = env.text("BATCHES_TABLE")
        return Ports(
            overdue=OpenIndex(client, batches, key="batch_id"),
            store=BatchesTable(client, batches),
            payments=SettledPaymentsIndex(aws.dynamodb_for_many(), env.text("PAYMENTS_TABLE")),
            notices=SnsBatchNotices(aws.sns(), env.text("BACK_OFFICE_TOPIC_ARN")),
            clock=system.now,
            tokens=system.new_token,
            measure=telemetry.EmittedMetrics(),
            longest_run=env.seconds("LONGEST_RUN_SECONDS"),
        )


def handler(event: dict[str, Any], context: LambdaContext) -> None:
    """Handle one tick of the schedule; whatever fails raises, so that ``Errors`` rises."""
    telemetry.begin(context, tick=event.get("time"))
    react(aws_ports())


def react(ports: Ports) -> int:
    """Count anew what is due and fail what is lost; return how many batches were counted."""
    counted = settle_batches(
        overdue=ports.overdue,
        store=ports.store,
        payments=ports.payments,
        notices=ports.notices,
        clock=ports.clock,
        tokens=ports.tokens,
        measure=ports.measure,
        longest_run=ports.longest_run,
    )
    telemetry.log().info("counted", extra={"batches": counted})
    return counted
