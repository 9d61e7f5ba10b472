"""One state after the other, told in the execution's history, until one ends or the execution is over."""

import json
from typing import Any

from ministack.core.responses import now_iso
from ministack.services import stepfunctions

from local_aws.overlay import workflow_scope

Record = dict[str, Any]

_WITH_EXECUTION = ("Task", "Parallel", "Map")


def run_states(states: Record, start_at: str, data: Any, execution: Record, context: Record) -> Any:
    """Return what the last state hands on.

    Raises:
        _ExecutionError: a state failed, or the execution has ended from outside.
    """
    workflow_scope.enter(execution, context)
    current: str | None = start_at
    while current:
        if workflow_scope.has_ended(execution):
            raise workflow_scope.stopped()
        state = states[current]
        context["State"] = {"Name": current, "EnteredTime": now_iso(), "RetryCount": 0}
        _tell(execution, f"{state['Type']}StateEntered", "stateEntered", name=current, input=json.dumps(data))
        data, following = _run(state, data, execution, context)
        _tell(execution, f"{state['Type']}StateExited", "stateExited", name=current, output=json.dumps(data))
        current = following
    return data


def _run(state: Record, data: Any, execution: Record, context: Record) -> tuple[Any, str | None]:
    kind = state["Type"]
    if kind == "Succeed":
        chosen = stepfunctions._apply_input_path(state, data, context)
        return stepfunctions._apply_output_path(state, chosen, context), None
    if kind == "Fail":
        raise stepfunctions._ExecutionError(*stepfunctions._fail_state_error(state, data, context))
    execute = getattr(stepfunctions, f"_execute_{kind.lower()}")
    output, following = (
        execute(state, data, execution, context) if kind in _WITH_EXECUTION else execute(state, data, context)
    )
    return output, following


def _tell(execution: Record, kind: str, details: str, **told: str) -> None:
    stepfunctions._add_event(execution, kind, {f"{details}EventDetails": told})
