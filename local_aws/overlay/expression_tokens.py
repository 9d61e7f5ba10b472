"""Expressions read once: MiniStack takes each apart three times for every update, though functions repeat a few.

An expression's parts, and whether they follow the grammar, depend on its text alone; names and values come beside it.
"""

from functools import lru_cache

from ministack.services import dynamodb

_EXPRESSIONS_REMEMBERED = 1000


def apply() -> None:
    """Remember the parts of each text, of which every caller gets a list of its own, and what is wrong with it."""
    remembered = lru_cache(_EXPRESSIONS_REMEMBERED)(dynamodb._tokenize)
    dynamodb._tokenize = lambda expression: list(remembered(expression))
    dynamodb._condition_syntax_error = lru_cache(_EXPRESSIONS_REMEMBERED)(dynamodb._condition_syntax_error)
