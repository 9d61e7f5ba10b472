"""Payments that a workflow runs, alone and beside the queue: one charge each, and none before it is granted."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from payments.domain.decision import Decision
from payments.domain.errors import GatewayAmbiguous, PaymentUnsettled
from payments.domain.payment import Payment, Status
from payments.use_cases import Outcome, settle_payment
from tests.fakes import Act
from tests.unit.executions import Step
from tests.unit.invariants import assert_kept
from tests.unit.pipeline import APPROVALS, HIGH, LEASE, OPEN_DEADLINE, ORCHESTRATED
from tests.unit.test_approve import asked

if TYPE_CHECKING:
    from tests.unit.pipeline import Pipeline


def settle(pipeline: Pipeline, payment_id: str) -> Payment:
    return settle_payment(
        payment_id,
        store=pipeline.store,
        gateway=pipeline.gateway,
        clock=pipeline.clock,
        tokens=pipeline.tokens,
        lease=LEASE,
        measure=pipeline.measure,
    )


def waiting(pipeline: Pipeline) -> tuple[str, str]:
    """Let a workflow come to its wait; return the payment's id and the approval token."""
    payment_id = pipeline.accepted(HIGH)
    while not pipeline.requests.asked:
        assert pipeline.step()
    while pipeline.step():
        pass
    return payment_id, pipeline.requests.asked[-1].approval_token


def ended(pipeline: Pipeline, payment_id: str) -> tuple[Status, str | None, Step]:
    """Bring everything to rest and return how the payment ended, why, and its execution."""
    pipeline.run()
    assert_kept(pipeline, payment_id)
    payment = pipeline.store.get(payment_id)
    return payment.status, payment.failure_code, pipeline.executions.of[payment_id].step


@pytest.mark.parametrize(
    ("act", "end"),
    [
        (Act.APPROVE, (Status.SUCCEEDED, None, Step.SUCCEEDED)),
        (Act.DECLINE, (Status.DECLINED, "insufficient_funds", Step.FAILED)),
        (Act.REFUSE, (Status.FAILED, "account_closed", Step.FAILED)),
        (Act.ECHO_ANOTHER_AMOUNT, (Status.NEEDS_REVIEW, None, Step.FAILED)),
        (Act.TIME_OUT_BEFORE_CHARGING, (Status.SUCCEEDED, None, Step.SUCCEEDED)),
        (Act.TIME_OUT_AFTER_CHARGING, (Status.SUCCEEDED, None, Step.SUCCEEDED)),
    ],
)
def test_an_orchestrated_payment_ends_as_the_gateway_says_and_so_does_its_workflow(
    pipeline: Pipeline, act: Act, end: tuple[Status, str | None, Step]
) -> None:
    """Defect: Broken workflow. Failure paths ended in success."""
    pipeline.gateway.acts.append(act)
    payment_id = pipeline.accepted(ORCHESTRATED)
    assert ended(pipeline, payment_id) == end
    assert list(pipeline.processing.messages) == []


def test_a_payment_that_waits_for_approval_is_not_charged_whoever_wakes_it(pipeline: Pipeline) -> None:
    payment_id, _ = waiting(pipeline)
    for _ in range(3):
        assert pipeline.process(payment_id) is Outcome.HELD
        with pytest.raises(PaymentUnsettled):
            settle(pipeline, payment_id)
    assert pipeline.gateway.charge_calls == 0
    assert pipeline.store.get(payment_id).claim is None


@pytest.mark.parametrize(
    ("decision", "end"),
    [
        (Decision.APPROVE, (Status.SUCCEEDED, None, Step.SUCCEEDED)),
        (Decision.REFUSE, (Status.FAILED, "approval_refused", Step.FAILED)),
    ],
)
def test_what_a_person_decides_is_what_becomes_of_the_payment(
    pipeline: Pipeline, decision: Decision, end: tuple[Status, str | None, Step]
) -> None:
    payment_id, token = waiting(pipeline)
    decided_at = pipeline.decide(token, decision).updated_at
    assert ended(pipeline, payment_id) == end
    assert pipeline.clock.now == decided_at, "the workflow was not answered but ran out of time"
    assert len(pipeline.gateway.taken) == (decision is Decision.APPROVE)


def test_a_payment_that_nobody_decides_in_time_fails_uncharged(pipeline: Pipeline) -> None:
    payment_id, _ = waiting(pipeline)
    assert ended(pipeline, payment_id) == (Status.FAILED, "approval_timed_out", Step.FAILED)
    assert pipeline.gateway.charge_calls == 0


def test_the_time_to_approve_is_over_for_the_queue_as_for_the_workflow(pipeline: Pipeline) -> None:
    payment_id = pipeline.accepted(HIGH)
    pipeline.wait(APPROVALS.timeout - timedelta(milliseconds=1))
    assert pipeline.process(payment_id) is Outcome.HELD
    pipeline.wait(timedelta(milliseconds=1))
    assert pipeline.process(payment_id) is Outcome.FAILED
    failed = pipeline.store.get(payment_id)
    assert (failed.failure_code, failed.history[-1].reason) == ("approval_timed_out", "nobody approved it in time")


def test_of_a_time_out_and_an_approval_at_once_the_first_stands(pipeline: Pipeline) -> None:
    told = asked(pipeline)
    late = pipeline.clock.now + APPROVALS.timeout

    def approve_by_a_clock_behind() -> None:
        now, pipeline.clock.now = pipeline.clock.now, late - LEASE
        pipeline.decide(told.approval_token, Decision.APPROVE)
        pipeline.clock.now = now

    pipeline.wait(APPROVALS.timeout)
    pipeline.store.before_next_write = approve_by_a_clock_behind
    assert pipeline.process(told.payment_id) is Outcome.HELD
    assert pipeline.process(told.payment_id) is Outcome.SUCCEEDED
    assert pipeline.gateway.taken == [told.payment_id]


