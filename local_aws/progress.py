"""How long-running steps tell what they are doing."""

import sys
from typing import Protocol


class Report(Protocol):
    """Takes one line on what is being done now."""

    def __call__(self, line: str, /) -> None:
        """Show the line."""


def to_standard_error(line: str) -> None:
    """Write progress where it never mixes with a command's result."""
    sys.stderr.write(f"{line}\n")


def silent(_line: str) -> None:
    """Drop progress; what tests pass."""
