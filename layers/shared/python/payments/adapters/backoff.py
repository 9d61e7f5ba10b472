"""Trying again, a few times and further and further apart."""

from __future__ import annotations

import random
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


def attempts(
    limit: int,
    *,
    first_pause_seconds: float = 0.025,
    longest_pause_seconds: float = 60,
    sleep: Callable[[float], None] = time.sleep,
) -> Iterator[int]:
    """Yield 1 to ``limit``, pausing before each but the first: a random part of a span that doubles every time.

    The span grows to ``longest_pause_seconds`` and no further.

    The randomness keeps two writers that collided from colliding again.
    """
    for attempt in range(1, limit + 1):
        if attempt > 1:
            longest = min(first_pause_seconds * 2 ** (attempt - 2), longest_pause_seconds)
            sleep(random.uniform(0, longest))  # noqa: S311 - it spreads load and hides nothing
        yield attempt
