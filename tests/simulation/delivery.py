"""Queues and streams as AWS delivers from them: at least once, in batches, in parts, early and late."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from payments.domain.messages import encode_message
from tests.fakes import FakeQueue
from tests.simulation.mishaps import AnswerLost, Fault, Throttled

if TYPE_CHECKING:
    import random
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from payments.domain.payment import Payment
    from tests.fakes import FakeClock
    from tests.simulation.mishaps import Mishaps

    Event = dict[str, Any]
    Written = tuple[Payment | None, Payment]

VISIBILITY = timedelta(seconds=180)
SHARE_OUT_OF_ORDER = 0.5
"""Share of the receptions that take any messages, where a run has this kind of trouble: queues promise no order."""

MOST_RECEIVES = 3
MOST_TRIES = 3


@dataclass(eq=False)
class Message:
    """A message in a queue; nobody receives it before ``visible_at``."""

    number: int
    body: str
    visible_at: datetime
    receives: int = 0


class SimulatedQueue(FakeQueue):
    """A queue of messages that are hidden while somebody is at work on them."""

    def __init__(self, mishaps: Mishaps, clock: FakeClock, chance: random.Random, *, may_lose: bool) -> None:
        super().__init__(mishaps)
        self.waiting: list[Message] = []
        self.set_aside: list[Message] = []
        self._mishaps, self._clock, self._chance, self._may_lose = mishaps, clock, chance, may_lose
        self._sent = 0

    def send(self, payment_ids: Iterable[str]) -> Sequence[str]:
        ids = list(payment_ids)
        if not ids:
            return []
        refused = self._mishaps.some_of(ids)
        try:
            self._mishaps.around("send", lambda: self._take(each for each in ids if each not in refused))
        except (Throttled, AnswerLost):
            return ids
        return refused

    def visible(self) -> list[Message]:
        return [message for message in self.waiting if message.visible_at <= self._clock.now]

    def receive(self) -> list[Message]:
        """Return one message or several, not always the oldest first, and hide them; none where none is to be seen."""
        visible = self.visible()
        received = visible[: self._chance.choice([1, 1, 2, 3, 5])]
        if self._mishaps.strikes(Fault.MESSAGE_REORDERED, share=SHARE_OUT_OF_ORDER):
            in_order, received = received, self._chance.sample(visible, len(received))
            if received != in_order:
                self._mishaps.note(Fault.MESSAGE_REORDERED)
        early = self._mishaps.strikes(Fault.VISIBLE_EARLY)
        for message in received:
            message.receives += 1
            message.visible_at = self._clock.now + VISIBILITY
            if early:
                self._mishaps.note(Fault.VISIBLE_EARLY)
                message.visible_at = self._clock.now + VISIBILITY * self._chance.random() / 10
        return received

    def give_back(self, messages: Iterable[Message]) -> None:
        """Show ``messages`` again after a while, or set them aside where they came too often."""
        for message in messages:
            if message not in self.waiting:
                continue
            message.visible_at = self._clock.now + timedelta(seconds=self._chance.choice([1, 10, 60]))
            if message.receives >= MOST_RECEIVES and not self._mishaps.are_over:
                self._mishaps.note(Fault.MESSAGE_SET_ASIDE)
                self.waiting.remove(message)
                self.set_aside.append(message)

    def delete(self, messages: Iterable[Message]) -> None:
        for message in messages:
            if message in self.waiting:
                self.waiting.remove(message)

    def redrive(self) -> None:
        """Bring back what was set aside, as an operator does."""
        for message in self.set_aside:
            message.receives, message.visible_at = 0, self._clock.now
        self.waiting += self.set_aside
        self.set_aside.clear()

    def _take(self, ids: Iterable[str]) -> list[str]:
        taken = list(ids)
        for payment_id in taken:
            strikes = self._mishaps.strikes(
                Fault.MESSAGE_DUPLICATED,
                Fault.MESSAGE_DELAYED,
                Fault.MESSAGE_ALTERED,
                *([Fault.MESSAGE_LOST] if self._may_lose else []),
            )
            if strikes:
                self._mishaps.note(strikes, payment_id)
            body = encode_message(payment_id)
            if strikes is Fault.MESSAGE_ALTERED:
                body = json.dumps({**json.loads(body), "amount": "777", "currency": "USD"})
            for _ in range({Fault.MESSAGE_DUPLICATED: 2, Fault.MESSAGE_LOST: 0}.get(strikes, 1) if strikes else 1):
                late = timedelta(seconds=self._chance.choice([5, 100, 900]) if strikes is Fault.MESSAGE_DELAYED else 0)
                self._sent += 1
                self.waiting.append(Message(self._sent, body, self._clock.now + late))
        return taken


def message_event(messages: Sequence[Message]) -> Event:
    return {
        "Records": [
            {
                "messageId": str(message.number),
                "body": message.body,
                "attributes": {"ApproximateReceiveCount": str(message.receives)},
                "eventSource": "aws:sqs",
            }
            for message in messages
        ]
    }


@dataclass(eq=False)
class Reader:
    """One function's way through one shard: in order, from where its last answer said, again and again until it may."""

    shard: list[Written]
    position: int = 0
    tries: Counter[int] = field(default_factory=Counter)
    is_at_work: bool = False
    set_aside: list[Written] = field(default_factory=list)

    @property
    def backlog(self) -> int:
        return len(self.shard) - self.position

    def next_event(self, count: int) -> Event:
        return change_event(self.shard[self.position : self.position + count], start=self.position)

    def advance(self, start: int, handled: int, count: int) -> bool:
        """Go on behind what was handled of ``count`` records from ``start``; return whether a record was given up."""
        if start != self.position:
            return False
        self.position += handled
        if handled == count:
            return False
        self.tries[self.position] += 1
        if self.tries[self.position] < MOST_TRIES:
            return False
        self.set_aside.append(self.shard[self.position])
        self.position += 1
        return True


def change_event(changes: Sequence[Written], *, start: int = 0) -> Event:
    """Return stream records with the payments themselves as images."""
    return {
        "Records": [
            {
                "eventSource": "aws:dynamodb",
                "dynamodb": {"SequenceNumber": str(start + number), "OldImage": old, "NewImage": new},
            }
            for number, (old, new) in enumerate(changes)
        ]
    }
