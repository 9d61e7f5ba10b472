"""What can go wrong at a step, how often, and how often it did."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, TypeVar

from payments.adapters.https import NoAnswer
from payments.domain.errors import DeliveryFailed, GatewayAmbiguous
from tests.fakes import Faults, ProcessDied

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Sequence

    from tests.fakes import FakeClock
    from tests.simulation.scheduler import Scheduler
    from tests.simulation.trace import Trace

Answer = TypeVar("Answer")


class Fault(StrEnum):
    """One kind of trouble each; the values are what a result counts them under."""

    DIED_BEFORE = "process died before an effect"
    DIED_AFTER = "process died after an effect"
    TIMED_OUT = "function ran out of time"
    THROTTLED = "request throttled"
    ANSWER_LOST = "answer lost after the effect"
    REPEATED = "request repeated by the client library"
    SLOW = "request slow"
    LATE_ANSWER = "answer late"
    ARRIVED_LATE = "gateway got the request after its sender gave up"
    CHARGED_AGAIN_LATER = "gateway got the request once more, later"
    AMBIGUOUS = "gateway's answers to one payment never tell"
    GATEWAY_DOWN = "gateway down for a while"
    ACCOUNT_CLOSED = "gateway refuses what it has taken before"
    FAST_CLOCK = "worker's clock fast: leases expire early"
    SLOW_CLOCK = "worker's clock slow: leases expire late"
    TIME_JUMPED = "time passed to the edge of a lease, a pause or a retention"
    MESSAGE_DUPLICATED = "message delivered twice"
    MESSAGE_REORDERED = "message out of order"
    MESSAGE_DELAYED = "message delayed"
    MESSAGE_SET_ASIDE = "message to the dead letters, and back later"
    MESSAGE_LOST = "wake-up lost for good"
    MESSAGE_ALTERED = "message brought amounts of its own"
    VISIBLE_EARLY = "message came again while its consumer was at work"
    SOME_NOT_TAKEN = "batch send taken in part"
    STREAM_REPLAYED = "stream replayed"
    RECORD_SET_ASIDE = "stream record given up, and replayed later"
    CHANGE_FORGED = "stream record that says something else than happened"
    CONSUMER_STOPPED = "consumer stopped for a while"
    EXECUTION_LOST = "workflow execution aborted"
    EXECUTION_DOUBLED = "workflow started twice over one file"
    CLIENT_REPEATED = "client sent again what was answered"
    CLIENT_CONTRADICTED = "client sent something else under its key"
    PERSON_DECIDED_AGAIN = "person decided again, or otherwise"


class Throttled(Exception):
    """A service did not do what it was asked for."""


class AnswerLost(Exception):
    """A service did what it was asked for, and nobody heard."""


_ERRORS: dict[str, tuple[type[Exception], type[Exception]]] = {
    "charge": (GatewayAmbiguous, GatewayAmbiguous),
    "find": (GatewayAmbiguous, GatewayAmbiguous),
    "charges": (GatewayAmbiguous, GatewayAmbiguous),
    "ledger": (GatewayAmbiguous, GatewayAmbiguous),
    "webhook": (NoAnswer, NoAnswer),
    "notify": (DeliveryFailed, DeliveryFailed),
    "start": (DeliveryFailed, DeliveryFailed),
    "answer": (DeliveryFailed, DeliveryFailed),
    "ask": (DeliveryFailed, DeliveryFailed),
}
"""What the adapters make of a request that was not taken, and of one whose answer was lost."""

_AT_EFFECTS = (
    Fault.DIED_BEFORE,
    Fault.DIED_AFTER,
    Fault.THROTTLED,
    Fault.ANSWER_LOST,
    Fault.REPEATED,
    Fault.SLOW,
    Fault.LATE_ANSWER,
)
_AT_CHARGES = (*_AT_EFFECTS, *(Fault.ARRIVED_LATE, Fault.CHARGED_AGAIN_LATER, Fault.ANSWER_LOST) * 3)
_AT_READS = (Fault.DIED_BEFORE, Fault.THROTTLED, Fault.SLOW)

LATEST_ARRIVAL = timedelta(seconds=15)
"""How long after its sender gave up a request may still reach the gateway: within the sender's lease."""


