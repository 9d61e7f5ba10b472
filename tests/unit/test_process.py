from __future__ import annotations

from collections import deque
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from payments.domain.approval import Approval, ApprovalState
from payments.domain.claim import CLOCK_TOLERANCE, LONGEST_PAUSE
from payments.domain.errors import GatewayAmbiguous, PaymentNotFound, SettlementContradicted, VersionConflict
from payments.domain.payment import Claim, Move, Status, moved
from payments.use_cases import Outcome
from payments.use_cases.process import REVIEW_METRIC
from tests.fakes import START, Act, ProcessDied
from tests.unit.pipeline import HIGH, KEY_RETENTION, LEASE, MAX_ATTEMPTS, ORCHESTRATED

if TYPE_CHECKING:
    from payments.domain.request import PaymentRequest
    from tests.unit.pipeline import Pipeline

SECOND = timedelta(seconds=1)


def stored_attempt(pipeline: Pipeline, payment_id: str) -> Claim:
    claim = pipeline.store.get(payment_id).claim
    assert claim is not None
    return claim


def left_unclear(pipeline: Pipeline, *, attempts: int = 1, act: Act = Act.TIME_OUT_AFTER_CHARGING) -> str:
    """Return a payment whose gateway never answered, with the pause after its last attempt run out."""
    payment_id = pipeline.accepted()
    for _ in range(attempts):
        pipeline.gateway.acts.append(act)
        with pytest.raises(GatewayAmbiguous):
            pipeline.process(payment_id)
        pipeline.wait_for(payment_id)
    return payment_id


@pytest.mark.parametrize(
    ("act", "status", "failure_code"),
    [
        (Act.APPROVE, Status.SUCCEEDED, None),
        (Act.DECLINE, Status.DECLINED, "insufficient_funds"),
        (Act.REFUSE, Status.FAILED, "account_closed"),
        (Act.ECHO_ANOTHER_AMOUNT, Status.NEEDS_REVIEW, None),
    ],
)
def test_a_payment_ends_as_the_gateway_answers(
    pipeline: Pipeline, act: Act, status: Status, failure_code: str | None
) -> None:
    payment_id = pipeline.accepted()
    pipeline.gateway.acts.append(act)
    outcome = pipeline.process(payment_id)
    payment = pipeline.store.get(payment_id)
    assert outcome.value == payment.status == status
    assert payment.failure_code == failure_code
    assert [entry.status for entry in payment.history] == ["accepted", "processing", status]
    assert payment.due_at is None


def test_the_gateway_key_is_stored_before_the_gateway_is_called(pipeline: Pipeline) -> None:
    payment_id = pipeline.accepted()
    pipeline.faults.kill_at(2)
    with pytest.raises(ProcessDied, match="before charge"):
        pipeline.process(payment_id)
    assert stored_attempt(pipeline, payment_id) == Claim(
        gateway_key=payment_id, lease_expires_at=START + LEASE, attempt=1, first_claimed_at=START
    )


def test_a_message_delivered_again_charges_nobody_again(pipeline: Pipeline) -> None:
    payment_id = pipeline.accepted()
    outcomes = [pipeline.process(payment_id) for _ in range(3)]
    assert outcomes == [Outcome.SUCCEEDED, Outcome.ALREADY_SETTLED, Outcome.ALREADY_SETTLED]
    assert pipeline.gateway.charge_calls == 1


def test_the_amount_charged_is_the_stored_one(pipeline: Pipeline) -> None:
    """State decides: whatever a message said, the payment is read, and its state acted on."""
    payment_id = pipeline.accepted()
    pipeline.process(payment_id)
    found = pipeline.gateway.find(reference=payment_id)
    assert found is not None
    assert (found.amount, found.currency) == (pipeline.store.get(payment_id).amount, "USD")


def altered(pipeline: Pipeline, payment_id: str, **attributes: object) -> None:
    """Write the table past the pipeline."""
    payment = pipeline.store.payments[payment_id]
    pipeline.store.payments[payment_id] = replace(payment, **attributes)  # type: ignore[arg-type]  # any attribute


