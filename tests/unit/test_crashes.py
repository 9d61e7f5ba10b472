"""Every worker dies at every step, alone and in pairs: what was acknowledged is still paid, once, told and recorded."""

from __future__ import annotations

from contextlib import suppress
from itertools import combinations
from typing import TYPE_CHECKING

import pytest

from payments.domain.decision import Decision
from payments.domain.errors import ApprovalNotFound
from payments.domain.payment import Status
from tests.fakes import Act, ProcessDied
from tests.unit.invariants import assert_kept
from tests.unit.pipeline import HIGH, MAX_ATTEMPTS, ORCHESTRATED, Pipeline

if TYPE_CHECKING:
    from payments.domain.request import PaymentRequest

ENDS = {
    Act.APPROVE: Status.SUCCEEDED,
    Act.DECLINE: Status.DECLINED,
    Act.REFUSE: Status.FAILED,
    Act.ECHO_ANOTHER_AMOUNT: Status.NEEDS_REVIEW,
    Act.TIME_OUT_BEFORE_CHARGING: Status.SUCCEEDED,
    Act.TIME_OUT_AFTER_CHARGING: Status.SUCCEEDED,
}


def brought_to_rest(
    act: Act, *fatal_steps: int, request: PaymentRequest | None = None, decision: Decision | None = None
) -> tuple[Pipeline, str]:
    """Return a pipeline that paid one payment although workers died at ``fatal_steps``, and the payment's id.

    Whoever is asked to approve gives ``decision``, again and again until it is heard, or none.
    """
    pipeline = Pipeline()
    pipeline.faults.kill_at(*fatal_steps)
    pipeline.gateway.acts.append(act)
    payment_id = None
    while payment_id is None:  # The client asks again until it gets an answer.
        with suppress(ProcessDied):
            payment_id = pipeline.accepted(request)
    if decision:
        decided(pipeline, decision)
    pipeline.run()
    return pipeline, payment_id


def decided(pipeline: Pipeline, decision: Decision) -> None:
    """Let a person decide by the newest token there is, until that is heard."""
    for _ in range(100):
        with suppress(ProcessDied, ApprovalNotFound):
            if pipeline.requests.asked:
                pipeline.decide(pipeline.requests.asked[-1].approval_token, decision)
                return
        with suppress(Exception, ProcessDied):
            if not pipeline.step():
                pipeline.wake_next()
    raise AssertionError("nobody was asked")


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


@pytest.mark.parametrize("act", [Act.APPROVE, Act.DECLINE, Act.TIME_OUT_AFTER_CHARGING])
def test_wherever_workers_die_an_orchestrated_payment_is_paid_once_told_and_recorded(act: Act) -> None:
    """Defect: Blind and double writes. Defect: Broken workflow."""
    steps = len(brought_to_rest(act, request=ORCHESTRATED)[0].faults.seen)
    for fatal_steps in combinations(range(-1, steps + 4), 2):
        pipeline, payment_id = brought_to_rest(act, *fatal_steps, request=ORCHESTRATED)
        assert_kept(pipeline, payment_id)


@pytest.mark.parametrize(
    ("decision", "status"),
    [(Decision.APPROVE, Status.SUCCEEDED), (Decision.REFUSE, Status.FAILED), (None, Status.FAILED)],
)
def test_wherever_workers_die_a_person_is_asked_and_heard(decision: Decision | None, status: Status) -> None:
    """Defect: Broken workflow. Defect: Records lost quietly."""
    steps = len(brought_to_rest(Act.APPROVE, request=HIGH, decision=decision)[0].faults.seen)
    for fatal_steps in combinations(range(-1, steps + 4), 2):
        pipeline, payment_id = brought_to_rest(Act.APPROVE, *fatal_steps, request=HIGH, decision=decision)
        assert_kept(pipeline, payment_id)
        assert pipeline.store.get(payment_id).status is status
        assert pipeline.requests.asked


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
