"""What every queue of wake-up calls must do, in memory and in SQS."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import EndpointConnectionError

from payments.adapters.sqs import SqsQueue
from payments.domain.messages import decode_message
from tests.contract.faults import asked, failing
from tests.fakes import FakeClock, FakeQueue
from tests.simulation.delivery import SimulatedQueue
from tests.simulation.mishaps import Mishaps
from tests.simulation.scheduler import Scheduler
from tests.simulation.trace import Trace

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from payments.ports import MessageQueue
    from tests.contract.services import Services


@pytest.fixture
def queue_url(services: Services) -> str:
    return services.queue()


def simulated_queue() -> SimulatedQueue:
    """Return the simulation's queue, with nothing that befalls it."""
    clock, chance = FakeClock(), Random(1)  # noqa: S311 - a simulation's dice
    mishaps = Mishaps(chance, Scheduler(), clock, Trace(clock))
    mishaps.are_over = True
    return SimulatedQueue(mishaps, clock, chance, may_lose=True)


@pytest.fixture(params=["in memory", "simulated", "SQS"])
def queue(request: pytest.FixtureRequest, services: Services, queue_url: str) -> MessageQueue:
    made: dict[str, Callable[[], MessageQueue]] = {
        "in memory": FakeQueue,
        "simulated": simulated_queue,
        "SQS": lambda: SqsQueue(services.sqs, queue_url),
    }
    return made[request.param]()


@pytest.fixture
def sent(queue: MessageQueue, services: Services, queue_url: str) -> Callable[[], list[str]]:
    """Return what arrived in the queue, whichever it is."""

    def payment_ids() -> list[str]:
        if isinstance(queue, SimulatedQueue):
            return [decode_message(message.body) for message in queue.waiting]
        if isinstance(queue, FakeQueue):
            return list(queue.messages)
        return [body["payment_id"] for body in services.bodies_in(queue_url)]

    return payment_ids


@pytest.mark.parametrize("count", [0, 1, 10, 11, 25])
def test_every_message_arrives_however_many_there_are(
    queue: MessageQueue, sent: Callable[[], list[str]], count: int
) -> None:
    """Defect: Records lost quietly."""
    ids = [f"pay-{number}" for number in range(count)]
    assert list(queue.send(iter(ids))) == []
    assert sorted(sent()) == sorted(ids)


def test_a_message_says_which_payment_and_nothing_of_amounts(services: Services, queue_url: str) -> None:
    SqsQueue(services.sqs, queue_url).send(["pay-1"])
    (message,) = services.sqs.receive_message(QueueUrl=queue_url)["Messages"]
    assert decode_message(message["Body"]) == "pay-1"
    assert message["Body"] == '{"schema_version":1,"payment_id":"pay-1"}'


def test_twenty_five_messages_are_three_requests(services: Services, queue_url: str) -> None:
    with asked(services.sqs, "SendMessageBatch") as requests:
        SqsQueue(services.sqs, queue_url).send(f"pay-{number}" for number in range(25))
    assert [len(request["Entries"]) for request in requests] == [10, 10, 5]


class PartlyDeafSqs:
    """Answers 200, as SQS does, and takes only the entries ``takes`` says yes to."""

    def __init__(self, takes: Callable[[str], bool]) -> None:
        self._takes = takes

    def send_message_batch(self, *, QueueUrl: str, Entries: list[Mapping[str, Any]]) -> dict[str, Any]:  # noqa: ARG002, N803 - botocore's names
        taken = [entry for entry in Entries if self._takes(decode_message(entry["MessageBody"]))]
        failed = [entry for entry in Entries if entry not in taken]
        return {
            **({"Successful": [{"Id": entry["Id"]} for entry in taken]} if taken else {}),
            **({"Failed": [{"Id": entry["Id"], "SenderFault": False} for entry in failed]} if failed else {}),
        }


def test_each_message_sqs_did_not_take_is_named() -> None:
    """Defect: Records lost quietly."""
    queue = SqsQueue(PartlyDeafSqs(lambda payment_id: payment_id not in {"pay-3", "pay-12"}), "url")  # type: ignore[arg-type]  # as much of a client as is used
    assert queue.send(f"pay-{number}" for number in range(15)) == ["pay-3", "pay-12"]


def test_a_batch_of_which_sqs_took_none_is_named_whole() -> None:
    """Defect: Records lost quietly."""
    queue = SqsQueue(PartlyDeafSqs(lambda _: False), "url")  # type: ignore[arg-type]  # as above
    assert queue.send(["pay-1", "pay-2"]) == ["pay-1", "pay-2"]


def test_a_queue_that_is_not_there_takes_nothing(services: Services, queue_url: str) -> None:
    """Defect: Records lost quietly."""
    ids = [f"pay-{number}" for number in range(11)]
    assert SqsQueue(services.sqs, f"{queue_url}-gone").send(ids) == ids


def test_a_request_that_fails_keeps_no_other_from_being_made_and_its_reason_is_logged(
    services: Services, queue_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Defect: Records lost quietly."""
    ids = [f"pay-{number}" for number in range(15)]
    with failing(services.sqs, "SendMessageBatch", times=1, Code="AccessDenied"):
        assert SqsQueue(services.sqs, queue_url).send(ids) == ids[:10]
    assert sorted(body["payment_id"] for body in services.bodies_in(queue_url)) == sorted(ids[10:])
    assert "SQS took none of 10 messages: An error occurred (AccessDenied)" in caplog.text


def test_a_queue_that_cannot_be_reached_takes_nothing() -> None:
    """Defect: Records lost quietly."""

    def no_route(_: str) -> bool:
        raise EndpointConnectionError(endpoint_url="https://sqs.example")

    queue = SqsQueue(PartlyDeafSqs(no_route), "url")  # type: ignore[arg-type]  # as above
    assert queue.send(["pay-1", "pay-2"]) == ["pay-1", "pay-2"]
