"""A simulated queue disturbs what it delivers only where a run has that trouble, and counts exactly what it did."""

from __future__ import annotations

from itertools import pairwise
from random import Random

import pytest

from tests.fakes import FakeClock
from tests.simulation.delivery import SimulatedQueue
from tests.simulation.mishaps import Fault, Mishaps
from tests.simulation.scheduler import Scheduler
from tests.simulation.trace import Trace


def received(mishaps: Mishaps) -> list[int]:
    """Return the numbers of all messages, in the order in which they were received."""
    queue = SimulatedQueue(mishaps, FakeClock(), Random(1), may_lose=False)  # noqa: S311 - a simulation's dice
    queue.send(f"pay-{number}" for number in range(60))
    numbers: list[int] = []
    while messages := queue.receive():
        numbers += [message.number for message in messages]
        queue.delete(messages)
    return numbers


def mishaps_of(seed: int) -> Mishaps:
    return Mishaps(Random(seed), Scheduler(), FakeClock(), Trace(FakeClock()))  # noqa: S311 - likewise


def test_nothing_is_out_of_order_or_counted_once_faults_are_over() -> None:
    mishaps = mishaps_of(1)
    mishaps.are_over = True
    assert received(mishaps) == list(range(1, 61))
    assert not mishaps.counts


@pytest.mark.parametrize("seed", range(8))
def test_what_comes_out_of_order_is_counted_and_nothing_else_is(seed: int) -> None:
    mishaps = mishaps_of(seed)
    is_in_order = all(one < other for one, other in pairwise(received(mishaps)))
    assert is_in_order == (mishaps.counts[Fault.MESSAGE_REORDERED] == 0)