@pytest.mark.parametrize("request_", [None, ORCHESTRATED])
def test_a_payment_that_was_altered_fails_and_is_never_charged_however_it_comes_to_be_processed(
    pipeline: Pipeline, request_: PaymentRequest | None
) -> None:
    payment_id = pipeline.accepted(request_)
    altered(pipeline, payment_id, amount=Decimal("99.00"))
    assert [pipeline.process(payment_id) for _ in range(2)] == [Outcome.FAILED, Outcome.ALREADY_SETTLED]
    failed = pipeline.store.get(payment_id)
    assert (failed.status, failed.failure_code) == (Status.FAILED, "validation_failed")
    assert (failed.history[-1].actor, failed.history[-1].reason) == (
        "processor",
        "its attributes are not those of the request that was accepted",
    )
    assert pipeline.gateway.taken == []


@pytest.mark.parametrize(
    "approval",
    [
        None,
        Approval(state=ApprovalState.GRANTED, expires_at=START + timedelta(hours=2), decided_by="eve"),
    ],
)
def test_nobody_gets_past_an_approval_by_writing_the_table(pipeline: Pipeline, approval: Approval | None) -> None:
    payment_id = pipeline.accepted(HIGH)
    altered(pipeline, payment_id, approval=approval)
    assert pipeline.process(payment_id) is Outcome.FAILED
    assert pipeline.store.get(payment_id).failure_code == "validation_failed"
    assert pipeline.gateway.taken == []


@pytest.mark.parametrize(
    "attributes",
    [
        {"amount": Decimal("99.00")},
        {"request_hash": "0" * 64},
        {"status": Status.ACCEPTED, "claim": None},
        {"claim": None, "currency": "XYZ"},
    ],
)
def test_a_payment_that_was_altered_after_a_claim_is_left_to_a_person_and_not_charged_again(
    pipeline: Pipeline, attributes: dict[str, object]
) -> None:
    payment_id = left_unclear(pipeline)
    altered(pipeline, payment_id, **attributes)
    assert pipeline.process(payment_id) is Outcome.NEEDS_REVIEW
    assert pipeline.gateway.charge_calls == 1
    assert pipeline.measure.counts[REVIEW_METRIC] == 1
    assert pipeline.store.get(payment_id).history[-1].reason.startswith("never to be charged: ")


def test_of_two_who_find_a_payment_altered_the_first_fails_it(pipeline: Pipeline) -> None:
    payment_id = pipeline.accepted()
    altered(pipeline, payment_id, description="altered")
    pipeline.store.before_next_write = lambda: pipeline.process(payment_id)
    assert pipeline.process(payment_id) is Outcome.ALREADY_SETTLED
    assert len(pipeline.store.get(payment_id).history) == 2


def test_an_unknown_payment_is_an_error_and_never_created(pipeline: Pipeline) -> None:
    """Defect: Blind and double writes. Updates used to create ghost payments."""
    with pytest.raises(PaymentNotFound):
        pipeline.process("nobody")
    assert not pipeline.store.payments


@pytest.mark.parametrize("act", [Act.TIME_OUT_BEFORE_CHARGING, Act.TIME_OUT_AFTER_CHARGING])
def test_an_ambiguous_answer_is_raised_and_tried_again_with_the_stored_key(pipeline: Pipeline, act: Act) -> None:
    """Defect: Records lost quietly."""
    payment_id = left_unclear(pipeline, act=act)
    assert pipeline.store.get(payment_id).status is Status.PROCESSING
    assert pipeline.process(payment_id) is Outcome.SUCCEEDED
    assert pipeline.gateway.keys_seen[payment_id] == {payment_id}
    assert pipeline.gateway.taken == [payment_id]


def test_the_key_of_an_earlier_release_is_used_on_though_this_one_would_choose_another(pipeline: Pipeline) -> None:
    payment_id = left_unclear(pipeline)
    payment = pipeline.store.get(payment_id)
    claim = stored_attempt(pipeline, payment_id)
    pipeline.store.payments[payment_id] = replace(payment, claim=replace(claim, gateway_key="old-style-key"))
    pipeline.process(payment_id)
    assert pipeline.gateway.keys_seen[payment_id] == {payment_id, "old-style-key"}
    assert stored_attempt(pipeline, payment_id).gateway_key == "old-style-key"


