"""What rings: the alarms and the dashboard of one environment."""

from __future__ import annotations

from typing import TYPE_CHECKING

from payments_infra.constructs.log_metric import FAILURES, LogMetric
from payments_infra.constructs.metric import Metric
from payments_infra.constructs.monitoring import Monitoring
from payments_infra.constructs.runbook import Runbook
from payments_infra.constructs.table import BY_CUSTOMER, BY_DAY, OPEN_BY_DUE
from payments_infra.workers import METRICS_NAMESPACE

if TYPE_CHECKING:
    from pathlib import Path

    from payments_infra.constructs.function import Function
    from payments_infra.stack import PaymentsStack

LONGEST_RUN_PERCENT = 80
"""A run that takes more than this part of its time-out rings before runs are cut off."""

QUEUE_AGE_SECONDS = 600
STREAM_AGE_MILLISECONDS = 120_000
LATENCY_MILLISECONDS = 2_000


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
            url=f"https://github.com/{where}/blob/main/docs/runbook.md" if where else "docs/runbook.md",
        ),
    )
    _watch_promises(stack, monitoring)
    _watch_queues(stack, monitoring)
    _watch_repeats(stack, monitoring)
    _watch_api(stack, monitoring)
    _watch_tables(stack, monitoring)
    for worker, function in stack.workers.made.items():
        _watch_function(stack, monitoring, worker, function)
    for number, metric in enumerate(stack.ground.nat.metrics_failing(), start=1):
        monitoring.alarm(f"nat-failing-{number}", metric, above=0, entry="nat-failing", periods=2)
    return monitoring


def _watch_promises(stack: PaymentsStack, monitoring: Monitoring) -> None:
    suffix = stack.ground.naming.suffix
    review = _counted("PaymentsNeedingReview", "processor", suffix, "payments needing review")
    overdue = _counted("OpenPaymentsOverdue", "sweeper", suffix, "open payments past their deadline")
    # Rings until an operator, having settled what needs it, says so: nobody counts reviews down.
    monitoring.alarm("payments-needing-review", review, above=0, missing="ignore")
    monitoring.alarm("open-payments-overdue", overdue, above=0, periods=5)
    monitoring.alarm(
        "sweeper-not-running", stack.processing.sweeper.metric_invocations(), below=1, periods=5, missing="breaching"
    )


def _watch_queues(stack: PaymentsStack, monitoring: Monitoring) -> None:
    for name, pipeline in (("processing", stack.channels.processing), ("notification", stack.channels.notification)):
        age = pipeline.metric_oldest_message_age()
        monitoring.alarm(f"{name}-queue-age", age, above=QUEUE_AGE_SECONDS, entry="queue-age")
        monitoring.alarm(f"{name}-dead-letters", pipeline.metric_dead_letters(), above=0)
        monitoring.show("Queues", f"{name} waiting", pipeline.metric_waiting())
    for name, lost in (("dispatcher", stack.outbox.undispatched), ("auditor", stack.outbox.unaudited)):
        monitoring.alarm(f"{name}-dead-letters", lost.metric_waiting(), above=0)
    for name, function in (("dispatcher", stack.outbox.dispatcher), ("auditor", stack.outbox.auditor)):
        behind = function.metric_iterator_age()
        monitoring.alarm(f"{name}-stream-age", behind, above=STREAM_AGE_MILLISECONDS, entry="stream-age", periods=3)


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
            for index in (BY_CUSTOMER, BY_DAY, OPEN_BY_DUE)
        },
        "audit-write-throttles": stack.storage.audit.metric_write_throttles(),
    }
    for part, metric in throttles.items():
        monitoring.alarm(part, metric, above=0, entry="table-throttles", periods=2)


def _watch_function(stack: PaymentsStack, monitoring: Monitoring, worker: str, function: Function) -> None:
    longest_milliseconds = function.timeout_seconds * 1000 * LONGEST_RUN_PERCENT // 100
    failures = LogMetric(
        stack,
        f"{worker}_failures",
        part=f"{worker}-failures",
        naming=stack.ground.naming,
        log_group=function.log_group,
        pattern=FAILURES,
        label=f"{worker} lines that tell of a failure",
    )
    monitoring.alarm(f"{worker}-errors", function.metric_errors(), above=0, entry="function-errors")
    monitoring.alarm(f"{worker}-throttles", function.metric_throttles(), above=0, entry="function-throttles")
    monitoring.alarm(
        f"{worker}-duration", function.metric_duration(), above=longest_milliseconds, entry="function-duration"
    )
    monitoring.alarm(f"{worker}-log-failures", failures.metric, above=0, entry="function-log-failures")


def _watch_repeats(stack: PaymentsStack, monitoring: Monitoring) -> None:
    # One record that has to come again is no error; records that keep coming again mean that somebody is down.
    for worker in ("dispatcher", "auditor", "processor", "notifier"):
        repeats = _counted("FailedRecords", worker, stack.ground.naming.suffix, f"{worker} records that come again")
        monitoring.alarm(f"{worker}-failed-records", repeats, above=0, entry="failed-records", periods=5, of=10)


def _counted(name: str, worker: str, suffix: str, label: str) -> Metric:
    """Return a metric that ``worker`` counts itself, under the dimensions the handlers give it."""
    return Metric(
        namespace=METRICS_NAMESPACE,
        name=name,
        statistic="Sum",
        dimensions={"service": worker, "environment": suffix},
        label=label,
    )
