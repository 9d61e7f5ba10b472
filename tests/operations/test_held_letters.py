from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from operations.dead_letter_queues import HIDDEN_SECONDS, DeadLetterOffice, DeadLetterQueue
from operations.held_letters import HeldLetters
from operations.letters import Wanted
from operations.pace import Pace
from operations.redrive import Redrive
from operations.replay import Replay
from operations.stream import Stream
from payments.domain.messages import encode_message
from tests.operations.conftest import MockEnvironment, refusal
from tests.samples import START

if TYPE_CHECKING:
    from botocore.exceptions import ClientError

QUEUE = DeadLetterQueue(part="processing", url="dead-letters", waiting=0, hidden=0, source_url="source")


@dataclass
class FakeSqs:
    """One queue of dead letters: each is hidden for as long as whoever received it asked for, by ``now``."""

    left: list[str]
    now: float = 0.0
    until: dict[str, float] = field(default_factory=dict)
    receipts: dict[str, str] = field(default_factory=dict)
    """The newest of each letter; an older one neither deletes nor releases."""
    late: list[str] = field(default_factory=list)
    """Letters that were deleted when others could see them."""
    seconds_an_answer: float = 0.0
    failure: dict[str, str] | None = None
    refusal: ClientError | None = None
    told: list[str] = field(default_factory=list)
    """What people were told meanwhile."""

    def visible(self) -> list[str]:
        return [name for name in self.left if self.until.get(name, 0.0) <= self.now]

    def receive_message(self, *, MaxNumberOfMessages: int, VisibilityTimeout: int, **_: object) -> dict[str, Any]:  # noqa: N803 - boto3's own names
        assert self.now < 10**6, "it never ends"
        self.pass_by(self.seconds_an_answer)
        names = self.visible()[:MaxNumberOfMessages]
        for name in names:
            self.until[name] = self.now + VisibilityTimeout
            self.receipts[name] = f"{name} at {self.now}"
        sent = str(int(START.timestamp() * 1000))
        return {
            "Messages": [
                {
                    "MessageId": name,
                    "ReceiptHandle": self.receipts[name],
                    "Body": encode_message(name),
                    "Attributes": {"SentTimestamp": sent},
                }
                for name in names
            ]
        }

    def change_message_visibility_batch(self, *, Entries: list[dict[str, Any]], **_: str) -> dict[str, Any]:  # noqa: N803 - boto3's own names
        if self.refusal:
            raise self.refusal
        if self.failure:
            return {"Failed": [{"Id": entry["Id"], **self.failure} for entry in Entries]}
        for entry in Entries:
            name = self._named(entry["ReceiptHandle"])
            self.until[name] = self.now + entry["VisibilityTimeout"]
        return {}

    def send_message(self, **_: str) -> None:
        """Take anything."""

    def delete_message(self, *, ReceiptHandle: str, **_: str) -> None:  # noqa: N803 - boto3's own names
        name = self._named(ReceiptHandle)
        self.late += [name] if name in self.visible() else []
        self.left.remove(name)

    def _named(self, receipt: str) -> str:
        (name,) = (name for name, newest in self.receipts.items() if newest == receipt)
        return name

    def pass_by(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture
def sqs(environment: MockEnvironment) -> FakeSqs:
    """A queue of twelve dead letters, which every client of SQS works on."""
    made = FakeSqs([f"pay-{number}" for number in range(12)])
    environment.clients["sqs"] = made
    return made


def held(environment: MockEnvironment, sqs: FakeSqs, *, at_once: int = 10) -> HeldLetters:
    return HeldLetters(
        office=DeadLetterOffice(environment), queue=QUEUE, at_once=at_once, tell=sqs.told.append, clock=lambda: sqs.now
    )


def test_letters_given_slowly_are_never_in_others_sight_meanwhile(environment: MockEnvironment, sqs: FakeSqs) -> None:
    redrive = Redrive(
        office=DeadLetterOffice(environment),
        stream=Stream(environment),
        replay=Replay(environment),
        queue=QUEUE,
        wanted=Wanted(older_than=timedelta()),
        now=lambda: START + timedelta(hours=1),
        tell=sqs.told.append,
        clock=lambda: sqs.now,
    )
    pace = Pace(0.01, clock=lambda: sqs.now, sleep=sqs.pass_by)
    outcomes = list(redrive.run(pace=pace))
    assert len(outcomes) == 12
    assert sqs.now > HIDDEN_SECONDS
    assert not sqs.left
    assert not sqs.late


def test_letters_seen_again_are_worked_on_once_and_released_by_their_newest_receipt(
    environment: MockEnvironment, sqs: FakeSqs
) -> None:
    names = list(sqs.left)
    seen = []
    with held(environment, sqs, at_once=1) as letters:
        for letter in letters:
            seen.append(letter.message_id)
            sqs.pass_by(HIDDEN_SECONDS + 1)
        assert not sqs.visible()
    assert seen == names
    assert sqs.visible() == names


def test_a_letter_whose_turn_comes_too_late_is_received_anew(environment: MockEnvironment, sqs: FakeSqs) -> None:
    names = list(sqs.left)
    seen = []
    with held(environment, sqs) as letters:
        for letter in letters:
            assert letter.message_id not in sqs.visible()
            seen.append(letter.message_id)
            sqs.pass_by(HIDDEN_SECONDS / 4)
    assert seen == names
    assert sqs.visible() == names


def test_letters_that_come_again_and_again_do_not_keep_it_going(environment: MockEnvironment, sqs: FakeSqs) -> None:
    sqs.left = sqs.left[:10]
    sqs.seconds_an_answer = HIDDEN_SECONDS - 1
    with held(environment, sqs) as letters:
        for _ in letters:
            sqs.pass_by(1)


@pytest.mark.parametrize(
    ("trouble", "reason"),
    [
        ({"failure": {"Code": "InternalError", "Message": "not now"}}, "InternalError: not now"),
        ({"refusal": refusal("ChangeMessageVisibilityBatch")}, "ThrottlingException"),
    ],
)
def test_letters_that_stay_hidden_are_told_of(
    environment: MockEnvironment, sqs: FakeSqs, trouble: dict[str, Any], reason: str
) -> None:
    vars(sqs).update(trouble)
    with held(environment, sqs) as letters:
        assert len(list(letters)) == 12
    (line,) = sqs.told
    assert line.startswith("12 dead letters of processing could not be released and stay hidden for 15 minutes")
    assert reason in line
