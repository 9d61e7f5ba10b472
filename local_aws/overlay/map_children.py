"""The children of a distributed map: executions of their own, with histories and context objects of their own."""

import copy
import json
from typing import Any

from ministack.core.responses import new_uuid, now_iso
from ministack.services import stepfunctions

from local_aws.overlay.run_states import run_states

Record = dict[str, Any]


def given_to(item: Any, index: int, state: Record, data: Any, context: Record) -> Any:
    """Return the input of the child for ``item``; ``data`` is what the map's state was given."""
    selector = state.get("ItemSelector") or state.get("Parameters")
    of_item = context | {"Map": {"Item": {"Index": index, "Value": item}}}
    return stepfunctions._resolve_params_obj(selector, data, of_item) if selector else item


def started(given: Any, run: Record) -> Record:
    """Return a new child execution of ``run``, which ListExecutions shows from now on."""
    name = new_uuid()
    machine_arn = run["_stateMachineArn"]
    child: Record = {
        "executionArn": f"{machine_arn.replace(':stateMachine:', ':execution:')}:{name}",
        "stateMachineArn": machine_arn,
        "mapRunArn": run["mapRunArn"],
        "name": name,
        "status": "RUNNING",
        "startDate": now_iso(),
        "stopDate": None,
        "input": json.dumps(given),
        "output": None,
        "events": [],
    }
    stepfunctions._executions[child["executionArn"]] = child
    stepfunctions._add_event(child, "ExecutionStarted", {"executionStartedEventDetails": {"input": child["input"]}})
    return child


def run_child(child: Record, processor: Record, context: Record) -> Any:
    """Run ``child`` to its end and return what it hands back; None when it failed or was aborted."""
    own = copy.deepcopy(context)
    own["Execution"] = {
        "Id": child["executionArn"],
        "Input": json.loads(child["input"]),
        "Name": child["name"],
        "StartTime": child["startDate"],
    }
    try:
        output = run_states(processor["States"], processor["StartAt"], json.loads(child["input"]), child, own)
    except stepfunctions._ExecutionError as error:
        end(child, "FAILED", error=error.error, cause=error.cause)
        return None
    end(child, "SUCCEEDED", output=json.dumps(output))
    return output


def end(child: Record, status: str, **told: str) -> None:
    """Set the end of a child that runs, and tell its history."""
    if child["status"] != "RUNNING":
        return
    child |= {"status": status, "stopDate": now_iso(), **told}
    stepfunctions._add_event(
        child, f"Execution{status.capitalize()}", {f"execution{status.capitalize()}EventDetails": told}
    )
