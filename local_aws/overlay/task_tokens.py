"""Tasks that wait for an answer under a token.

MiniStack waits on when the function that was to pass the token on has failed, keeps one token for all attempts of a
state, and takes an answer for a task that is over. AWS fails the task by the function's error, makes a token for each
attempt, and answers TaskTimedOut or InvalidToken:
https://docs.aws.amazon.com/step-functions/latest/apireference/API_SendTaskSuccess.html
"""

import json
import threading
import time
from typing import Any

from ministack.core.responses import error_response_json, new_uuid
from ministack.services import stepfunctions

from local_aws.overlay import workflow_scope

Record = dict[str, Any]

_LOOK_SECONDS = 0.2
_spent: set[str] = set()


def apply() -> None:
    """Replace the wait, and check each answer before MiniStack takes it."""
    succeed, fail, beat = (
        stepfunctions._send_task_success,
        stepfunctions._send_task_failure,
        stepfunctions._send_task_heartbeat,
    )
    execute = stepfunctions._execute_task

    def execute_in_scope(state: Record, data: Any, execution: Record, context: Record) -> Any:
        workflow_scope.enter(execution, context)
        return execute(state, data, execution, context)

    stepfunctions._execute_task = execute_in_scope
    stepfunctions._invoke_with_callback = _invoke_and_wait
    stepfunctions._send_task_success = lambda data: _unreadable(data) or _refusal(data) or succeed(data)
    stepfunctions._send_task_failure = lambda data: _refusal(data) or fail(data)
    stepfunctions._send_task_heartbeat = lambda data: _refusal(data) or beat(data)


def _invoke_and_wait(resource: str, data: Any, token: str, state: Record) -> Any:
    answer: Record = {"event": threading.Event(), "result": None, "error": None, "heartbeat": None}
    until = time.monotonic() + float(state.get("TimeoutSeconds", 99999999))
    stepfunctions._task_tokens[token] = answer
    try:
        stepfunctions._invoke_resource(resource.replace(".waitForTaskToken", ""), data)
        _wait(answer["event"], until)
    finally:
        _spent.add(token)
        stepfunctions._task_tokens.pop(token, None)
        workflow_scope.context()["Task"] = {"Token": new_uuid()}
    if answer["error"]:
        raise stepfunctions._ExecutionError(answer["error"]["Error"], answer["error"]["Cause"])
    return json.loads(answer["result"])


def _wait(answered: threading.Event, until: float) -> None:
    while not answered.wait(_LOOK_SECONDS):
        if workflow_scope.is_over():
            raise workflow_scope.stopped()
        if time.monotonic() > until:
            raise stepfunctions._ExecutionError("States.Timeout", "Task timed out waiting for callback")


def _unreadable(data: Record) -> Any:
    try:
        json.loads(data.get("output", "{}"))
    except ValueError:
        return error_response_json("InvalidOutput", "Invalid Output: 'The output is not valid JSON'", 400)
    return None


def _refusal(data: Record) -> Any:
    token = data.get("taskToken", "")
    waiting = stepfunctions._task_tokens.get(token)
    if waiting is not None and not waiting["event"].is_set():
        return None
    if waiting is not None or token in _spent:
        return error_response_json("TaskTimedOut", "Task Timed Out: 'Provided task does not exist anymore'", 400)
    return error_response_json("InvalidToken", "Invalid Token: 'Invalid token'", 400)
