"""Going on with an execution that did not succeed, from the state it ended in: MiniStack has no RedriveExecution.

AWS: https://docs.aws.amazon.com/step-functions/latest/dg/redrive-executions.html. AWS runs again those children of a
map that did not succeed; here all of them run again.
"""

import asyncio
import contextvars
import json
import threading
import time
from typing import Any

from ministack.core.responses import error_response_json, json_response, now_iso
from ministack.services import stepfunctions

from local_aws.overlay.run_states import run_states

Record = dict[str, Any]


def apply() -> None:
    """Answer the action that MiniStack does not know."""
    handle = stepfunctions.handle_request

    async def handle_redrives(method: str, path: str, headers: Record, body: bytes, query: Record) -> Any:
        if headers.get("x-amz-target", "").endswith(".RedriveExecution"):
            return await asyncio.to_thread(_redrive, json.loads(body)["executionArn"])
        return await handle(method, path, headers, body, query)

    stepfunctions.handle_request = handle_redrives


def _redrive(arn: str) -> Any:
    execution = stepfunctions._executions.get(arn)
    if execution is None:
        return error_response_json("ExecutionDoesNotExist", f"Execution Does Not Exist: '{arn}'", 400)
    if execution["status"] not in {"FAILED", "ABORTED", "TIMED_OUT"}:
        return error_response_json("ExecutionNotRedrivable", f"Execution is {execution['status']}", 400)
    execution |= {"status": "RUNNING", "stopDate": None, "output": None, "error": None, "cause": None}
    execution["redriveCount"] = execution.get("redriveCount", 0) + 1
    entered = next(event for event in reversed(execution["events"]) if event["type"].endswith("StateEntered"))
    stepfunctions._add_event(execution, "ExecutionRedriven")
    threading.Thread(
        target=contextvars.copy_context().run,
        args=(_go_on, execution, entered["stateEnteredEventDetails"]),
        daemon=True,
    ).start()
    return json_response({"redriveDate": time.time()})


def _go_on(execution: Record, entered: Record) -> None:
    machine = stepfunctions._state_machines[execution["stateMachineArn"]]
    context = {
        "Execution": {
            "Id": execution["executionArn"],
            "Input": json.loads(execution["input"]),
            "Name": execution["name"],
            "StartTime": execution["startDate"],
        },
        "StateMachine": {"Id": machine["stateMachineArn"], "Name": machine["name"]},
    }
    states = json.loads(machine["definition"])["States"]
    try:
        output = json.dumps(run_states(states, entered["name"], json.loads(entered["input"]), execution, context))
    except stepfunctions._ExecutionError as error:
        stepfunctions._fail_execution(execution, error.error, error.cause)
        return
    execution |= {"status": "SUCCEEDED", "output": output, "stopDate": now_iso()}
    stepfunctions._add_event(execution, "ExecutionSucceeded", {"executionSucceededEventDetails": {"output": output}})
    stepfunctions._emit_execution_status_event(execution)
