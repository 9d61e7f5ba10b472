"""Bodies read once: MiniStack parses each request to DynamoDB three times to check permissions, and once to answer it.

A hundred items in one request are a hundred kilobytes, and parsing them is a quarter of what writing them costs here.
The checks only read; whoever answers comes last and may change what was read, so they take it with them.
"""

import json
from types import SimpleNamespace
from typing import Any

from ministack.core import iam_actions
from ministack.services import dynamodb

_NOTHING = (None, None)
_last: tuple[Any, Any] = _NOTHING


def apply() -> None:
    """Remember what the last body says until it is answered."""
    kept = {name: getattr(json, name) for name in json.__all__}
    iam_actions.json = SimpleNamespace(**kept | {"loads": _read})
    dynamodb.json = SimpleNamespace(**kept | {"loads": _taken})


def _read(body: Any, **options: Any) -> Any:
    global _last  # noqa: PLW0603 - one tuple, replaced as a whole: no thread sees half of it
    if options or not isinstance(body, bytes):
        return json.loads(body, **options)
    last = _last
    if last[0] is not body:
        last = _last = (body, json.loads(body))
    return last[1]


def _taken(body: Any, **options: Any) -> Any:
    global _last  # noqa: PLW0603 - as above
    value = _read(body, **options)
    _last = _NOTHING
    return value
