"""Items copied at a lower cost: MiniStack copies one five times for each update, down to every text in it.

Five copies of each version, and the stream's records hold them for a day: a hundred thousand payments are six
gigabytes. Values are replaced and never changed in place, so copies can share them; lists and maps, which are changed
in place, are copied.
"""

import copy
from types import SimpleNamespace
from typing import Any

from ministack.services import dynamodb

_VALUES = frozenset({"S", "N", "B", "BOOL", "NULL"})


def apply() -> None:
    """Share values between copies; whatever is no plain data is copied as before."""
    dynamodb.copy = SimpleNamespace(copy=copy.copy, deepcopy=_copied)


def _copied(value: Any) -> Any:
    if type(value) is dict:
        return {name: held if type(held) is dict and _is_value(held) else _copied(held) for name, held in value.items()}
    if type(value) is list:
        return [_copied(held) for held in value]
    return value if isinstance(value, str | bytes | int | float | None) else copy.deepcopy(value)


def _is_value(held: dict[str, Any]) -> bool:
    if len(held) != 1:
        return False
    ((kind, value),) = held.items()
    return kind in _VALUES and type(value) is not dict
