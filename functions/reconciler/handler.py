"""Every day: holds the gateway's ledger of the last days against the payments."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from typing import TYPE_CHECKING, Any

from payments.adapters import aws
from payments.adapters.dynamodb.many_payments import PaymentsInBulk
from payments.adapters.dynamodb.payments_table import PaymentsTable
from payments.adapters.gateway_choice import chosen_ledger
from payments.domain.findings import told
from payments.runtime import system, telemetry
from payments.runtime.variables import variables
from payments.use_cases import reconcile_day

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aws_lambda_powertools.utilities.typing import LambdaContext

    from payments.domain.reconciliation import Finding
    from payments.ports import Clock, GatewayLedger, ManyPayments, Measurements, PaymentStore, Tokens
    from payments.use_cases import Reconciled

DAYS = 3
"""Whole days looked at by a run. What is still on its way at the first look has its end at the second; and a run that
failed, which is never repeated, leaves its days to the next two."""


@dataclass(frozen=True, kw_only=True)
class Ports:
    """What reconciling needs."""

    ledger: GatewayLedger
    payments: ManyPayments
    store: PaymentStore
    clock: Clock
    tokens: Tokens
    measure: Measurements


@cache
def aws_ports() -> Ports:
    """Connect to what the function's variables name."""
    client = aws.dynamodb()
    with variables() as env:
        payments = env.text("PAYMENTS_TABLE")
        return Ports(
            ledger=chosen_ledger(env, client),
            payments=PaymentsInBulk(client, payments),
            store=PaymentsTable(client, payments),
            clock=system.now,
            tokens=system.new_token,
            measure=telemetry.EmittedMetrics(),
        )


def handler(event: dict[str, Any], context: LambdaContext) -> None:
    """Handle one tick of the schedule, or a day an operator names; whatever fails raises, so that ``Errors`` rises."""
    telemetry.begin(context, tick=event.get("time"))
    react(event, aws_ports())


def react(event: dict[str, Any], ports: Ports) -> list[Reconciled]:
    """Reconcile the day that ``event`` names (``{"day": "2026-11-22"}``) or the last whole days; say what came of each.

    Raises:
        ValueError: what is named is no day.
        ExceptionGroup: some days could not be compared to their end; all others were.
    """
    reconciled: list[Reconciled] = []
    failures: dict[date, Exception] = {}
    for day in _days(event, ports.clock):
        try:
            reconciled.append(_reconciled(day, ports))
        except Exception as failure:  # noqa: BLE001 - told of, and raised once every day has had its turn
            telemetry.log().exception("not reconciled")
            failures[day] = failure
    if failures:
        said = "; ".join(f"{day}: {failure!r}" for day, failure in failures.items())
        raise ExceptionGroup(f"days could not be compared: {said}", list(failures.values()))
    return reconciled


def _days(event: dict[str, Any], clock: Clock) -> Sequence[date]:
    if "day" in event:
        return [date.fromisoformat(event["day"])]
    # The latest first: where there is not time for all, the others have been looked at before.
    return [clock().date() - timedelta(days=ago) for ago in range(1, DAYS + 1)]


def _reconciled(day: date, ports: Ports) -> Reconciled:
    telemetry.about(day=day.isoformat())
    reconciled = reconcile_day(
        day,
        ledger=ports.ledger,
        payments=ports.payments,
        store=ports.store,
        clock=ports.clock,
        tokens=ports.tokens,
        measure=ports.measure,
        report=_report,
    )
    telemetry.log().info("reconciled", extra=vars(reconciled))
    return reconciled


def _report(finding: Finding) -> None:
    telemetry.log().warning("discrepancy", extra=told(finding))
