"""What rings of batch files and of workflows."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from payments_infra.constructs.log_metric import LogMetric, entered
from payments_infra.workers import counted

if TYPE_CHECKING:
    from payments_infra.constructs.monitoring import Monitoring
    from payments_infra.constructs.state_machine import StateMachine
    from payments_infra.stack import PaymentsStack

ORCHESTRATED_FAILURES = 4
"""Executions of orchestrated payments that may fail within five minutes: a declined or refused payment ends so too."""

RINGING_STATES = {
    "WorkflowBroken": ("payment-workflow-broken", "executions that could not finish"),
    "OutcomeUntold": ("payment-outcome-untold", "executions whose end nobody heard of"),
}
"""Where an execution of an orchestrated payment comes that somebody must look at, and which alarm counts what there. It
ends as that of a declined payment does."""

FIVE_MINUTES_SECONDS = 300


def watch_batches(stack: PaymentsStack, monitoring: Monitoring) -> None:
    """Add the alarms of batch files."""
    suffix = stack.ground.naming.suffix
    overdue = counted("BatchesOverdue", worker="settler", suffix=suffix, label="batches open for too long")
    rejected = counted(
        "BatchRowsRejectedPercent",
        worker="registrar",
        suffix=suffix,
        label="rejected rows of a file (%)",
        statistic="Maximum",
    )
    settling = stack.batches.settler.metric_invocations()
    monitoring.alarm("batches-overdue", overdue, above=0, periods=5)
    monitoring.alarm("batch-rows-rejected", rejected, above=stack.ground.settings.batch_rejected_alarm_percent)
    monitoring.alarm("uploads-dead-letters", stack.batches.uploads.metric_dead_letters(), above=0)
    monitoring.alarm("settler-not-running", settling, below=1, periods=5, missing="breaching")


def watch_workflows(stack: PaymentsStack, monitoring: Monitoring) -> None:
    """Add the alarms of both state machines."""
    batch, payment = stack.batches.workflow, stack.orchestration.workflow
    several = replace(payment.metric_failed(), period_seconds=FIVE_MINUTES_SECONDS)
    not_taken = counted(
        "WorkflowRequestsNotTaken",
        worker="dispatcher",
        suffix=stack.ground.naming.suffix,
        label="starts and answers that no workflow took",
    )
    monitoring.alarm("workflow-requests-not-taken", not_taken, above=0)
    monitoring.alarm("batch-workflow-failed", batch.metric_failed(), above=0)
    monitoring.alarm("payment-workflow-failed", several, above=ORCHESTRATED_FAILURES)
    for state, (part, label) in RINGING_STATES.items():
        monitoring.alarm(part, _coming_into(stack, state, part, label).metric, above=0)
    for part, machine in (("batch-workflow", batch), ("payment-workflow", payment)):
        _watch_executions(monitoring, part, machine)


def _coming_into(stack: PaymentsStack, state: str, part: str, label: str) -> LogMetric:
    return LogMetric(
        stack,
        part.replace("-", "_"),
        part=part,
        naming=stack.ground.naming,
        log_group=stack.orchestration.workflow.log_group,
        pattern=entered(state),
        label=label,
    )


def _watch_executions(monitoring: Monitoring, part: str, machine: StateMachine) -> None:
    throttled = machine.metric_throttled()
    monitoring.alarm(f"{part}-timed-out", machine.metric_timed_out(), above=0, entry="workflow-timed-out")
    monitoring.alarm(f"{part}-aborted", machine.metric_aborted(), above=0, entry="workflow-aborted")
    monitoring.alarm(f"{part}-throttled", throttled, above=0, entry="workflow-throttled", periods=5)
    monitoring.show("Workflows", f"{part.replace('-', ' ')} executions", machine.metric_started())
    monitoring.show("Workflows", f"{part.replace('-', ' ')} time", machine.metric_time())
