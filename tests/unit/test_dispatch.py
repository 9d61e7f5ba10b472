from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from payments.use_cases import Queue, Wake, dispatch_change
from tests.fakes import Act

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
