"""What must hold of a payment at rest, whatever happened on the way: one function a promise."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from payments.domain.approval import ApprovalState
from payments.domain.history import is_sound
from payments.domain.payment import TRANSITIONS, Payment, Status
from payments.use_cases.process import REVIEW_METRIC

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tests.unit.pipeline import Pipeline

    Promise = Callable[[Pipeline, Payment], None]


def reaches_its_end(pipeline: Pipeline, payment: Payment) -> None:
    assert not payment.is_open, f"it is {payment.status}"
    if payment.status is Status.NEEDS_REVIEW:
        assert pipeline.measure.counts[REVIEW_METRIC] >= 1, "it needs review, and nobody is alarmed"


def is_charged_once_if_it_succeeded_and_never_if_not(pipeline: Pipeline, payment: Payment) -> None:
    taken = pipeline.gateway.taken.count(payment.payment_id)
    assert taken <= 1, f"it is charged {taken} times"
    if payment.status is Status.SUCCEEDED:
        assert taken == 1, "it succeeded, and nothing is charged"
    if payment.status in {Status.DECLINED, Status.FAILED}:
        assert taken == 0, f"it is {payment.status}, and charged"


def has_one_key_at_the_gateway(pipeline: Pipeline, payment: Payment) -> None:
    keys = pipeline.gateway.keys_seen[payment.payment_id]
    assert keys <= {payment.payment_id}, f"{len(keys)} keys"


def is_never_charged_without_its_approval(pipeline: Pipeline, payment: Payment) -> None:
    if payment.approval and payment.approval.state is not ApprovalState.GRANTED:
        assert not pipeline.gateway.keys_seen[payment.payment_id], f"its approval is {payment.approval.state}"
        assert payment.status is Status.FAILED, f"its approval is {payment.approval.state}, and it is {payment.status}"


def never_moves_backwards(_: Pipeline, payment: Payment) -> None:
    statuses = [Status(entry.status) for entry in payment.history]
    for before, after in pairwise(statuses):
        assert after in TRANSITIONS[before], f"it went from {before} to {after}"
    assert payment.status is statuses[-1], f"it is {payment.status} after {statuses[-1]}"


def has_one_audit_event_for_each_change(pipeline: Pipeline, payment: Payment) -> None:
    assert is_sound(payment.payment_id, payment.history), "its history breaks the chain"
    recorded = [event.entry for event in pipeline.log.events_of(payment.payment_id)]
    assert recorded == list(payment.history), f"{len(recorded)} events of {len(payment.history)} changes"


def is_told_of_under_one_id(pipeline: Pipeline, payment: Payment) -> None:
    told = {each.event_id for each in pipeline.notifier.delivered if each.payment == payment}
    assert told == {payment.event_id}, f"told under {len(told)} ids"


PROMISES: Mapping[str, Promise] = {
    promise.__name__: promise
    for promise in (
        reaches_its_end,
        is_charged_once_if_it_succeeded_and_never_if_not,
        has_one_key_at_the_gateway,
        is_never_charged_without_its_approval,
        never_moves_backwards,
        has_one_audit_event_for_each_change,
        is_told_of_under_one_id,
    )
}


def assert_kept(pipeline: Pipeline, payment_id: str) -> None:
    """Assert the guarantees of one payment in a ``pipeline`` that came to rest."""
    for promise in PROMISES.values():
        promise(pipeline, pipeline.store.get(payment_id))
