"""Gives dead letters another try, one after the other and not too fast; what fails again stays a dead letter."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Self

from operations.dead_letter_queues import DeadLetterOffice, DeadLetterQueue
from operations.environment import OperationError
from operations.letters import Kind, Letter, Wanted
from operations.replay import NotReplayedError, Replay, payment_ids


@dataclass(frozen=True)
class Outcome:
    """What became of a letter; ``failure`` says why it stays, and is None where it was given another try."""

    letter: Letter
    failure: str | None = None


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

    def wait(self) -> None:
        """Return when the next one may pass."""
        early = self._next - self._clock()
        if early > 0:
            self._sleep(early)
        self._next = max(self._next, self._clock()) + self._interval


@dataclass(frozen=True)
class Redrive:
    """Works on one queue of dead letters.

    Args:
        office: where the letters are.
        replay: gives functions and workflows what they could not handle.
        queue: which queue.
        wanted: which letters of it.
        now: the time, for their age.
    """

    office: DeadLetterOffice
    replay: Replay
    queue: DeadLetterQueue
    wanted: Wanted
    now: Callable[[], datetime]

    def show(self, *, limit: int | None = None) -> list[Letter]:
        """Return the letters that are wanted, ``limit`` at most, and leave them as they are."""
        with _Held(self.office, self.queue) as held:
            return list(self._wanted(held, limit))

    def run(self, *, pace: Pace, limit: int | None = None) -> Iterator[Outcome]:
        """Give each letter that is wanted another try, ``limit`` at most. What fails again is kept, with its reason.

        A letter is deleted after it was given back, never before: a crash between the two gives it back twice, which
        is harmless.
        """
        with _Held(self.office, self.queue) as held:
            for letter in self._wanted(held, limit):
                pace.wait()
                try:
                    self._give_back(letter)
                except OperationError as failure:
                    yield Outcome(letter, str(failure))
                    continue
                self.office.delete(self.queue, letter)
                held.let_go(letter)
                yield Outcome(letter)

    def _wanted(self, held: "_Held", limit: int | None) -> Iterator[Letter]:
        found = 0
        for letter in held.letters():
            known = self._with_payments(letter)
            if self.wanted.holds(known, now=self.now()):
                found += 1
                yield known
                if found == limit:
                    return

    def _with_payments(self, letter: Letter) -> Letter:
        if letter.position is None:
            return letter
        try:
            return replace(letter, payment_ids=payment_ids(self.replay.records(letter.position)))
        except NotReplayedError:
            return letter

    def _give_back(self, letter: Letter) -> None:
        if letter.position:
            self.replay.give(letter.position.function_arn, self.replay.records(letter.position))
        elif letter.start:
            self.replay.start(letter.start)
        elif letter.kind is Kind.MESSAGE:
            self.office.send_back(self.queue, letter)
        else:
            raise NotReplayedError("nobody understands it: look who sent it, and delete it by hand")


class _Held:
    """The letters somebody looks at; those that are still there in the end are released."""

    def __init__(self, office: DeadLetterOffice, queue: DeadLetterQueue) -> None:
        self._office = office
        self._queue = queue
        self._letters: dict[str, Letter] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._office.release(self._queue, self._letters.values())

    def letters(self) -> Iterator[Letter]:
        for received in self._office.letters(self._queue):
            self._letters |= {letter.message_id: letter for letter in received}
            yield from received

    def let_go(self, letter: Letter) -> None:
        del self._letters[letter.message_id]
