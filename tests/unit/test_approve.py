from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from payments.domain.approval import ApprovalState
from payments.domain.decision import Decision
from payments.domain.errors import (
    ApprovalClosed,
    ApprovalNotAwaited,
    ApprovalNotFound,
    DeliveryFailed,
    PaymentNotFound,
    VersionConflict,
)
from payments.domain.payment import Payment, Status
from payments.domain.public import public_payment
from payments.use_cases import request_approval
from tests.fakes import ProcessDied
from tests.unit.pipeline import APPROVALS, HIGH, OPEN_DEADLINE, ORCHESTRATED, Pipeline

if TYPE_CHECKING:
    from tests.fakes import AskedApproval

FIRST_WAIT, SECOND_WAIT = "wait-1", "wait-2"


def ask(pipeline: Pipeline, payment_id: str, wait: str = FIRST_WAIT) -> Payment:
    return request_approval(
        payment_id,
        task_token=wait,
        expires_at=pipeline.clock.now + APPROVALS.timeout,
        store=pipeline.store,
        requests=pipeline.requests,
        clock=pipeline.clock,
        tokens=pipeline.tokens,
    )


def asked(pipeline: Pipeline, wait: str = FIRST_WAIT) -> AskedApproval:
    """Accept a payment above the limit, ask for its approval, and return what the back office was told."""
    ask(pipeline, pipeline.accepted(HIGH), wait)
    return pipeline.requests.asked[-1]


def state_of(payment: Payment) -> ApprovalState:
    assert payment.approval
    return payment.approval.state


def test_the_back_office_is_told_what_it_decides_and_until_when(pipeline: Pipeline) -> None:
    told = asked(pipeline)
    assert (told.amount, told.currency) == (HIGH.amount, HIGH.currency)
    assert told.expires_at == pipeline.clock.now + APPROVALS.timeout
    payment = pipeline.store.get(told.payment_id)
    assert (payment.status, state_of(payment)) == (Status.ACCEPTED, ApprovalState.ASKED)
    assert (payment.history[-1].actor, payment.history[-1].version) == ("workflow", 2)


def test_while_a_payment_waits_nobody_wakes_it_before_its_time_is_over(pipeline: Pipeline) -> None:
    payment_id = asked(pipeline).payment_id
    assert pipeline.store.get(payment_id).due_at == pipeline.clock.now + APPROVALS.timeout
    pipeline.wait(APPROVALS.timeout)
    assert pipeline.sweep() == 0


def test_asking_again_for_the_same_wait_tells_the_same_token_and_writes_nothing(pipeline: Pipeline) -> None:
    told = asked(pipeline)
    writes = pipeline.store.writes
    ask(pipeline, told.payment_id)
    assert pipeline.requests.asked == [told, told]
    assert pipeline.store.writes == writes


def test_asking_for_a_new_wait_makes_the_older_token_unknown(pipeline: Pipeline) -> None:
    first = asked(pipeline)
    ask(pipeline, first.payment_id, SECOND_WAIT)
    with pytest.raises(ApprovalNotFound):
        pipeline.decide(first.approval_token, Decision.APPROVE)
    decided = pipeline.decide(pipeline.requests.asked[-1].approval_token, Decision.APPROVE)
    assert decided.approval
    assert decided.approval.task_token == SECOND_WAIT


@pytest.mark.parametrize("step", range(4))
def test_wherever_asking_dies_asking_again_ends_it(pipeline: Pipeline, step: int) -> None:
    payment_id = pipeline.accepted(HIGH)
    pipeline.faults.kill_at(step)
    with pytest.raises(ProcessDied):
        ask(pipeline, payment_id)
    ask(pipeline, payment_id)
    assert len({told.approval_token for told in pipeline.requests.asked}) == 1
    assert pipeline.store.get(payment_id).version == 2


def test_a_request_that_was_not_taken_raises_so_that_it_is_made_again(pipeline: Pipeline) -> None:
    """Defect: Records lost quietly."""
    pipeline.requests.failures = 1
    with pytest.raises(DeliveryFailed):
        asked(pipeline)


