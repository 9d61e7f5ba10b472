from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from payments.domain.errors import (
    PaymentNotFound,
    RequestRefused,
    ReviewTooEarly,
    TransitionNotAllowed,
    VersionConflict,
)
from payments.domain.payment import Payment, Status
from payments.use_cases import settle_review
from payments.use_cases.review import LATEST_ARRIVAL
from tests.fakes import Act

if TYPE_CHECKING:
    from tests.unit.pipeline import Pipeline


MILLISECOND = timedelta(milliseconds=1)


def in_review(pipeline: Pipeline) -> str:
    payment_id = pipeline.accepted()
    pipeline.gateway.acts.append(Act.ECHO_ANOTHER_AMOUNT)
    pipeline.process(payment_id)
    pipeline.clock.move(LATEST_ARRIVAL)
    return payment_id


def settle(
    pipeline: Pipeline,
    payment_id: str,
    to: Status,
    *,
    actor: str = "ada",
    reason: str = "looked it up",
    failure_code: str | None = None,
) -> Payment:
    return settle_review(
        payment_id,
        to=to,
        actor=actor,
        reason=reason,
        store=pipeline.store,
        clock=pipeline.clock,
        tokens=pipeline.tokens,
        failure_code=failure_code,
    )


@pytest.mark.parametrize("to", [Status.SUCCEEDED, Status.DECLINED, Status.FAILED])
def test_a_person_settles_a_review_and_the_trail_says_who_and_why(pipeline: Pipeline, to: Status) -> None:
    payment_id = in_review(pipeline)
    settled = settle(pipeline, payment_id, to, failure_code="charged_back")
    assert settled.failure_code == "charged_back"
    assert settled == pipeline.store.get(payment_id)
    last = settled.history[-1]
    assert (settled.status, last.version, last.actor, last.reason) == (to, 4, "operator:ada", "looked it up")
    assert settled.gateway_reference == f"ch_{payment_id}"


@pytest.mark.parametrize("to", [Status.ACCEPTED, Status.PROCESSING, Status.NEEDS_REVIEW])
def test_a_review_ends_in_an_end_only(pipeline: Pipeline, to: Status) -> None:
    payment_id = in_review(pipeline)
    with pytest.raises(TransitionNotAllowed):
        settle(pipeline, payment_id, to)


@pytest.mark.parametrize("to", [Status.DECLINED, Status.FAILED])
def test_no_review_ends_uncharged_while_a_charge_may_be_on_its_way(pipeline: Pipeline, to: Status) -> None:
    payment_id = in_review(pipeline)
    pipeline.clock.move(-MILLISECOND)
    with pytest.raises(ReviewTooEarly, match="may still be on its way"):
        settle(pipeline, payment_id, to)
    assert pipeline.store.get(payment_id).status is Status.NEEDS_REVIEW
    pipeline.clock.move(MILLISECOND)
    assert settle(pipeline, payment_id, to).status is to


def test_a_charge_that_was_seen_is_settled_at_once(pipeline: Pipeline) -> None:
    payment_id = in_review(pipeline)
    pipeline.clock.move(-LATEST_ARRIVAL)
    assert settle(pipeline, payment_id, Status.SUCCEEDED).status is Status.SUCCEEDED


def test_a_payment_that_needs_no_review_is_not_settled_by_hand(pipeline: Pipeline) -> None:
    """A processing payment could move to succeeded, but only by its processor."""
    payment_id = pipeline.accepted()
    with pytest.raises(TransitionNotAllowed):
        settle(pipeline, payment_id, Status.SUCCEEDED)
    pipeline.store.before_next_write = None
    pipeline.gateway.before_next_charge = lambda: refused_by_hand(pipeline, payment_id)
    pipeline.process(payment_id)
    with pytest.raises(TransitionNotAllowed):
        settle(pipeline, payment_id, Status.FAILED)
    assert pipeline.store.get(payment_id).version == 3


def refused_by_hand(pipeline: Pipeline, payment_id: str) -> None:
    with pytest.raises(TransitionNotAllowed, match="is processing"):
        settle(pipeline, payment_id, Status.SUCCEEDED)


def test_of_two_people_that_settle_at_once_one_is_told(pipeline: Pipeline) -> None:
    payment_id = in_review(pipeline)
    pipeline.store.before_next_write = lambda: settle(pipeline, payment_id, Status.SUCCEEDED)
    with pytest.raises(VersionConflict):
        settle(pipeline, payment_id, Status.FAILED)
    assert pipeline.store.get(payment_id).status is Status.SUCCEEDED


@pytest.mark.parametrize(
    ("said", "pointer"),
    [
        ({"actor": ""}, "/actor"),
        ({"reason": ""}, "/reason"),
        ({"reason": "a\nb"}, "/reason"),
        ({"reason": "refunded 4111 1111 1111 1111"}, "/reason"),
        ({"failure_code": "a" * 501}, "/failure_code"),
    ],
)
def test_a_settlement_names_who_and_why_and_no_card_number(
    pipeline: Pipeline, said: dict[str, str], pointer: str
) -> None:
    payment_id = in_review(pipeline)
    with pytest.raises(RequestRefused) as refusal:
        settle(pipeline, payment_id, Status.FAILED, **said)
    assert [violation.pointer for violation in refusal.value.violations] == [pointer]
    assert pipeline.store.get(payment_id).status is Status.NEEDS_REVIEW


def test_nobodys_payment_is_not_found(pipeline: Pipeline) -> None:
    with pytest.raises(PaymentNotFound):
        settle(pipeline, "nobody", Status.FAILED)
