from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from itertools import product
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from payments.domain.diagram import state_diagram
from payments.domain.errors import TransitionNotAllowed
from payments.domain.history import is_sound
from payments.domain.payment import (
    OPEN_STATUSES,
    TERMINAL_STATUSES,
    TRANSITIONS,
    Move,
    Payment,
    Status,
    as_accepted,
    first_entry,
    moved,
)
from payments.domain.timestamps import parsed, rfc3339
from tests.fakes import START

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from payments.domain.history import HistoryEntry

LATER = START + timedelta(seconds=1)
MINE = "the processor's"
RANK = {Status.ACCEPTED: 0, Status.PROCESSING: 1, Status.NEEDS_REVIEW: 2}


def new_payment() -> Payment:
    return Payment(
        payment_id="order-1",
        amount=Decimal("10.00"),
        currency="USD",
        status=Status.ACCEPTED,
        created_at=START,
        updated_at=START,
        request_hash="hash",
        version=1,
        owner_token=MINE,
        history=(first_entry("order-1", status=Status.ACCEPTED, at=START, actor="api", reason="accepted"),),
        due_at=START,
    )


def move(to: Status, *, at: datetime = LATER, due_at: datetime | None = None) -> Move:
    return Move(to=to, at=at, actor="processor", reason="because", owner_token=MINE, due_at=due_at)


def brought_to(status: Status) -> Payment:
    payment = new_payment()
    if status is not Status.ACCEPTED:
        payment = moved(payment, move(Status.PROCESSING, due_at=START))
    return payment if payment.status is status else moved(payment, move(status))


@pytest.mark.parametrize(("status", "to"), list(product(Status, Status)))
def test_a_payment_moves_as_the_table_says_and_never_otherwise(status: Status, to: Status) -> None:
    """Defect: Blind and double writes."""
    payment = brought_to(status)
    if to in TRANSITIONS[status]:
        assert moved(payment, move(to)).status is to
    else:
        with pytest.raises(TransitionNotAllowed, match=f"is {status} and cannot become {to}"):
            moved(payment, move(to))


def test_no_move_leads_back() -> None:
    for status, to in product(Status, Status):
        if to in TRANSITIONS[status]:
            assert RANK.get(to, 3) >= RANK.get(status, 3)


def test_the_end_of_the_way_is_the_end() -> None:
    assert {Status.SUCCEEDED, Status.DECLINED, Status.FAILED} == TERMINAL_STATUSES
    assert not TERMINAL_STATUSES & OPEN_STATUSES
    assert all(brought_to(status).is_terminal for status in TERMINAL_STATUSES)


@given(st.lists(st.sampled_from(Status), max_size=8))
def test_whatever_is_tried_a_payment_has_one_sound_history_entry_for_each_version(tries: list[Status]) -> None:
    payment = new_payment()
    for to in tries:
        if to in TRANSITIONS[payment.status]:
            payment = moved(payment, move(to, due_at=START))
    assert payment.version == len(payment.history)
    assert payment.history[-1].status == payment.status
    assert is_sound(payment.payment_id, payment.history)
    assert (payment.due_at is None) != payment.is_open


@pytest.mark.parametrize(
    "alter",
    [
        lambda entry: replace(entry, status="declined"),
        lambda entry: replace(entry, actor="x"),
        lambda entry: replace(entry, reason="x"),
        lambda entry: replace(entry, at=START + timedelta(days=1)),
        lambda entry: replace(entry, version=3),
        lambda entry: replace(entry, previous_hash="x"),
        lambda entry: replace(entry, hash="x"),
    ],
)
@pytest.mark.parametrize("position", [0, 1])
def test_a_history_altered_anywhere_is_not_sound(position: int, alter: Callable[[HistoryEntry], HistoryEntry]) -> None:
    history = list(brought_to(Status.SUCCEEDED).history)
    history[position] = alter(history[position])
    assert not is_sound("order-1", history)


def test_a_history_cut_turned_or_of_another_payment_is_not_sound() -> None:
    history = brought_to(Status.SUCCEEDED).history
    assert is_sound("order-1", history)
    assert not is_sound("order-2", history)
    assert not is_sound("order-1", history[1:])
    assert not is_sound("order-1", history[::-1])
    assert not is_sound("order-1", (history[0], history[2]))
    assert not is_sound("order-1", ())


def test_a_hash_is_the_same_when_the_time_was_kept_in_milliseconds() -> None:
    """The table keeps milliseconds: what is read back must still fit its hash."""
    fine = START + timedelta(microseconds=123_456)
    payment = moved(brought_to(Status.PROCESSING), move(Status.SUCCEEDED, at=fine))
    entry = payment.history[-1]
    assert is_sound("order-1", (*payment.history[:-1], replace(entry, at=parsed(rfc3339(entry.at)))))


def test_a_payment_can_be_shown_as_it_was_accepted() -> None:
    assert as_accepted(brought_to(Status.SUCCEEDED)) == replace(new_payment(), due_at=None)


def test_the_event_of_a_version_is_named_by_payment_and_version() -> None:
    """Defect: Audit."""
    assert [brought_to(status).event_id for status in (Status.ACCEPTED, Status.PROCESSING, Status.FAILED)] == [
        "order-1#1",
        "order-1#2",
        "order-1#3",
    ]


def test_the_diagram_shows_every_move_and_no_other() -> None:
    arrows = [line.strip().partition(":")[0].split(" --> ") for line in state_diagram().splitlines()[1:]]
    drawn = {(start, end) for start, end in arrows if "[*]" not in (start, end)}
    assert drawn == {(str(status), str(to)) for status in Status for to in TRANSITIONS[status]}
    assert ["[*]", "accepted"] in arrows
    assert {start for start, end in arrows if end == "[*]"} == TERMINAL_STATUSES