@pytest.mark.parametrize("decision", Decision)
def test_nobody_is_asked_about_what_is_decided(pipeline: Pipeline, decision: Decision) -> None:
    told = asked(pipeline)
    pipeline.decide(told.approval_token, decision)
    with pytest.raises(ApprovalNotAwaited):
        ask(pipeline, told.payment_id, SECOND_WAIT)
    assert len(pipeline.requests.asked) == 1


def test_nobody_is_asked_about_what_needs_no_approval_or_is_over(pipeline: Pipeline) -> None:
    with pytest.raises(ApprovalNotAwaited):
        ask(pipeline, pipeline.accept(ORCHESTRATED, key="below").payment.payment_id)
    payment_id = pipeline.accepted(HIGH)
    pipeline.wait(APPROVALS.timeout)
    pipeline.process(payment_id)
    with pytest.raises(ApprovalNotAwaited):
        ask(pipeline, payment_id)


def test_nobody_is_asked_about_nobodys_payment(pipeline: Pipeline) -> None:
    with pytest.raises(PaymentNotFound):
        ask(pipeline, "nobody")


def test_who_asks_while_somebody_decides_is_told_to_look_again(pipeline: Pipeline) -> None:
    told = asked(pipeline)
    pipeline.store.before_next_write = lambda: pipeline.decide(told.approval_token, Decision.APPROVE)
    with pytest.raises(VersionConflict):
        ask(pipeline, told.payment_id, SECOND_WAIT)
    assert state_of(pipeline.store.get(told.payment_id)) is ApprovalState.GRANTED


@pytest.mark.parametrize(
    ("decision", "end", "said"),
    [
        (Decision.APPROVE, (ApprovalState.GRANTED, Status.ACCEPTED, None), "approved: called them"),
        (Decision.REFUSE, (ApprovalState.REFUSED, Status.FAILED, "approval_refused"), "refused: called them"),
    ],
)
def test_a_decision_is_one_write_that_says_who_and_why(
    pipeline: Pipeline, decision: Decision, end: tuple[ApprovalState, Status, str | None], said: str
) -> None:
    token = asked(pipeline).approval_token
    decided = pipeline.decide(token, decision, actor="ada", reason="called them")
    assert decided == pipeline.store.get(decided.payment_id)
    assert (state_of(decided), decided.status, decided.failure_code) == end
    assert (decided.history[-1].actor, decided.history[-1].reason) == ("approver:ada", said)
    assert decided.approval
    assert decided.approval.decided_by == "ada"
    assert decided.version == 3


def test_a_reason_need_not_be_given(pipeline: Pipeline) -> None:
    decided = pipeline.decide(asked(pipeline).approval_token, Decision.APPROVE)
    assert decided.history[-1].reason == "approved"


@pytest.mark.parametrize("decision", Decision)
def test_the_same_decision_again_is_answered_alike_and_another_is_refused(
    pipeline: Pipeline, decision: Decision
) -> None:
    token = asked(pipeline).approval_token
    decided = pipeline.decide(token, decision)
    assert pipeline.decide(token, decision, actor="bob") == decided
    (other,) = set(Decision) - {decision}
    with pytest.raises(ApprovalClosed, match="already"):
        pipeline.decide(token, other)
    assert pipeline.store.get(decided.payment_id) == decided


def test_a_decision_is_answered_alike_however_far_the_payment_has_come(pipeline: Pipeline) -> None:
    token = asked(pipeline).approval_token
    payment_id = pipeline.decide(token, Decision.APPROVE).payment_id
    pipeline.process(payment_id)
    assert pipeline.decide(token, Decision.APPROVE).status is Status.SUCCEEDED
    with pytest.raises(ApprovalClosed):
        pipeline.decide(token, Decision.REFUSE)


def test_a_token_of_nobody_another_payment_or_a_guess_finds_nothing(pipeline: Pipeline) -> None:
    """Defect: Open doors."""
    token = asked(pipeline).approval_token
    payment_id, _, secret = token.partition(".")
    other = pipeline.accept(HIGH, key="other").payment.payment_id
    below = pipeline.accept(ORCHESTRATED, key="below").payment.payment_id
    for guess in (payment_id, f"{payment_id}.", f"nobody.{secret}", f"{other}.{secret}", f"{below}.{secret}", "", "."):
        with pytest.raises(ApprovalNotFound) as unknown:
            pipeline.decide(guess, Decision.APPROVE)
        assert secret not in str(unknown.value)
    with pytest.raises(ApprovalNotFound):
        pipeline.decide(f"{payment_id}.{'0' * 64}", Decision.APPROVE)
    assert state_of(pipeline.store.get(payment_id)) is ApprovalState.ASKED


