"""A permission that is added again as it is: taken for the repeat it is, where MiniStack finds the name taken.

Terraform repeats a request whose answer got lost on a busy machine, and gives up at the conflict it then meets. AWS
answers ResourceConflictException to any second statement of a name, also to this one; one that says something else is
still refused here: https://docs.aws.amazon.com/lambda/latest/api/API_AddPermission.html
"""

import json
from typing import Any

from ministack.services import lambda_svc

_added: dict[tuple[str, str], tuple[str, Any]] = {}


def apply() -> None:
    """Answer the same addition as before."""
    add = lambda_svc._add_permission

    def add_once(function: str, data: dict[str, Any], *rest: Any, **named: Any) -> Any:
        asked, key = json.dumps([data, rest], default=str, sort_keys=True), (function, str(data.get("StatementId")))
        kept = {statement.get("Sid") for statement in _statements(function)}
        if key[1] in kept and key in _added and _added[key][0] == asked:
            return _added[key][1]
        answer = add(function, data, *rest, **named)
        _added[key] = (asked, answer)
        return answer

    lambda_svc._add_permission = add_once


def _statements(function: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = lambda_svc._functions.get(function, {}).get("policy", {}).get("Statement", [])
    return found
