"""The payments table's stream as the audit trail: every change is recorded once, by nobody who could make one."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from payments.adapters import aws
from payments.adapters.dynamodb.audit_table import AuditTable
from payments.adapters.dynamodb.payment_item import payment_in
from payments.runtime import telemetry
from payments.runtime.stream import Change, each_change
from payments.runtime.variables import variables
from payments.use_cases import record_change

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.batch.types import PartialItemFailureResponse
    from aws_lambda_powertools.utilities.typing import LambdaContext

    from payments.ports import AuditLog


@dataclass(frozen=True, kw_only=True)
class Ports:
    """Where changes are recorded."""

    log: AuditLog


@cache
def aws_ports() -> Ports:
    """Connect to what the function's variables name."""
    with variables() as env:
        return Ports(log=AuditTable(aws.dynamodb(), env.text("AUDIT_TABLE")))


def handler(event: dict[str, Any], context: LambdaContext) -> PartialItemFailureResponse:
    """Handle a batch of stream records."""
    ports = aws_ports()
    return each_change(event, context, read=payment_in, react=lambda change: react(change, ports))


def react(change: Change, ports: Ports) -> int:
    """Record every version that ``change`` brought; return how many."""
    recorded = record_change(change.old.version if change.old else None, change.new, log=ports.log)
    telemetry.log().info("recorded", extra={"events": recorded, "version": change.new.version})
    return recorded
