"""Filters of event source mappings that match what AWS's match.

MiniStack compares a number with text that looks like one, and takes a missing field for "anything but". AWS compares
numbers with JSON numbers only (a DynamoDB number arrives as text), and a rule other than `exists` needs the field:
https://docs.aws.amazon.com/lambda/latest/dg/invocation-eventfiltering.html#filtering-syntax
"""

import operator
from collections.abc import Callable
from typing import Any

from ministack.services import lambda_svc

_COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_RULES: dict[str, Callable[[Any, Any], bool]] = {
    "prefix": lambda value, start: isinstance(value, str) and value.startswith(start),
    "suffix": lambda value, end: isinstance(value, str) and value.endswith(end),
    "equals-ignore-case": lambda value, text: isinstance(value, str) and value.lower() == text.lower(),
    "numeric": lambda value, rule: (
        _is_number(value)
        and all(_COMPARISONS[sign](value, bound) for sign, bound in zip(rule[::2], rule[1::2], strict=True))
    ),
    "anything-but": lambda value, banned: (
        not any(_matches(value, each) for each in (banned if isinstance(banned, list) else [banned]))
    ),
}
_ABSENT = object()


def apply() -> None:
    """Replace the comparison of a record with a pattern."""
    lambda_svc._match_esm_filter = matches


def matches(record: Any, pattern: dict[str, Any]) -> bool:
    """Return whether the record has what the pattern asks for in every field."""
    return all(_field_matches(record, name, rule) for name, rule in pattern.items())


def _field_matches(record: Any, name: str, rule: Any) -> bool:
    if name == "$or":
        return any(matches(record, each) for each in rule)
    value = record.get(name, _ABSENT) if isinstance(record, dict) else _ABSENT
    if isinstance(rule, dict):
        return matches(value, rule)
    return any(_matches(value, each) for each in rule)


def _matches(value: Any, rule: Any) -> bool:
    if isinstance(rule, dict):
        ((name, argument),) = rule.items()
        if name == "exists":
            # Only leaves exist: an object in that place does not count.
            return (value is not _ABSENT and not isinstance(value, dict)) is argument
        return value is not _ABSENT and bool(_RULES[name](value, argument))
    return type(value) is type(rule) and bool(value == rule)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