def test_a_payment_sent_both_ways_at_once_is_charged_once(pipeline: Pipeline) -> None:
    payment_id = pipeline.accepted(ORCHESTRATED)
    pipeline.processing.messages.extend([payment_id] * 3)
    assert ended(pipeline, payment_id) == (Status.SUCCEEDED, None, Step.SUCCEEDED)
    assert pipeline.gateway.taken == [payment_id]


def test_the_queue_and_the_workflow_that_meet_at_the_gateway_charge_once(pipeline: Pipeline) -> None:
    payment_id = pipeline.accepted(ORCHESTRATED)
    pipeline.gateway.before_next_charge = lambda: held(pipeline, payment_id)
    assert pipeline.process(payment_id) is Outcome.SUCCEEDED
    assert settle(pipeline, payment_id).status is Status.SUCCEEDED
    assert pipeline.gateway.taken == [payment_id]


def held(pipeline: Pipeline, payment_id: str) -> None:
    with pytest.raises(PaymentUnsettled):
        settle(pipeline, payment_id)


@pytest.mark.parametrize("request_", [ORCHESTRATED, HIGH])
def test_a_payment_whose_workflow_is_lost_is_brought_to_its_end_by_the_queue(
    pipeline: Pipeline, request_: object
) -> None:
    if request_ is HIGH:
        payment_id, token = waiting(pipeline)
        pipeline.executions.lose(payment_id)
        pipeline.decide(token, Decision.APPROVE)
    else:
        payment_id = pipeline.accepted(ORCHESTRATED)
        pipeline.dispatch_next()
        pipeline.executions.alarms()
        pipeline.executions.lose(payment_id)
    pipeline.wait(OPEN_DEADLINE)
    assert ended(pipeline, payment_id) == (Status.SUCCEEDED, None, Step.FAILED)


def test_a_payment_whose_workflow_was_never_started_is_asked_about_all_the_same(pipeline: Pipeline) -> None:
    """Defect: Records lost quietly. The stream gives a change up after some tries."""
    payment_id = pipeline.accepted(HIGH)
    for _ in range(3):
        pipeline.dispatched = len(pipeline.store.changes)
        pipeline.wake_next()
        pipeline.process_next()
    waiting_for = [each.due_at - each.updated_at for _, each in pipeline.store.changes if each.due_at]
    assert waiting_for == sorted(waiting_for)
    pipeline.run_until(lambda: bool(pipeline.requests.asked))
    pipeline.decide(pipeline.requests.asked[-1].approval_token, Decision.APPROVE)
    assert ended(pipeline, payment_id) == (Status.SUCCEEDED, None, Step.SUCCEEDED)


def test_a_payment_whose_workflow_never_starts_fails_in_the_end_with_few_versions(pipeline: Pipeline) -> None:
    payment_id = pipeline.accepted(HIGH)
    while pipeline.store.get(payment_id).is_open:
        pipeline.dispatched = len(pipeline.store.changes)
        pipeline.wake_next()
        pipeline.process_next()
    failed = pipeline.store.get(payment_id)
    assert failed.failure_code == "approval_timed_out"
    assert failed.version < 10


@pytest.mark.parametrize("failures", [1, 3])
@pytest.mark.parametrize(
    ("decision", "end"),
    [
        (Decision.APPROVE, (Status.SUCCEEDED, None, Step.SUCCEEDED)),
        (Decision.REFUSE, (Status.FAILED, "approval_refused", Step.FAILED)),
    ],
)
def test_a_start_and_an_answer_that_no_workflow_took_lead_to_the_same_end_later(
    pipeline: Pipeline, failures: int, decision: Decision, end: tuple[Status, str | None, Step]
) -> None:
    """Defect: Records lost quietly."""
    pipeline.workflow.failures = failures
    payment_id = pipeline.accepted(HIGH)
    while not pipeline.requests.asked:
        assert pipeline.step() or pipeline.wake_next()
    pipeline.decide(pipeline.requests.asked[-1].approval_token, decision)
    pipeline.workflow.failures = 1
    assert ended(pipeline, payment_id) == end
    assert pipeline.workflow.answers == {}


def test_a_payment_that_waits_for_nobody_and_whose_workflow_never_started_is_charged_by_the_queue(
    pipeline: Pipeline,
) -> None:
    pipeline.workflow.failures = 1
    payment_id = pipeline.accepted(ORCHESTRATED)
    pipeline.run()
    assert pipeline.store.get(payment_id).status is Status.SUCCEEDED
    assert pipeline.workflow.started == []


def test_an_unclear_answer_raises_so_that_the_workflow_waits_and_looks_again(pipeline: Pipeline) -> None:
    payment_id = pipeline.accepted(ORCHESTRATED)
    pipeline.gateway.acts.append(Act.TIME_OUT_AFTER_CHARGING)
    with pytest.raises(GatewayAmbiguous):
        settle(pipeline, payment_id)
    with pytest.raises(PaymentUnsettled, match="is processing and held"):
        settle(pipeline, payment_id)
    pipeline.wait(LEASE)
    assert settle(pipeline, payment_id).status is Status.SUCCEEDED
    assert pipeline.gateway.taken == [payment_id]
