"""How many requests one function has on their way at once, so that those who write much leave room for the API."""

from __future__ import annotations

from contextlib import contextmanager
from threading import Condition
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

MOST_LANES = 4
"""While DynamoDB writes some, the next are put into words; more than these make nothing faster."""

_FIRST_LANES = 2
_WIDENED_AFTER = 10


class Lanes:
    """Half as many after each request that was throttled, one more after every ten in a row that were not.

    So functions that know nothing of each other come to share what a table takes (additive increase, multiplicative
    decrease, as TCP has it: RFC 5681). ``open`` is how many requests may be on their way.
    """

    def __init__(self) -> None:
        self.open = _FIRST_LANES
        self._taken = 0
        self._in_a_row = 0
        self._changed = Condition()

    @contextmanager
    def one(self) -> Iterator[None]:
        """Wait for a lane and keep it."""
        with self._changed:
            self._changed.wait_for(lambda: self._taken < self.open)
            self._taken += 1
        try:
            yield
        finally:
            with self._changed:
                self._taken -= 1
                self._changed.notify_all()

    def halve(self) -> None:
        """Note that a request was throttled."""
        with self._changed:
            self._in_a_row = 0
            self.open = max(1, self.open // 2)

    def went_through(self) -> None:
        """Note that a request was not."""
        with self._changed:
            self._in_a_row += 1
            if self._in_a_row >= _WIDENED_AFTER and self.open < MOST_LANES:
                self._in_a_row = 0
                self.open += 1
                self._changed.notify_all()
