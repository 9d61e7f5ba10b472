"""Answering a task takes a permission on its state machine; MiniStack asks for one on everything.

AWS: https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsstepfunctions.html
"""

import json
from contextlib import suppress
from typing import Any

from ministack.core import iam_actions
from ministack.services import stepfunctions

from local_aws.overlay import workflow_scope

_machines: dict[str, str] = {}


def apply() -> None:
    """Remember which machine each token is of, and name it where the permission is looked for."""
    wait, extract = stepfunctions._invoke_with_callback, iam_actions.extract_resource_arn

    def wait_for_a_known_machine(resource: str, data: Any, token: str, state: dict[str, Any]) -> Any:
        if machine := workflow_scope.machine():
            _machines[token] = machine["stateMachineArn"]
        return wait(resource, data, token, state)

    def extract_machine(service: str, *request: Any) -> str:
        body = request[3] if service == "states" else b""
        found: str = _machines.get(_token_in(body)) or extract(service, *request)
        return found

    stepfunctions._invoke_with_callback = wait_for_a_known_machine
    iam_actions.extract_resource_arn = extract_machine


def _token_in(body: bytes) -> str:
    with suppress(ValueError, AttributeError):
        return str(json.loads(body or b"{}").get("taskToken", ""))
    return ""
