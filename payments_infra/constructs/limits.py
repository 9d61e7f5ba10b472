"""Numbers outside what AWS takes are refused at synth, not minutes later."""

from __future__ import annotations


def refuse_out_of_range(name: str, value: int, least: int, most: int) -> None:
    """Let ``value`` pass only if it lies between ``least`` and ``most``.

    Raises:
        ValueError: it does not; the message says which number, the range, and what it was.
    """
    if not least <= value <= most:
        raise ValueError(f"{name} must be between {least} and {most}, got {value}")
