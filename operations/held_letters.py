"""Letters that somebody looks at: each is seen once and hidden from others meanwhile; what is left is released."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Self

from operations.dead_letter_queues import HIDDEN_SECONDS, LARGEST_BATCH, DeadLetterOffice, DeadLetterQueue
from operations.letters import Letter

_EMPTY_ANSWERS = 3
"""Answers without a letter, after which the queue counts as read: SQS asks some of its servers only."""


@dataclass(frozen=True)
class _Hidden:
    """A letter by its newest receipt, and until when it is hidden."""

    letter: Letter
    until: float


@dataclass(frozen=True, kw_only=True)
class HeldLetters:
    """The letters of one queue, for as long as the ``with`` lasts.

    Args:
        office: where they are.
        queue: which queue.
        at_once: how many are received at most in one request: what can be worked off before they are seen by others.
        tell: says a line to people.
        clock: tells the time in seconds.
    """

    office: DeadLetterOffice
    queue: DeadLetterQueue
    at_once: int = LARGEST_BATCH
    tell: Callable[[str], object]
    clock: Callable[[], float] = time.monotonic
    _held: dict[str, _Hidden] = field(default_factory=dict, init=False)
    _seen: set[str] = field(default_factory=set, init=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        now = self.clock()
        reasons = self.office.release(self.queue, [held.letter for held in self._held.values() if held.until > now])
        if reasons:
            self.tell(
                f"{len(reasons)} dead letters of {self.queue.part} could not be released and stay hidden for "
                f"{HIDDEN_SECONDS // 60} minutes at most; look again then ({reasons[0]})"
            )

    def __iter__(self) -> Iterator[Letter]:
        """Yield every letter once, until the queue gives no more."""
        empty = repeated = 0
        # Letters that were kept are seen again once they were hidden long enough: each once tells nothing of the rest.
        while empty < _EMPTY_ANSWERS and repeated <= len(self._seen):
            until = self.clock() + HIDDEN_SECONDS
            received = self.office.receive(self.queue, at_most=self.at_once)
            self._held.update({letter.message_id: _Hidden(letter, until) for letter in received})
            fresh = [letter for letter in received if letter.message_id not in self._seen]
            empty = 0 if received else empty + 1
            repeated = 0 if fresh else repeated + len(received)
            yield from self._while_hidden(fresh, until)

    def let_go(self, letter: Letter) -> None:
        """Forget ``letter``, which was deleted."""
        del self._held[letter.message_id]

    def _while_hidden(self, letters: list[Letter], until: float) -> Iterator[Letter]:
        for letter in letters:
            if self.clock() >= until:
                return  # Somebody else may have it by now; if nobody has, it comes again.
            self._seen.add(letter.message_id)
            yield letter
