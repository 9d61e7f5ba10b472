"""What rings of each function: errors, throttles, long runs, and what its log tells of failures."""

from __future__ import annotations

from typing import TYPE_CHECKING

from payments_infra.constructs.log_metric import FAILURES, LogMetric
from payments_infra.workers import counted

if TYPE_CHECKING:
    from payments_infra.constructs.function import Function
    from payments_infra.constructs.monitoring import Monitoring
    from payments_infra.stack import PaymentsStack

LONGEST_RUN_PERCENT = 80
"""A run that takes more than this part of its time-out rings before runs are cut off."""

REPEATED_MINUTES, OF_MINUTES = 3, 10
"""A step of a workflow that fails is repeated, and one may fail for good reason: a file that can't be read, a payment
that is not settled yet. Minutes with failures, among how many, that mean more than that."""


def watch_workers(stack: PaymentsStack, monitoring: Monitoring) -> None:
    """Add the alarms that every function has, and those of records that come again."""
    steps = {*stack.batches.steps, *stack.orchestration.steps}
    for worker, function in stack.workers.made.items():
        _watch_failures(stack, monitoring, worker, function, repeated=function in steps)
        _watch_runs(monitoring, worker, function)
    # One record that has to come again is no error; records that keep coming again mean that somebody is down.
    for worker in ("dispatcher", "auditor", "processor", "notifier"):
        repeats = counted(
            "FailedRecords",
            worker=worker,
            suffix=stack.ground.naming.suffix,
            label=f"{worker} records that come again",
        )
        monitoring.alarm(f"{worker}-failed-records", repeats, above=0, entry="failed-records", periods=5, of=10)


def _watch_failures(
    stack: PaymentsStack, monitoring: Monitoring, worker: str, function: Function, *, repeated: bool
) -> None:
    periods, of = (REPEATED_MINUTES, OF_MINUTES) if repeated else (1, 1)
    failures = LogMetric(
        stack,
        f"{worker}_failures",
        part=f"{worker}-failures",
        naming=stack.ground.naming,
        log_group=function.log_group,
        pattern=FAILURES,
        label=f"{worker} lines that tell of a failure",
    )
    errors = function.metric_errors()
    monitoring.alarm(f"{worker}-errors", errors, above=0, entry="function-errors", periods=periods, of=of)
    monitoring.alarm(
        f"{worker}-log-failures", failures.metric, above=0, entry="function-log-failures", periods=periods, of=of
    )


def _watch_runs(monitoring: Monitoring, worker: str, function: Function) -> None:
    longest_milliseconds = function.timeout_seconds * 1000 * LONGEST_RUN_PERCENT // 100
    monitoring.alarm(f"{worker}-throttles", function.metric_throttles(), above=0, entry="function-throttles")
    monitoring.alarm(
        f"{worker}-duration", function.metric_duration(), above=longest_milliseconds, entry="function-duration"
    )
