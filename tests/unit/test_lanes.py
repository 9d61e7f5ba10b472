"""What a function that writes much has on its way at once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from itertools import pairwise
from threading import Lock
from time import sleep

from payments.adapters.dynamodb.lanes import MOST_LANES, Lanes


def test_no_more_is_on_its_way_than_lanes_are_open() -> None:
    lanes, lock = Lanes(), Lock()
    under_way, most = 0, 0

    def request(_: int) -> None:
        nonlocal under_way, most
        with lanes.one():
            with lock:
                under_way += 1
                most = max(most, under_way)
            sleep(0.001)
            with lock:
                under_way -= 1

    lanes.halve()
    with ThreadPoolExecutor(max_workers=MOST_LANES) as pool:
        list(pool.map(request, range(20)))
    assert most == lanes.open == 1


def test_lanes_open_one_by_one_and_close_by_half_but_never_all() -> None:
    lanes = Lanes()
    seen = []
    for _ in range(100):
        lanes.went_through()
        seen.append(lanes.open)
    assert seen[-1] == MOST_LANES
    assert all(after - before in {0, 1} for before, after in pairwise(seen))
    for left in (MOST_LANES // 2, 1, 1):
        lanes.halve()
        assert lanes.open == left


def test_a_request_that_fails_gives_its_lane_back() -> None:
    lanes = Lanes()
    for _ in range(10):
        with suppress(ZeroDivisionError), lanes.one():
            _ = 1 / 0
    with lanes.one():
        pass
