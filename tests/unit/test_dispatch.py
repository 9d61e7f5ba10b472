from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from payments.domain.decision import Decision
from payments.use_cases import Answer, Queue, Start, Wake, dispatch_change
from tests.fakes import Act
from tests.unit.pipeline import APPROVALS, ORCHESTRATED
from tests.unit.test_approve import FIRST_WAIT, asked

if TYPE_CHECKING:
    from tests.unit.pipeline import Pipeline


def test_a_new_payment_wakes_the_processor(pipeline: Pipeline) -> None:
    payment = pipeline.store.get(pipeline.accepted())
    assert dispatch_change(None, payment) == (Wake(Queue.PROCESSING, payment.payment_id),)


@pytest.mark.parametrize("act", [Act.APPROVE, Act.DECLINE, Act.REFUSE, Act.ECHO_ANOTHER_AMOUNT])
def test_a_claim_wakes_nobody_and_the_end_wakes_the_notifier(pipeline: Pipeline, act: Act) -> None:
    pipeline.gateway.acts.append(act)
    payment_id = pipeline.accepted()
    pipeline.process(payment_id)
    wakes = [dispatch_change(old, new) for old, new in pipeline.store.changes]
    assert wakes == [(Wake(Queue.PROCESSING, payment_id),), (), (Wake(Queue.NOTIFICATION, payment_id),)]


def test_a_change_that_changes_no_version_wakes_nobody(pipeline: Pipeline) -> None:
    payment = pipeline.store.get(pipeline.accepted())
    assert dispatch_change(payment, payment) == ()


def test_an_orchestrated_payment_starts_its_workflow_and_wakes_nobody(pipeline: Pipeline) -> None:
    payment = pipeline.store.get(pipeline.accepted(ORCHESTRATED))
    assert dispatch_change(None, payment) == (Start(payment.payment_id),)


def test_asking_for_an_approval_wakes_nobody(pipeline: Pipeline) -> None:
    asked(pipeline)
    assert dispatch_change(*pipeline.store.changes[-1]) == ()


@pytest.mark.parametrize("decision", Decision)
def test_a_decision_answers_the_workflow_that_waits_and_a_refusal_is_news_too(
    pipeline: Pipeline, decision: Decision
) -> None:
    payment_id = pipeline.decide(asked(pipeline).approval_token, decision).payment_id
    news = () if decision is Decision.APPROVE else (Wake(Queue.NOTIFICATION, payment_id),)
    assert dispatch_change(*pipeline.store.changes[-1]) == (
        Answer(FIRST_WAIT, granted=decision is Decision.APPROVE),
        *news,
    )


def test_a_decision_is_answered_once_whatever_comes_after_it(pipeline: Pipeline) -> None:
    payment_id = pipeline.decide(asked(pipeline).approval_token, Decision.APPROVE).payment_id
    decided = len(pipeline.store.changes)
    pipeline.process(payment_id)
    assert [dispatch_change(old, new) for old, new in pipeline.store.changes[decided:]] == [
        (),
        (Wake(Queue.NOTIFICATION, payment_id),),
    ]


def test_an_approval_that_timed_out_is_news_and_no_answer(pipeline: Pipeline) -> None:
    payment_id = asked(pipeline).payment_id
    pipeline.wait(APPROVALS.timeout)
    pipeline.process(payment_id)
    assert dispatch_change(*pipeline.store.changes[-1]) == (Wake(Queue.NOTIFICATION, payment_id),)