def test_a_payment_whose_lease_runs_is_left_to_its_holder(pipeline: Pipeline) -> None:
    payment_id = left_unclear(pipeline)
    pipeline.wait(-SECOND)
    assert pipeline.process(payment_id) is Outcome.HELD
    assert pipeline.gateway.charge_calls == 1


def test_messages_that_come_again_during_the_pause_use_up_no_attempt(pipeline: Pipeline) -> None:
    payment_id = left_unclear(pipeline)
    pipeline.gateway.acts.append(Act.TIME_OUT_BEFORE_CHARGING)
    with pytest.raises(GatewayAmbiguous):
        pipeline.process(payment_id)
    pipeline.wait(LEASE)
    assert stored_attempt(pipeline, payment_id).lease_expires_at <= pipeline.clock()
    assert [pipeline.process(payment_id) for _ in range(MAX_ATTEMPTS)] == [Outcome.HELD] * MAX_ATTEMPTS
    assert stored_attempt(pipeline, payment_id).attempt == 2
    pipeline.wait(LEASE)
    assert pipeline.process(payment_id) is Outcome.SUCCEEDED


def test_an_outage_of_hours_is_outlived_though_messages_come_every_few_minutes(pipeline: Pipeline) -> None:
    payment_id = pipeline.accepted()
    end_of_outage = pipeline.clock() + timedelta(hours=4)
    while pipeline.clock() < end_of_outage:
        pipeline.gateway.acts = deque([Act.TIME_OUT_BEFORE_CHARGING])
        with suppress(GatewayAmbiguous):
            pipeline.process(payment_id)
        pipeline.wait(LEASE)
    pipeline.gateway.acts.clear()
    pipeline.run()
    assert pipeline.store.get(payment_id).status is Status.SUCCEEDED


def test_a_payment_whose_lease_ran_out_is_taken_over_and_not_skipped(pipeline: Pipeline) -> None:
    payment_id = left_unclear(pipeline)
    assert pipeline.process(payment_id) is Outcome.SUCCEEDED
    claim = stored_attempt(pipeline, payment_id)
    assert (claim.attempt, claim.first_claimed_at) == (2, START)
    assert [entry.status for entry in pipeline.store.get(payment_id).history] == [
        "accepted",
        "processing",
        "processing",
        "succeeded",
    ]


def test_a_lost_answer_of_the_claim_is_recognised_and_does_not_stop_the_payment(pipeline: Pipeline) -> None:
    payment_id = pipeline.accepted()
    pipeline.store.lose_next_answer()
    assert pipeline.process(payment_id) is Outcome.SUCCEEDED


def test_a_lost_answer_of_the_settlement_is_recognised(pipeline: Pipeline) -> None:
    payment_id = pipeline.accepted()
    pipeline.gateway.before_next_charge = pipeline.store.lose_next_answer
    assert pipeline.process(payment_id) is Outcome.SUCCEEDED
    assert pipeline.store.get(payment_id).version == 3


def test_of_two_workers_that_claim_at_once_one_charges(pipeline: Pipeline) -> None:
    payment_id = pipeline.accepted()
    others: list[Outcome] = []
    pipeline.store.before_next_write = lambda: others.append(pipeline.process(payment_id))
    assert pipeline.process(payment_id) is Outcome.ALREADY_SETTLED
    assert others == [Outcome.SUCCEEDED]
    assert pipeline.gateway.charge_calls == 1


def test_a_worker_that_loses_the_claim_to_one_at_work_leaves_it_alone(pipeline: Pipeline) -> None:
    payment_id = pipeline.accepted()

    def other_dies() -> None:
        pipeline.faults.kill_at(2)
        with pytest.raises(ProcessDied):
            pipeline.process(payment_id)

    pipeline.store.before_next_write = other_dies
    assert pipeline.process(payment_id) is Outcome.HELD
    assert pipeline.gateway.charge_calls == 1


