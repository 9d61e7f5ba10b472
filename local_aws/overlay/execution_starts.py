"""Starts of executions: repeated ones, which MiniStack refuses, and ones whose input is no JSON, which it runs.

AWS: https://docs.aws.amazon.com/step-functions/latest/apireference/API_StartExecution.html. While an execution runs,
starting it again by its name and with its input gives the same answer; with another input, or after its end, it
exists already.
"""

import json
from typing import Any

from ministack.core.responses import error_response_json, get_account_id, get_region, json_response
from ministack.services import stepfunctions

Record = dict[str, Any]


def apply() -> None:
    """Answer a repeated start like the first one, and refuse an input that can't be read."""
    start = stepfunctions._start_execution

    def start_once(data: Record) -> Any:
        try:
            json.loads(data.get("input", "{}"))
        except ValueError as error:
            return error_response_json(
                "InvalidExecutionInput", f"Invalid State Machine Execution Input: '{error}'", 400
            )
        running = _running(data)
        if running is not None:
            return json_response({"executionArn": running["executionArn"], "startDate": running["startDate"]})
        return start(data)

    stepfunctions._start_execution = start_once


def _running(data: Record) -> Record | None:
    machine = stepfunctions._state_machines.get(data.get("stateMachineArn"))
    if machine is None or not data.get("name"):
        return None
    arn = f"arn:aws:states:{get_region()}:{get_account_id()}:execution:{machine['name']}:{data['name']}"
    found: Record | None = stepfunctions._executions.get(arn)
    repeats = found is not None and found["status"] == "RUNNING" and found["input"] == data.get("input", "{}")
    return found if repeats else None
