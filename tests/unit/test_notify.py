from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from payments.domain.errors import DeliveryFailed, PaymentNotFound
from payments.domain.notification import NOTIFYING_STATUSES
from payments.domain.payment import Status
from payments.domain.public import public_payment
from payments.use_cases import notify_payment, settle_review
from payments.use_cases.review import LATEST_ARRIVAL
from tests.fakes import Act

if TYPE_CHECKING:
    from payments.ports import Notification
    from tests.unit.pipeline import Pipeline


def notify(pipeline: Pipeline, payment_id: str) -> Notification | None:
    return notify_payment(payment_id, store=pipeline.store, notifier=pipeline.notifier)


@pytest.mark.parametrize(
    ("act", "event_type"),
    [
        (Act.APPROVE, "payment.succeeded"),
        (Act.DECLINE, "payment.declined"),
        (Act.REFUSE, "payment.failed"),
        (Act.ECHO_ANOTHER_AMOUNT, "payment.needs_review"),
    ],
)
def test_the_customer_is_told_how_a_payment_ended(pipeline: Pipeline, act: Act, event_type: str) -> None:
    payment_id = pipeline.accepted()
    pipeline.gateway.acts.append(act)
    pipeline.process(payment_id)
    told = notify(pipeline, payment_id)
    assert pipeline.notifier.delivered == [told]
    assert told is not None
    assert (told.event_id, told.event_type) == (f"{payment_id}#3", event_type)
    assert json.loads(json.dumps(told.payload())) == {
        "type": event_type,
        "timestamp": "2026-11-22T03:36:42.000Z",
        "data": public_payment(pipeline.store.get(payment_id)),
    }


def test_an_open_payment_is_no_news(pipeline: Pipeline) -> None:
    payment_id = pipeline.accepted()
    assert notify(pipeline, payment_id) is None
    assert not pipeline.notifier.delivered


def test_news_told_again_has_the_same_id(pipeline: Pipeline) -> None:
    payment_id = pipeline.accepted()
    pipeline.process(payment_id)
    assert notify(pipeline, payment_id) == notify(pipeline, payment_id)


def test_news_that_was_not_taken_is_an_error(pipeline: Pipeline) -> None:
    """Defect: Records lost quietly."""
    payment_id = pipeline.accepted()
    pipeline.process(payment_id)
    pipeline.notifier.failures = 1
    with pytest.raises(DeliveryFailed):
        notify(pipeline, payment_id)


def test_news_of_nobody_is_an_error(pipeline: Pipeline) -> None:
    """Defect: Records lost quietly."""
    with pytest.raises(PaymentNotFound):
        notify(pipeline, "nobody")


def test_a_review_settled_by_hand_is_news_again(pipeline: Pipeline) -> None:
    payment_id = pipeline.accepted()
    pipeline.gateway.acts.append(Act.ECHO_ANOTHER_AMOUNT)
    pipeline.run()
    pipeline.clock.move(LATEST_ARRIVAL)
    settle_review(
        payment_id,
        to=Status.DECLINED,
        actor="ada",
        reason="refunded at the gateway",
        store=pipeline.store,
        clock=pipeline.clock,
        tokens=pipeline.tokens,
    )
    pipeline.run()
    assert [told.event_type for told in pipeline.notifier.delivered] == ["payment.needs_review", "payment.declined"]


def test_every_end_and_every_wait_for_a_person_is_news() -> None:
    assert set(Status) - NOTIFYING_STATUSES == {Status.ACCEPTED, Status.PROCESSING}