def test_a_slow_worker_overtaken_by_one_with_the_same_answer_is_content(pipeline: Pipeline) -> None:
    payment_id = pipeline.accepted()

    def taken_over() -> None:
        pipeline.wait(LEASE)
        assert pipeline.process(payment_id) is Outcome.SUCCEEDED

    pipeline.gateway.before_next_charge = taken_over
    assert pipeline.process(payment_id) is Outcome.SUCCEEDED
    assert pipeline.gateway.taken == [payment_id]
    assert pipeline.store.get(payment_id).version == 4


def test_an_approved_charge_whose_settlement_meets_a_take_over_is_raised_and_not_lost(pipeline: Pipeline) -> None:
    """Defect: Records lost quietly."""
    payment_id = pipeline.accepted()

    def taken_over() -> None:
        pipeline.wait(LEASE)
        pipeline.gateway.acts.append(Act.TIME_OUT_BEFORE_CHARGING)
        with pytest.raises(GatewayAmbiguous):
            pipeline.process(payment_id)

    pipeline.gateway.before_next_charge = taken_over
    with pytest.raises(VersionConflict):
        pipeline.process(payment_id)
    pipeline.wait_for(payment_id)
    assert pipeline.process(payment_id) is Outcome.SUCCEEDED
    assert pipeline.gateway.taken == [payment_id]


@pytest.mark.parametrize("status", [Status.FAILED, Status.DECLINED, Status.NEEDS_REVIEW])
def test_an_approved_charge_of_a_payment_settled_otherwise_raises_an_alarm(pipeline: Pipeline, status: Status) -> None:
    payment_id = pipeline.accepted()
    pipeline.gateway.before_next_charge = lambda: settled_by_somebody(pipeline, payment_id, status)
    with pytest.raises(SettlementContradicted, match=f"is {status}, but the gateway approved charge ch_"):
        pipeline.process(payment_id)
    assert pipeline.measure.counts[REVIEW_METRIC] == 1
    assert pipeline.store.get(payment_id).status is status


def settled_by_somebody(pipeline: Pipeline, payment_id: str, status: Status) -> None:
    move = Move(to=status, at=pipeline.clock(), actor="somebody", reason="because", owner_token=pipeline.tokens())
    pipeline.store.advance(moved(pipeline.store.get(payment_id), move))


def test_a_refusal_that_meets_a_settled_payment_is_raised_and_changes_nothing(pipeline: Pipeline) -> None:
    payment_id = pipeline.accepted()
    pipeline.gateway.acts.append(Act.REFUSE)
    pipeline.gateway.before_next_charge = lambda: settled_by_somebody(pipeline, payment_id, Status.SUCCEEDED)
    with pytest.raises(VersionConflict):
        pipeline.process(payment_id)
    assert pipeline.store.get(payment_id).status is Status.SUCCEEDED


@pytest.mark.parametrize("write", [0, 1])
def test_a_payment_that_vanished_is_an_error_and_never_created_again(pipeline: Pipeline, write: int) -> None:
    """Defect: Blind and double writes."""
    payment_id = pipeline.accepted()
    if write == 0:
        pipeline.store.before_next_write = pipeline.store.payments.clear
    else:
        pipeline.gateway.before_next_charge = pipeline.store.payments.clear
    with pytest.raises(VersionConflict, match="found nothing"):
        pipeline.process(payment_id)
    assert not pipeline.store.payments


def test_past_the_gateways_memory_a_charge_is_looked_up_before_it_is_made_again(pipeline: Pipeline) -> None:
    payment_id = left_unclear(pipeline)
    pipeline.wait(KEY_RETENTION)
    assert pipeline.process(payment_id) is Outcome.SUCCEEDED
    assert pipeline.gateway.charge_calls == 1
    assert pipeline.gateway.taken == [payment_id]


