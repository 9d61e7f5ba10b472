"""Environment variables a function runs with: typed, read at the first event, every mistake named at once."""

from __future__ import annotations

import os
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING

from payments.domain.approval import read_approval_limits

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from decimal import Decimal


class VariablesRefused(Exception):
    """The function was deployed with variables missing or wrong; the message names each and says what it must be."""

    def __init__(self, problems: list[str]) -> None:
        self.problems = tuple(problems)
        lines = "\n".join(f"  - {problem}" for problem in problems)
        super().__init__(f"set these in the function's environment (payments_infra):\n{lines}")


class Variables:
    """Reads one variable after another, keeping the mistakes for the end. Blank is the same as absent."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment
        self.problems: list[str] = []

    def text(self, name: str) -> str:
        """Return a text that must be there."""
        text = self.optional_text(name)
        if text is None:
            self.problems.append(f"{name} is missing")
        return text or ""

    def optional_text(self, name: str) -> str | None:
        """Return a text that may be absent."""
        return self._environment.get(name, "").strip() or None

    def seconds(self, name: str) -> timedelta:
        """Return a span of time given as a whole number of seconds above zero."""
        text = self.text(name)
        if text and not (text.isascii() and text.isdigit() and int(text) > 0):
            self.problems.append(f"{name} must be a whole number of seconds above zero (got {text!r})")
            return timedelta(0)
        return timedelta(seconds=int(text or 0))

    def approval_limits(self, name: str) -> dict[str, Decimal]:
        """Return limits by currency, such as ``USD=10000,EUR=10000``; none where the variable is absent."""
        try:
            return read_approval_limits(self._environment.get(name, ""))
        except ValueError as error:
            self.problems.append(f"{name} {error}")
            return {}

    def one_of(self, name: str, options: tuple[str, ...]) -> str:
        """Return a text that must be one of ``options``."""
        text = self.text(name)
        if text and text not in options:
            self.problems.append(f"{name} must be one of {', '.join(options)} (got {text!r})")
        return text


@contextmanager
def variables(environment: Mapping[str, str] | None = None) -> Iterator[Variables]:
    """Give a reader of ``environment`` (the process's own by default) that must end without mistakes.

    Raises:
        VariablesRefused: at the end, with every mistake.
    """
    reader = Variables(os.environ if environment is None else environment)
    try:
        yield reader
    except Exception:
        # What is built from a missing value may fail at once; the mistake says more than what follows from it.
        if not reader.problems:
            raise
    if reader.problems:
        raise VariablesRefused(reader.problems)
