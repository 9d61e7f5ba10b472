"""How fast letters are given another try."""

import time
from collections.abc import Callable


class Pace:
    """Lets at most so many pass in a second, evenly.

    Args:
        per_second: how many.
        clock: tells the time in seconds.
        sleep: waits for so many seconds.
    """

    def __init__(
        self,
        per_second: float,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._interval = 1 / per_second
        self._clock = clock
        self._sleep = sleep
        self._next = clock()

    def passing_in(self, seconds: float) -> int:
        """Return how many may pass in so many seconds, one at least."""
        return max(1, int(seconds / self._interval))

    def wait(self) -> None:
        """Return when the next one may pass."""
        early = self._next - self._clock()
        if early > 0:
            self._sleep(early)
        self._next = max(self._next, self._clock()) + self._interval