def test_within_the_gateways_memory_the_key_is_trusted_as_long_as_the_whole_attempt_fits(pipeline: Pipeline) -> None:
    payment_id = left_unclear(pipeline, attempts=2)
    pipeline.wait(START + KEY_RETENTION - CLOCK_TOLERANCE - LEASE - SECOND - pipeline.clock())
    assert pipeline.process(payment_id) is Outcome.SUCCEEDED
    assert pipeline.gateway.find_calls == 0

    other_id = pipeline.accept(key="key-2").payment.payment_id
    pipeline.gateway.acts.append(Act.TIME_OUT_AFTER_CHARGING)
    with pytest.raises(GatewayAmbiguous):
        pipeline.process(other_id)
    pipeline.wait(KEY_RETENTION - CLOCK_TOLERANCE - LEASE)
    assert pipeline.process(other_id) is Outcome.SUCCEEDED
    assert pipeline.gateway.find_calls == 1


def test_a_clock_behind_the_last_writers_cannot_vouch_for_the_key(pipeline: Pipeline) -> None:
    payment_id = left_unclear(pipeline)
    payment = pipeline.store.get(payment_id)
    pipeline.store.payments[payment_id] = replace(payment, updated_at=pipeline.clock() + SECOND)
    assert pipeline.process(payment_id) is Outcome.SUCCEEDED
    assert pipeline.gateway.find_calls == 1


def test_a_slow_clock_past_the_gateways_memory_charges_nobody_twice(pipeline: Pipeline) -> None:
    """The clock is ahead of the last writer's and shows less than the retention; the gateway has forgotten the key."""
    payment_id = left_unclear(pipeline)
    pipeline.wait(KEY_RETENTION)
    pipeline.clock.move(SECOND - CLOCK_TOLERANCE)
    assert pipeline.process(payment_id) is Outcome.SUCCEEDED
    assert pipeline.gateway.taken == [payment_id]


def test_a_fast_clock_at_the_first_claim_makes_the_key_no_younger(pipeline: Pipeline) -> None:
    payment_id = pipeline.accepted()
    pipeline.clock.move(LONGEST_PAUSE)
    pipeline.gateway.acts.append(Act.TIME_OUT_AFTER_CHARGING)
    with pytest.raises(GatewayAmbiguous):
        pipeline.process(payment_id)
    pipeline.clock.move(-LONGEST_PAUSE)
    pipeline.wait(KEY_RETENTION)
    assert pipeline.process(payment_id) is Outcome.SUCCEEDED
    assert pipeline.gateway.taken == [payment_id]
    assert (pipeline.gateway.find_calls, pipeline.gateway.charge_calls) == (1, 1)


def test_past_the_gateways_memory_a_charge_that_is_certainly_absent_is_made(pipeline: Pipeline) -> None:
    payment_id = left_unclear(pipeline, act=Act.TIME_OUT_BEFORE_CHARGING)
    pipeline.wait(KEY_RETENTION)
    assert pipeline.process(payment_id) is Outcome.SUCCEEDED
    assert pipeline.gateway.taken == [payment_id]
    assert pipeline.gateway.keys_seen[payment_id] == {payment_id}


def test_past_the_gateways_memory_nobody_guesses(pipeline: Pipeline) -> None:
    payment_id = left_unclear(pipeline)
    pipeline.wait(KEY_RETENTION)
    pipeline.gateway.finds_nothing_out = True
    assert pipeline.process(payment_id) is Outcome.NEEDS_REVIEW
    assert pipeline.gateway.charge_calls == 1
    assert pipeline.measure.counts[REVIEW_METRIC] == 1


def test_past_the_last_attempt_a_charge_is_looked_up_first(pipeline: Pipeline) -> None:
    payment_id = left_unclear(pipeline, attempts=MAX_ATTEMPTS)
    assert pipeline.gateway.find_calls == 0
    assert pipeline.process(payment_id) is Outcome.SUCCEEDED
    assert (pipeline.gateway.find_calls, pipeline.gateway.charge_calls) == (1, MAX_ATTEMPTS)


