"""Waiting for something to come true, without a fixed sleep."""

import time
from collections.abc import Callable
from typing import TypeVar

POLL_SECONDS = 0.05

Found = TypeVar("Found")


def wait_for(look: Callable[[], Found | None], *, seconds: float) -> Found | None:
    """Call `look` until it returns something other than None, at most for `seconds`; return its last answer."""
    deadline = time.monotonic() + seconds
    while (found := look()) is None and time.monotonic() < deadline:
        time.sleep(POLL_SECONDS)
    return found
