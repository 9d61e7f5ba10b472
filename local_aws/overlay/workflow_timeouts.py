"""The time a whole execution may take, which MiniStack does not look at, and executions that end before their states.

AWS: https://docs.aws.amazon.com/step-functions/latest/dg/statemachine-structure.html ("TimeoutSeconds"): the execution
ends as TIMED_OUT, and nothing in it can catch that. After its end, here or by StopExecution, no further state starts.
"""

import contextvars
import json
import threading
import time
from typing import Any

from ministack.core.responses import now_iso
from ministack.services import stepfunctions

from local_aws.overlay import workflow_scope

Record = dict[str, Any]

_LOOK_SECONDS = 0.2
_LONGEST_SECONDS = 1_000_000
_LAST_EVENTS = frozenset({"ExecutionSucceeded", "ExecutionFailed", "ExecutionAborted", "ExecutionTimedOut"})


def apply() -> None:
    """Watch the clock beside each execution, and let nothing be added to one that is over."""
    run, fail, add = stepfunctions._run_execution, stepfunctions._fail_execution, stepfunctions._add_event

    def run_in_time(arn: str) -> None:
        execution = stepfunctions._executions[arn]
        workflow_scope.enter(execution, {})
        clock = threading.Timer(_limit_seconds(execution), contextvars.copy_context().run, (_time_out, execution))
        clock.daemon = True
        clock.start()
        try:
            run(arn)
        finally:
            clock.cancel()

    def fail_once(execution: Record, error: str, cause: str) -> None:
        if not workflow_scope.has_ended(execution):
            fail(execution, error, cause)

    def add_until_the_end(execution: Record, kind: str, details: Record | None = None) -> Any:
        events = execution["events"]
        return events[-1] if events and events[-1]["type"] in _LAST_EVENTS else add(execution, kind, details)

    stepfunctions._run_execution = run_in_time
    stepfunctions._fail_execution = fail_once
    stepfunctions._add_event = add_until_the_end
    stepfunctions._scaled_sleep = _sleep_until_over


def _limit_seconds(execution: Record) -> float:
    machine = stepfunctions._state_machines.get(execution["stateMachineArn"]) or {"definition": "{}"}
    return float(json.loads(machine["definition"]).get("TimeoutSeconds", _LONGEST_SECONDS))


def _time_out(execution: Record) -> None:
    if workflow_scope.has_ended(execution):
        return
    execution |= {"status": "TIMED_OUT", "stopDate": now_iso(), "error": "States.Timeout"}
    details = {"executionTimedOutEventDetails": {"error": "States.Timeout"}}
    stepfunctions._add_event(execution, "ExecutionTimedOut", details)
    stepfunctions._emit_execution_status_event(execution)


def _sleep_until_over(seconds: float) -> None:
    until = time.monotonic() + seconds * stepfunctions._SFN_WAIT_SCALE
    while (left := until - time.monotonic()) > 0:
        time.sleep(min(left, _LOOK_SECONDS))
        if workflow_scope.is_over():
            raise workflow_scope.stopped()
