"""What must hold of a payment at rest, whatever happened on the way."""

from __future__ import annotations

from typing import TYPE_CHECKING

from payments.domain.approval import ApprovalState
from payments.domain.history import is_sound
from payments.domain.payment import Status
from payments.use_cases.process import REVIEW_METRIC

if TYPE_CHECKING:
    from tests.unit.pipeline import Pipeline


def assert_kept(pipeline: Pipeline, payment_id: str) -> None:
    """Assert the guarantees of one payment in a ``pipeline`` that came to rest."""
    payment = pipeline.store.get(payment_id)
    assert not payment.is_open
    assert is_sound(payment_id, payment.history)

    taken = pipeline.gateway.taken.count(payment_id)
    assert taken <= 1
    assert pipeline.gateway.keys_seen[payment_id] <= {payment_id}
    if payment.status is Status.SUCCEEDED:
        assert taken == 1
    if payment.status in {Status.DECLINED, Status.FAILED}:
        assert taken == 0
    if payment.approval and payment.approval.state is not ApprovalState.GRANTED:
        assert payment.status is Status.FAILED
        assert not pipeline.gateway.keys_seen[payment_id]
    if payment.status is Status.NEEDS_REVIEW:
        assert pipeline.measure.counts[REVIEW_METRIC] >= 1

    assert [event.entry for event in pipeline.log.events_of(payment_id)] == list(payment.history)
    told = {notification.event_id for notification in pipeline.notifier.delivered if notification.payment == payment}
    assert told == {payment.event_id}
