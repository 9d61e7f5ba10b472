"""Gives dead letters another try, one after the other and not too fast; what fails again stays a dead letter."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from operations.dead_letter_queues import HIDDEN_SECONDS, LARGEST_BATCH, DeadLetterOffice, DeadLetterQueue
from operations.environment import AWS_FAILURES, OperationError
from operations.held_letters import HeldLetters
from operations.letters import Kind, Letter, Wanted
from operations.pace import Pace
from operations.replay import Replay
from operations.stream import NotReplayedError, Stream, payment_ids


@dataclass(frozen=True)
class Outcome:
    """What becomes of a letter; ``failure`` says why it stays, and is None where another try is, or can be, made."""

    letter: Letter
    failure: str | None = None


@dataclass(frozen=True, kw_only=True)
class Redrive:
    """Works on one queue of dead letters.

    Args:
        office: where the letters are.
        stream: where records of the payments table are read again.
        replay: gives functions and workflows what they could not handle.
        queue: which queue.
        wanted: which letters of it.
        now: the time, for their age.
        tell: says a line to people.
        clock: tells the time in seconds, for how long letters are hidden.
    """

    office: DeadLetterOffice
    stream: Stream
    replay: Replay
    queue: DeadLetterQueue
    wanted: Wanted
    now: Callable[[], datetime]
    tell: Callable[[str], object]
    clock: Callable[[], float] = time.monotonic

    def preview(self, *, limit: int | None = None) -> list[Outcome]:
        """Return the letters that are wanted, ``limit`` at most, with what keeps them from another try.

        They stay as they are.
        """
        with self._held(LARGEST_BATCH) as held:
            return [Outcome(letter, self._obstacle(letter)) for letter in self._wanted(held, limit)]

    def run(self, *, pace: Pace, limit: int | None = None) -> Iterator[Outcome]:
        """Give each letter that is wanted another try, ``limit`` at most. What fails again is kept, with its reason.

        A letter is deleted after it was given back, never before: a crash between the two gives it back twice, which
        is harmless.
        """
        # Half of the time they are hidden is left to what takes the letters.
        with self._held(min(LARGEST_BATCH, pace.passing_in(HIDDEN_SECONDS / 2))) as held:
            for letter in self._wanted(held, limit):
                failure = self._obstacle(letter) or self._failure(letter, pace)
                if failure is None:
                    held.let_go(letter)
                yield Outcome(letter, failure)

    def _held(self, at_once: int) -> HeldLetters:
        return HeldLetters(office=self.office, queue=self.queue, at_once=at_once, tell=self.tell, clock=self.clock)

    def _wanted(self, held: HeldLetters, limit: int | None) -> Iterator[Letter]:
        found = 0
        for letter in held:
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
            return replace(letter, payment_ids=payment_ids(self.stream.records(letter.position)))
        except (NotReplayedError, *AWS_FAILURES) as failure:
            return replace(letter, unread=str(failure))

    def _obstacle(self, letter: Letter) -> str | None:
        """Return why ``letter`` can't be given another try, as far as that shows without one."""
        if letter.unread:
            return letter.unread
        if letter.kind is Kind.UNKNOWN:
            return "nobody understands it: look who sent it, and delete it by hand"
        if letter.start and not letter.start.input:
            return "it names no uploaded file: look at what it says, and delete it by hand"
        if letter.kind is Kind.MESSAGE and self.queue.source_url is None:
            return f"no queue gives its messages up to {self.queue.part}: there is none to send back to"
        return None

    def _failure(self, letter: Letter, pace: Pace) -> str | None:
        """Give ``letter`` another try and delete it; return why it stays."""
        pace.wait()
        try:
            self._give_back(letter)
        except (OperationError, *AWS_FAILURES) as failure:
            return str(failure)
        try:
            self.office.delete(self.queue, letter)
        except AWS_FAILURES as failure:
            return f"it was given another try, but could not be deleted: {failure}; redriving it again is harmless"
        return None

    def _give_back(self, letter: Letter) -> None:
        if letter.position:
            self.replay.give(letter.position.function_arn, self.stream.records(letter.position))
        elif letter.start:
            self.replay.start(letter.start)
        else:
            self.office.send_back(self.queue, letter)