@pytest.mark.parametrize("finds_nothing_out", [False, True])
def test_a_gateway_that_never_answers_ends_in_review_with_an_alarm(
    pipeline: Pipeline, *, finds_nothing_out: bool
) -> None:
    payment_id = left_unclear(pipeline, attempts=MAX_ATTEMPTS, act=Act.TIME_OUT_BEFORE_CHARGING)
    pipeline.gateway.finds_nothing_out = finds_nothing_out
    pipeline.gateway.acts.append(Act.TIME_OUT_BEFORE_CHARGING)
    assert pipeline.process(payment_id) is Outcome.NEEDS_REVIEW
    assert pipeline.measure.counts[REVIEW_METRIC] == 1
    assert not pipeline.gateway.taken


def test_the_alarm_is_out_before_the_review_is_written(pipeline: Pipeline) -> None:
    """Defect: Dead alarms. A process dying in between used to leave a payment nobody looks at."""
    payment_id = pipeline.accepted()
    pipeline.gateway.acts.append(Act.ECHO_ANOTHER_AMOUNT)
    pipeline.faults.kill_at(4)
    with pytest.raises(ProcessDied, match="before advance"):
        pipeline.process(payment_id)
    assert pipeline.measure.counts[REVIEW_METRIC] == 1


def test_a_refusal_is_believed_at_the_first_attempt(pipeline: Pipeline) -> None:
    payment_id = pipeline.accepted()
    pipeline.gateway.acts.append(Act.REFUSE)
    assert pipeline.process(payment_id) is Outcome.FAILED
    assert pipeline.gateway.find_calls == 0


def test_a_refusal_after_an_unclear_attempt_does_not_hide_its_charge(pipeline: Pipeline) -> None:
    """The first attempt took the money and its answer was lost; the second was refused, say for a revoked secret."""
    payment_id = left_unclear(pipeline)
    pipeline.gateway.acts.append(Act.REFUSE)
    assert pipeline.process(payment_id) is Outcome.SUCCEEDED


def test_a_refusal_after_an_attempt_that_charged_nothing_is_believed(pipeline: Pipeline) -> None:
    payment_id = left_unclear(pipeline, act=Act.TIME_OUT_BEFORE_CHARGING)
    pipeline.gateway.acts.append(Act.REFUSE)
    assert pipeline.process(payment_id) is Outcome.FAILED


def test_a_refusal_after_an_unclear_attempt_waits_for_a_look_up_that_answers(pipeline: Pipeline) -> None:
    payment_id = left_unclear(pipeline)
    pipeline.gateway.acts.append(Act.REFUSE)
    pipeline.gateway.finds_nothing_out = True
    with pytest.raises(GatewayAmbiguous):
        pipeline.process(payment_id)
    assert pipeline.store.get(payment_id).status is Status.PROCESSING


def test_the_sweepers_pauses_double_up_to_an_hour_so_that_an_outage_does_not_use_up_the_attempts(
    pipeline: Pipeline,
) -> None:
    pauses = []
    payment_id = pipeline.accepted()
    for _ in range(MAX_ATTEMPTS):
        pipeline.gateway.acts.append(Act.TIME_OUT_BEFORE_CHARGING)
        with pytest.raises(GatewayAmbiguous):
            pipeline.process(payment_id)
        due_at = pipeline.store.get(payment_id).due_at
        assert due_at is not None
        pauses.append(due_at - pipeline.clock())
        pipeline.wait_for(payment_id)
    assert stored_attempt(pipeline, payment_id).attempt == MAX_ATTEMPTS
    assert pauses[:6] == [LEASE * factor for factor in (1, 2, 4, 8, 16, 32)]
    assert set(pauses[6:]) == {LONGEST_PAUSE}


def test_a_payment_that_was_tried_ten_thousand_times_can_still_be_claimed(pipeline: Pipeline) -> None:
    payment_id = left_unclear(pipeline)
    payment = pipeline.store.get(payment_id)
    claim = replace(stored_attempt(pipeline, payment_id), attempt=10_000)
    pipeline.store.payments[payment_id] = replace(payment, claim=claim)
    assert pipeline.process(payment_id) is Outcome.SUCCEEDED
