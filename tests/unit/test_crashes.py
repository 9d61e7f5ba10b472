"""Every worker dies at every step, alone and in pairs: what was acknowledged is still paid, once, told and recorded."""

from __future__ import annotations

from contextlib import suppress
from itertools import combinations

import pytest

from payments.domain.payment import Status
from tests.fakes import Act, ProcessDied
from tests.unit.invariants import assert_kept
from tests.unit.pipeline import MAX_ATTEMPTS, Pipeline

ENDS = {
    Act.APPROVE: Status.SUCCEEDED,
    Act.DECLINE: Status.DECLINED,
    Act.REFUSE: Status.FAILED,
    Act.ECHO_ANOTHER_AMOUNT: Status.NEEDS_REVIEW,
    Act.TIME_OUT_BEFORE_CHARGING: Status.SUCCEEDED,
    Act.TIME_OUT_AFTER_CHARGING: Status.SUCCEEDED,
}


def brought_to_rest(act: Act, *fatal_steps: int) -> tuple[Pipeline, str]:
    """Return a pipeline that paid one payment although workers died at ``fatal_steps``, and the payment's id."""
    pipeline = Pipeline()
    pipeline.faults.kill_at(*fatal_steps)
    pipeline.gateway.acts.append(act)
    payment_id = None
    while payment_id is None:  # The client asks again until it gets an answer.
        with suppress(ProcessDied):
            payment_id = pipeline.accepted()
    pipeline.run()
    return pipeline, payment_id


@pytest.mark.parametrize("act", ENDS)
def test_without_a_death_a_payment_ends_as_the_gateway_says(act: Act) -> None:
    pipeline, payment_id = brought_to_rest(act)
    assert_kept(pipeline, payment_id)
    assert pipeline.store.get(payment_id).status is ENDS[act]


@pytest.mark.parametrize("act", ENDS)
def test_wherever_workers_die_once_or_twice_a_payment_is_paid_once_told_and_recorded(act: Act) -> None:
    """Defect: Blind and double writes. Defect: Records lost quietly."""
    steps = len(brought_to_rest(act)[0].faults.seen)
    assert steps >= 16
    for fatal_steps in combinations(range(-1, steps + 4), 2):  # -1 never comes: one death alone
        pipeline, payment_id = brought_to_rest(act, *fatal_steps)
        assert_kept(pipeline, payment_id)


@pytest.mark.parametrize("step", range(6))
def test_a_payment_that_kills_its_worker_at_every_attempt_is_never_charged_twice(step: int) -> None:
    """Defect: Blind and double writes."""
    pipeline = Pipeline()
    payment_id = pipeline.accepted()
    for _ in range(2 * MAX_ATTEMPTS):
        with suppress(ProcessDied):
            pipeline.wake_next()
            pipeline.faults.kill_at(step)
            pipeline.process(payment_id)
    pipeline.run()
    assert_kept(pipeline, payment_id)
    assert pipeline.store.get(payment_id).status is Status.SUCCEEDED
