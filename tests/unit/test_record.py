from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from payments.domain.errors import HistoryMismatch
from payments.domain.history import entry_hash
from payments.use_cases import record_change
from tests.fakes import ProcessDied

if TYPE_CHECKING:
    from tests.unit.pipeline import Pipeline


def settled(pipeline: Pipeline) -> str:
    payment_id = pipeline.accepted()
    pipeline.process(payment_id)
    return payment_id


def test_every_change_is_recorded_once_however_often_it_is_delivered(pipeline: Pipeline) -> None:
    """Defect: Audit."""
    payment_id = settled(pipeline)
    for _ in range(2):
        for old, new in pipeline.store.changes:
            assert record_change(old.version if old else None, new, log=pipeline.log) == 1
    recorded = [event.entry for event in pipeline.log.events_of(payment_id)]
    assert recorded == list(pipeline.store.get(payment_id).history)


def test_changes_in_the_same_second_are_recorded_apart(pipeline: Pipeline) -> None:
    """Defect: Audit. A key of payment id and second let the second overwrite the first."""
    payment_id = settled(pipeline)
    pipeline.run()
    events = pipeline.log.events_of(payment_id)
    assert len({event.entry.at for event in events}) == 1
    assert [event.event_id for event in events] == [f"{payment_id}#{version}" for version in (1, 2, 3)]


def test_versions_that_one_record_skips_are_recorded_too(pipeline: Pipeline) -> None:
    """Defect: Records lost quietly."""
    payment = pipeline.store.get(settled(pipeline))
    assert record_change(None, payment, log=pipeline.log) == 3
    assert record_change(3, payment, log=pipeline.log) == 0


@pytest.mark.parametrize("step", range(6))
def test_an_auditor_that_died_half_way_records_the_rest_when_it_comes_again(pipeline: Pipeline, step: int) -> None:
    """Defect: Records lost quietly."""
    payment = pipeline.store.get(settled(pipeline))
    pipeline.faults.kill_at(step)
    with pytest.raises(ProcessDied):
        record_change(None, payment, log=pipeline.log)
    record_change(None, payment, log=pipeline.log)
    assert [event.entry for event in pipeline.log.events_of(payment.payment_id)] == list(payment.history)


def test_a_history_whose_hashes_do_not_fit_is_an_error_and_not_recorded(pipeline: Pipeline) -> None:
    """Defect: Audit."""
    payment = pipeline.store.get(settled(pipeline))
    altered = replace(payment.history[1], reason="something else")
    for history in ((payment.history[0], altered, payment.history[2]), payment.history[:2], ()):
        with pytest.raises(HistoryMismatch):
            record_change(None, replace(payment, history=history), log=pipeline.log)
    assert not pipeline.log.events


def test_a_history_rewritten_with_fitting_hashes_meets_what_is_recorded(pipeline: Pipeline) -> None:
    """Defect: Audit."""
    payment = pipeline.store.get(pipeline.accepted())
    record_change(None, payment, log=pipeline.log)
    rewritten = replace(payment.history[0], reason="something else")
    rewritten = replace(rewritten, hash=entry_hash(payment.payment_id, rewritten))
    with pytest.raises(HistoryMismatch):
        record_change(None, replace(payment, history=(rewritten,)), log=pipeline.log)
    assert pipeline.log.events_of(payment.payment_id)[0].entry == payment.history[0]
