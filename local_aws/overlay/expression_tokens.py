"""Expressions read once: MiniStack takes each apart three times for every update, though functions repeat a few.

An expression's parts depend on its text alone; names and values come beside it.
"""

from functools import lru_cache

from ministack.services import dynamodb

_EXPRESSIONS_REMEMBERED = 1000


def apply() -> None:
    """Remember the parts of each text; every caller gets a list of its own."""
    remembered = lru_cache(_EXPRESSIONS_REMEMBERED)(dynamodb._tokenize)
    dynamodb._tokenize = lambda expression: list(remembered(expression))