class Mishaps(Faults):
    """Lets workers take turns at every step, and something go wrong at some.

    Each run has its own kinds of trouble and its own share of steps that meet one: many kinds together find other
    mistakes than few kinds often.
    """

    def __init__(self, chance: random.Random, scheduler: Scheduler, clock: FakeClock, trace: Trace) -> None:
        super().__init__()
        self.counts: Counter[Fault] = Counter()
        self.are_over = False
        self.later: list[tuple[timedelta, Callable[[], object]]] = []
        self._chance, self._scheduler, self._clock, self._trace = chance, scheduler, clock, trace
        self._kinds = {kind for kind in Fault if chance.random() < 0.75}
        self._share = chance.choice([0.02, 0.06, 0.12, 0.25])
        self._is_inside = False

    def strikes(self, *kinds: Fault, share: float | None = None) -> Fault | None:
        """Return the one of ``kinds`` that happens now, if any; whoever lets it happen notes it."""
        if self.are_over or self._chance.random() >= (self._share if share is None else share):
            return None
        fault = self._chance.choice(kinds)
        return fault if fault in self._kinds else None

    def note(self, fault: Fault, about: str = "") -> None:
        """Count ``fault`` as having happened."""
        self.counts[fault] += 1
        self._trace.add(self._scheduler.current, f"** {fault}", about)

    def note_once(self, fault: Fault) -> None:
        """Count ``fault`` as having happened in this run, however often: it is a state of it and no event."""
        if not self.counts[fault]:
            self.note(fault)

    def around(self, name: str, effect: Callable[[], Answer]) -> Answer:
        """Let others get in right before and right after ``effect``, and something go wrong with it."""
        if self._is_inside or self._scheduler.current is None:
            return effect()
        at_gateway = name == "charge"
        fault = self.strikes(*(_AT_CHARGES if at_gateway else _AT_EFFECTS), share=self._share * (1 + at_gateway))
        if fault:
            self.note(fault, name)
        self._before(name, fault)
        if fault is Fault.ARRIVED_LATE:
            self.later.append((self._chance.random() * LATEST_ARRIVAL, effect))
            raise GatewayAmbiguous("no answer in time")
        answer = self._done(name, effect)
        if fault is Fault.REPEATED:
            answer = self._done(name, effect)
        if fault is Fault.CHARGED_AGAIN_LATER:
            self.later.append((self._chance.random() * LATEST_ARRIVAL, effect))
        self._after(name, fault)
        return answer

    def looking(self, name: str, read: Callable[[], Answer]) -> Answer:
        """Let others get in right before ``read``."""
        if self._is_inside or self._scheduler.current is None:
            return read()
        fault = self.strikes(*_AT_READS, share=self._share / 3)
        if fault:
            self.note(fault, name)
        self._before(name, fault)
        return self._done(name, read)

    def _before(self, name: str, fault: Fault | None) -> None:
        if fault is Fault.SLOW:
            self._sleep()
        self._scheduler.pause()
        if fault is Fault.DIED_BEFORE:
            raise ProcessDied(name)
        if fault is Fault.THROTTLED:
            raise _ERRORS.get(name, (Throttled, AnswerLost))[0](f"{name} was throttled")

    def _after(self, name: str, fault: Fault | None) -> None:
        if fault is Fault.LATE_ANSWER:
            self._sleep()
        self._scheduler.pause()
        if fault is Fault.DIED_AFTER:
            raise ProcessDied(name)
        if fault is Fault.ANSWER_LOST:
            raise _ERRORS.get(name, (Throttled, AnswerLost))[1](f"the answer to {name} was lost")

    def _done(self, name: str, effect: Callable[[], Answer]) -> Answer:
        # One effect is one request, also where the fake makes it of several: nobody gets in between.
        self._is_inside = True
        try:
            answer = effect()
        except Exception as error:
            self._trace.add(self._scheduler.current, name, type(error).__name__)
            raise
        finally:
            self._is_inside = False
        self._trace.add(self._scheduler.current, name, answer)
        return answer

    def _sleep(self) -> None:
        worker = self._scheduler.current
        if worker:
            # From nothing worth naming to longer than any function may take.
            worker.wakes_at = self._clock.now + timedelta(seconds=self._chance.choice([0.2, 2, 14, 29, 31, 50]))

    def some_of(self, ids: Sequence[str]) -> list[str]:
        """Return those of ``ids`` that a batch send does not take."""
        if not ids or not self.strikes(Fault.SOME_NOT_TAKEN):
            return []
        self.note(Fault.SOME_NOT_TAKEN)
        return [each for each in ids if self._chance.random() < 0.5] or [ids[0]]
