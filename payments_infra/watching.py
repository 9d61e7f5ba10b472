"""What rings: the alarms and the dashboard of one environment."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from payments_infra.constructs.monitoring import Monitoring
from payments_infra.constructs.runbook import Runbook
from payments_infra.constructs.table import BY_CUSTOMER, BY_DAY, OPEN_BY_DUE, SETTLED_BY_BATCH
from payments_infra.watching_workers import watch_workers
from payments_infra.watching_workflows import watch_batches, watch_workflows
from payments_infra.workers import counted

if TYPE_CHECKING:
    from pathlib import Path

    from payments_infra.stack import PaymentsStack

RUNBOOK = "docs/runbook.md"
_OWNER_AND_NAME = re.compile(r"[\w-]+/[\w.-]+")

QUEUE_AGE_SECONDS = 600
STREAM_AGE_MILLISECONDS = 120_000
LATENCY_MILLISECONDS = 2_000
DAY_SECONDS = 86_400

QUEUES_AND_TOPICS = "Queues and topics"
"""The row of the dashboard, and the section of the runbook, that both belong to."""


def watch(stack: PaymentsStack, *, runbook: Path) -> Monitoring:
    """Add every alarm of ``stack``, each explained in ``runbook``, and the dashboard of the same metrics."""
    where = stack.ground.settings.ownership.repository
    monitoring = Monitoring(
        stack,
        "monitoring",
        naming=stack.ground.naming,
        place=stack.ground.place,
        topic=stack.ground.alarms,
        runbook=Runbook.parse(
            runbook.read_text("utf-8"),
            url=f"https://github.com/{where}/blob/main/{RUNBOOK}" if _OWNER_AND_NAME.fullmatch(where) else RUNBOOK,
        ),
    )
    _watch_promises(stack, monitoring)
    _watch_ledger(stack, monitoring)
    _watch_queues(stack, monitoring)
    _watch_topics(stack, monitoring)
    watch_batches(stack, monitoring)
    watch_workflows(stack, monitoring)
    _watch_api(stack, monitoring)
    _watch_tables(stack, monitoring)
    watch_workers(stack, monitoring)
    for number, metric in enumerate(stack.ground.nat.metrics_failing(), start=1):
        monitoring.alarm(f"nat-failing-{number}", metric, above=0, entry="nat-failing", periods=2)
    return monitoring


def _watch_promises(stack: PaymentsStack, monitoring: Monitoring) -> None:
    suffix = stack.ground.naming.suffix
    overdue = counted("OpenPaymentsOverdue", worker="sweeper", suffix=suffix, label="open payments past their deadline")
    for part, worker in (
        ("payments-needing-review", "processor"),
        ("orchestrated-payments-needing-review", "charger"),
    ):
        review = counted("PaymentsNeedingReview", worker=worker, suffix=suffix, label=f"to review, by the {worker}")
        # Rings until an operator, having settled what needs it, says so: nobody counts reviews down.
        monitoring.alarm(part, review, above=0, entry="payments-needing-review", missing="ignore")
    monitoring.alarm("open-payments-overdue", overdue, above=0, periods=5)
    monitoring.alarm(
        "sweeper-not-running", stack.processing.sweeper.metric_invocations(), below=1, periods=5, missing="breaching"
    )


def _watch_ledger(stack: PaymentsStack, monitoring: Monitoring) -> None:
    reconciler = stack.reconciliation.reconciler
    discrepancies = counted(
        "LedgerDiscrepancies",
        worker="reconciler",
        suffix=stack.ground.naming.suffix,
        label="discrepancies of payments and ledger",
    )
    daily = replace(reconciler.metric_invocations(), period_seconds=DAY_SECONDS)
    # Rings until an operator, having looked into all of them, says so.
    monitoring.alarm("ledger-discrepancies", discrepancies, above=0, missing="ignore")
    # Two days: a run that comes a minute later than the day before leaves a day without one.
    monitoring.alarm("reconciler-not-running", daily, below=1, periods=2, missing="breaching")


def _watch_queues(stack: PaymentsStack, monitoring: Monitoring) -> None:
    for name, pipeline in (("processing", stack.channels.processing), ("notification", stack.channels.notification)):
        age = pipeline.metric_oldest_message_age()
        monitoring.alarm(f"{name}-queue-age", age, above=QUEUE_AGE_SECONDS, entry="queue-age")
        monitoring.alarm(f"{name}-dead-letters", pipeline.metric_dead_letters(), above=0)
        monitoring.show(QUEUES_AND_TOPICS, f"{name} waiting", pipeline.metric_waiting())
    for name, lost in (("dispatcher", stack.outbox.undispatched), ("auditor", stack.outbox.unaudited)):
        monitoring.alarm(f"{name}-dead-letters", lost.metric_waiting(), above=0)
    for name, function in (("dispatcher", stack.outbox.dispatcher), ("auditor", stack.outbox.auditor)):
        behind = function.metric_iterator_age()
        monitoring.alarm(f"{name}-stream-age", behind, above=STREAM_AGE_MILLISECONDS, entry="stream-age", periods=3)


def _watch_topics(stack: PaymentsStack, monitoring: Monitoring) -> None:
    for name, topic in (("customers", stack.channels.customers), ("back-office", stack.channels.back_office)):
        monitoring.alarm(
            f"{name}-failed-deliveries", topic.metric_failed_deliveries(), above=0, entry="failed-deliveries"
        )
    # No alarm: what tells of it would fail to be delivered itself, and start and end it for ever.
    alarms = stack.ground.alarms.metric_failed_deliveries()
    monitoring.show(QUEUES_AND_TOPICS, "alarms not delivered", alarms)


def _watch_api(stack: PaymentsStack, monitoring: Monitoring) -> None:
    monitoring.alarm("api-5xx", stack.intake.api.metric_5xx(), above=0)
    monitoring.alarm("api-latency", stack.intake.api.metric_latency(), above=LATENCY_MILLISECONDS, periods=3)
    monitoring.show("API", "Requests", stack.intake.api.metric_requests(), stack.intake.api.metric_4xx())


def _watch_tables(stack: PaymentsStack, monitoring: Monitoring) -> None:
    throttles = {
        "payments-read-throttles": stack.storage.payments.metric_read_throttles(),
        "payments-write-throttles": stack.storage.payments.metric_write_throttles(),
        **{
            f"{index.name}-write-throttles": stack.storage.payments.metric_index_write_throttles(index)
            for index in (BY_CUSTOMER, BY_DAY, OPEN_BY_DUE, SETTLED_BY_BATCH)
        },
        "batches-write-throttles": stack.storage.batches.metric_write_throttles(),
        "audit-write-throttles": stack.storage.audit.metric_write_throttles(),
    }
    for part, metric in throttles.items():
        monitoring.alarm(part, metric, above=0, entry="table-throttles", periods=2)
