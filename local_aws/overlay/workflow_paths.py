"""Paths that lead nowhere: MiniStack takes them for null, AWS ends the execution with States.Runtime.

AWS: https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html ("States.Runtime"). Only the
test for presence asks for what may be missing. Without this a workflow that reads a field which no function answers
with would pass.
"""

import json
from typing import Any

from ministack.services import stepfunctions

_LONGEST_INPUT_SHOWN = 1000


def apply() -> None:
    """Tell what is missing from what is null."""
    resolve, holds = stepfunctions._resolve_path, stepfunctions._evaluate_rule

    def resolve_or_fail(path: str, data: Any) -> Any:
        found = resolve(path, data)
        if found is None and not _exists(path, data):
            shown = json.dumps(data)[:_LONGEST_INPUT_SHOWN]
            raise stepfunctions._ExecutionError(
                "States.Runtime", f"The JSONPath '{path}' could not be found in the input '{shown}'"
            )
        return found

    def holds_or_is_missing(rule: dict[str, Any], data: Any, context: Any = None) -> bool:
        if "IsPresent" in rule:
            path = rule["Variable"]
            present = _exists(path[1:], context) if path.startswith("$$") else _exists(path, data)
            return bool(present == rule["IsPresent"])
        return bool(holds(rule, data, context))

    stepfunctions._resolve_path = resolve_or_fail
    stepfunctions._evaluate_rule = holds_or_is_missing


def _exists(path: str, data: Any) -> bool:
    tokens = stepfunctions._parse_jsonpath_tokens(path)
    if tokens is None:
        return False
    current = data
    for kind, value in tokens:
        if kind == "wildcard":
            return True
        if kind == "field" and not (isinstance(current, dict) and value in current):
            return False
        if kind == "index" and not (isinstance(current, list) and value < len(current)):
            return False
        current = current[value]
    return True
