from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from payments.domain.errors import DeliveryFailed, GatewayAmbiguous
from payments.domain.identifiers import shard_of
from payments.use_cases import Outcome, wake_overdue
from payments.use_cases.wake import OVERDUE_METRIC
from tests.fakes import Act
from tests.unit.pipeline import LEASE, OPEN_DEADLINE

if TYPE_CHECKING:
    from tests.unit.pipeline import Pipeline

MOMENT = timedelta(milliseconds=1)


def test_a_payment_whose_stream_record_was_lost_is_woken_after_its_deadline(pipeline: Pipeline) -> None:
    """Defect: Records lost quietly."""
    payment_id = pipeline.accepted()
    pipeline.clock.move(OPEN_DEADLINE)
    assert pipeline.sweep() == 0
    pipeline.clock.move(MOMENT)
    assert pipeline.sweep() == 1
    assert list(pipeline.processing.messages) == [payment_id]
    assert pipeline.measure.counts[OVERDUE_METRIC] == 1


def test_a_payment_whose_worker_never_came_back_is_woken_after_its_lease(pipeline: Pipeline) -> None:
    """Defect: Records lost quietly."""
    payment_id = pipeline.accepted()
    pipeline.gateway.acts.append(Act.TIME_OUT_AFTER_CHARGING)
    with pytest.raises(GatewayAmbiguous):
        pipeline.process(payment_id)
    pipeline.clock.move(LEASE + MOMENT)
    assert pipeline.sweep() == 1
    assert pipeline.process(payment_id) is Outcome.SUCCEEDED


def test_a_settled_payment_is_left_in_peace(pipeline: Pipeline) -> None:
    pipeline.process(pipeline.accepted())
    pipeline.clock.move(timedelta(days=365))
    assert pipeline.sweep() == 0


def test_waking_writes_nothing(pipeline: Pipeline) -> None:
    """Defect: Blind and double writes."""
    pipeline.accepted()
    pipeline.clock.move(OPEN_DEADLINE + MOMENT)
    assert [pipeline.sweep(), pipeline.sweep()] == [1, 1]
    assert pipeline.store.writes == 1


def test_wake_ups_that_were_not_taken_are_an_error_after_all_were_tried(pipeline: Pipeline) -> None:
    """Defect: Records lost quietly."""
    ids = [pipeline.accept(key=f"key-{number}").payment.payment_id for number in range(3)]
    pipeline.processing.refused = {ids[0]}
    pipeline.clock.move(OPEN_DEADLINE + MOMENT)
    with pytest.raises(DeliveryFailed, match="1 of 3"):
        pipeline.sweep()
    assert set(pipeline.processing.messages) == set(ids[1:])


def test_a_flood_is_woken_in_portions_oldest_first(pipeline: Pipeline) -> None:
    ids = []
    for number in range(40):
        ids.append(pipeline.accept(key=f"key-{number}").payment.payment_id)
        pipeline.clock.move(MOMENT)
    pipeline.clock.move(OPEN_DEADLINE)
    woken = wake_overdue(
        overdue=pipeline.store, queue=pipeline.processing, clock=pipeline.clock, measure=pipeline.measure, limit=1
    )
    oldest_of_shard = {shard_of(payment_id): payment_id for payment_id in reversed(ids)}
    assert woken == len(oldest_of_shard)
    assert set(pipeline.processing.messages) == set(oldest_of_shard.values())


def test_that_nothing_is_overdue_is_measured_too(pipeline: Pipeline) -> None:
    """Defect: Dead alarms. Without a zero nobody can tell a quiet hour from a sweeper that does not run."""
    pipeline.sweep()
    assert dict(pipeline.measure.counts) == {OVERDUE_METRIC: 0}