@pytest.mark.parametrize("decision", Decision)
@pytest.mark.parametrize("settled", [False, True])
def test_after_its_time_a_payment_is_not_decided_any_more(
    pipeline: Pipeline, decision: Decision, *, settled: bool
) -> None:
    told = asked(pipeline)
    pipeline.wait(APPROVALS.timeout)
    if settled:
        pipeline.process(told.payment_id)
    with pytest.raises(ApprovalClosed):
        pipeline.decide(told.approval_token, decision)
    assert state_of(pipeline.store.get(told.payment_id)) is ApprovalState.ASKED


def test_of_a_decision_and_the_end_of_its_time_the_first_stands(pipeline: Pipeline) -> None:
    told = asked(pipeline)
    payment = pipeline.store.get(told.payment_id)

    def time_out() -> None:
        pipeline.wait(APPROVALS.timeout)
        pipeline.process(told.payment_id)

    pipeline.store.before_next_write = time_out
    with pytest.raises(ApprovalClosed):
        pipeline.decide(told.approval_token, Decision.APPROVE)
    failed = pipeline.store.get(told.payment_id)
    assert (failed.status, failed.version) == (Status.FAILED, payment.version + 1)


def test_of_two_decisions_at_once_the_first_stands_and_the_same_one_hears_the_same(pipeline: Pipeline) -> None:
    token = asked(pipeline).approval_token
    pipeline.store.before_next_write = lambda: pipeline.decide(token, Decision.APPROVE, actor="bob")
    decided = pipeline.decide(token, Decision.APPROVE, actor="ada")
    assert decided.approval
    assert decided.approval.decided_by == "bob"
    other = asked(replaced := Pipeline()).approval_token
    replaced.store.before_next_write = lambda: replaced.decide(other, Decision.REFUSE, actor="bob")
    with pytest.raises(ApprovalClosed):
        replaced.decide(other, Decision.APPROVE, actor="ada")


def test_who_decides_while_the_wait_begins_anew_is_told_that_the_token_is_unknown(pipeline: Pipeline) -> None:
    told = asked(pipeline)
    pipeline.store.before_next_write = lambda: ask(pipeline, told.payment_id, SECOND_WAIT)
    with pytest.raises(ApprovalNotFound):
        pipeline.decide(told.approval_token, Decision.APPROVE)
    assert state_of(pipeline.store.get(told.payment_id)) is ApprovalState.ASKED


def test_a_decision_whose_answer_was_lost_is_recognised_as_its_own(pipeline: Pipeline) -> None:
    token = asked(pipeline).approval_token
    pipeline.store.lose_next_answer()
    assert pipeline.decide(token, Decision.APPROVE).version == 3


def test_an_approved_payment_is_the_sweepers_once_nobody_has_claimed_it(pipeline: Pipeline) -> None:
    payment_id = pipeline.decide(asked(pipeline).approval_token, Decision.APPROVE).payment_id
    pipeline.wait(2 * OPEN_DEADLINE)
    assert pipeline.sweep() == 1
    pipeline.process_next()
    assert pipeline.store.get(payment_id).status is Status.SUCCEEDED


def test_a_decision_made_on_a_payment_that_vanished_raises(pipeline: Pipeline) -> None:
    token = asked(pipeline).approval_token
    pipeline.store.before_next_write = pipeline.store.payments.clear
    with pytest.raises(VersionConflict):
        pipeline.decide(token, Decision.APPROVE)


def test_a_replay_of_the_request_is_answered_as_it_was_accepted(pipeline: Pipeline) -> None:
    first = pipeline.accept(HIGH)
    ask(pipeline, first.payment.payment_id)
    pipeline.decide(pipeline.requests.asked[-1].approval_token, Decision.APPROVE)
    again = pipeline.accept(HIGH)
    assert again.replayed
    assert public_payment(again.payment) == public_payment(first.payment)
