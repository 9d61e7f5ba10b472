"""The sweeper, from a tick of the schedule to the payments it wakes."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from functions.sweeper import handler as sweeper
from functions.sweeper.handler import Ports
from payments.domain.errors import DeliveryFailed
from tests.fakes import FakeClock, FakeMeasurements, FakeQueue, FakeStore
from tests.samples import START, accepted, claimed, settled
from tests.unit.handlers.events import sample

if TYPE_CHECKING:
    from collections.abc import Callable

    from aws_lambda_powertools.utilities.typing import LambdaContext

    from tests.unit.handlers.conftest import Line


@pytest.fixture
def queue() -> FakeQueue:
    return FakeQueue()


@pytest.fixture
def ports(queue: FakeQueue) -> Ports:
    store = FakeStore()
    for payment in (accepted("lying"), claimed(accepted("claimed")), settled(claimed(accepted("settled")))):
        store.payments[payment.payment_id] = payment
    clock = FakeClock(START + timedelta(minutes=2))
    return Ports(overdue=store, queue=queue, clock=clock, measure=FakeMeasurements())


@pytest.fixture
def tick(ports: Ports, context: LambdaContext, monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    monkeypatch.setattr(sweeper, "aws_ports", lambda: ports)
    return lambda: sweeper.handler(sample("schedule"), context)


def test_what_nobody_looks_after_any_more_is_woken_and_nothing_else(
    ports: Ports, queue: FakeQueue, tick: Callable[[], None], printed: Callable[[], list[Line]]
) -> None:
    tick()
    assert list(queue.messages) == ["lying"]
    assert isinstance(ports.measure, FakeMeasurements)
    assert ports.measure.counts == {"OpenPaymentsOverdue": 1}
    (line,) = printed()
    assert (line["message"], line["woken"], line["tick"]) == ("swept", 1, "2026-11-22T03:36:00Z")


def test_a_queue_that_does_not_take_a_wake_up_raises_so_that_errors_rises(
    queue: FakeQueue, tick: Callable[[], None]
) -> None:
    """Defect: Dead alarms."""
    queue.refused = {"lying"}
    with pytest.raises(DeliveryFailed):
        tick()


def test_the_connection_is_made_of_the_functions_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PAYMENTS_TABLE", "payments-payments-test")
    monkeypatch.setenv("PROCESSING_QUEUE_URL", "https://sqs.example/processing")
    assert sweeper.aws_ports.__wrapped__()
