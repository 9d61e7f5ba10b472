"""The record of a batch: each step once, again, beside another run, and after a failure."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from payments.domain.batch import BATCH_TRANSITIONS, Batch, BatchObject, BatchStatus, RowCounts
from payments.domain.batch_failure import LONGEST_REASON, reason_of
from payments.domain.errors import BatchConflict, BatchNotFound, OutcomeMissing
from payments.domain.identifiers import batch_id_of, payment_id_of_row
from payments.use_cases import Collected, collect_batch, find_batch
from payments.use_cases.batches.register import FIRST_LOOK_AFTER, OVERDUE_AFTER, REJECTED_METRIC
from tests.batch_fakes import FakeSettledPayments
from tests.fakes import START
from tests.samples import ANOTHER
from tests.unit.batch_site import HEADER, BatchSite

CONTENT = HEADER + b"order-1,1.00,EUR,,\norder-2,2.00,EUR,,\nbad\n"
COUNTS = RowCounts(received=3, accepted=2, rejected=1, totals={"EUR": Decimal("3.00")})
COLLECTED = Collected(COUNTS, "rejected/batch.csv")
LATER = timedelta(minutes=5)


@pytest.fixture
def site() -> BatchSite:
    return BatchSite()


@pytest.fixture
def source(site: BatchSite) -> BatchObject:
    return site.upload(CONTENT)


def at(site: BatchSite, source: BatchObject, status: BatchStatus) -> Batch:
    """Bring the batch to ``status`` and return it."""
    if status is BatchStatus.SETTLED:
        site.run(source)
        for payment in site.open_payments():
            site.charge(payment.payment_id)
        site.clock.move(LATER)
        site.settle()
        return site.batch_of(source)
    batch = site.register(source).batch
    if status is BatchStatus.FAILED:
        return site.fail(source, "States.Timeout", "")
    if status in {BatchStatus.INGESTING, BatchStatus.COMPLETED}:
        batch = site.record_plan(batch.batch_id, 3)
    return site.complete(batch.batch_id, COLLECTED) if status is BatchStatus.COMPLETED else batch


def test_ids_of_batches_and_rows_stay_the_same_from_release_to_release() -> None:
    """A re-run may meet newer code than the first run: another id for the same row would charge twice."""
    assert batch_id_of(bucket="b", key="incoming/a.csv", version="1") == "05a070b2-d84c-8c01-ab9b-1817cf18e176"
    assert (
        payment_id_of_row(bucket="b", key="incoming/a.csv", line=2, request_hash="hash")
        == "9ce39c1b-e7f2-8cf3-bbb8-44f0ef926c64"
    )


def test_ids_differ_where_anything_differs() -> None:
    batches = {batch_id_of(bucket=b, key=k, version=v) for b in "12" for k in "12" for v in "12"}
    rows = {
        payment_id_of_row(bucket=b, key=k, line=line, request_hash=h)
        for b in "12"
        for k in "12"
        for line in (1, 2)
        for h in "12"
    }
    assert (len(batches), len(rows), len(batches | rows)) == (8, 16, 24)


def test_an_upload_is_registered_once_however_often_it_is_told(site: BatchSite, source: BatchObject) -> None:
    first = site.register(source)
    site.clock.move(LATER)
    again = site.register(source)
    assert (first.proceed, again.proceed) == (True, True)
    assert first.batch == again.batch == site.batch_of(source)
    assert first.batch.batch_id == batch_id_of(bucket=source.bucket, key=source.key, version=source.version)
    assert (first.batch.status, first.batch.version, first.batch.created_at) == (BatchStatus.REGISTERED, 1, START)
    assert first.batch.due_at == START + OVERDUE_AFTER


def test_an_upload_whose_registration_was_answered_into_the_void_is_registered_once(
    site: BatchSite, source: BatchObject
) -> None:
    site.batches.lose_next_answer()
    assert site.register(source).batch.version == 1
    assert site.batches.statuses == [BatchStatus.REGISTERED]


@pytest.mark.parametrize(
    ("status", "proceed"),
    [
        (BatchStatus.REGISTERED, True),
        (BatchStatus.INGESTING, True),
        (BatchStatus.COMPLETED, False),
        (BatchStatus.SETTLED, False),
    ],
)
def test_another_run_goes_on_unless_the_batch_is_complete(
    site: BatchSite, source: BatchObject, status: BatchStatus, *, proceed: bool
) -> None:
    before = at(site, source, status)
    assert before.status is status
    assert site.register(source).proceed is proceed
    assert site.batch_of(source) == before


def test_a_failed_batch_begins_anew(site: BatchSite, source: BatchObject) -> None:
    failed = at(site, source, BatchStatus.FAILED)
    assert (failed.due_at, failed.reason) == (None, "the file was not read to its end in time")
    site.clock.move(LATER)
    again = site.register(source)
    assert again.proceed
    assert (again.batch.status, again.batch.reason, again.batch.version) == (BatchStatus.REGISTERED, None, 3)
    assert again.batch.due_at == START + LATER + OVERDUE_AFTER


@pytest.mark.parametrize("status", [BatchStatus.REGISTERED, BatchStatus.INGESTING, BatchStatus.FAILED])
def test_a_plan_is_recorded_and_the_batch_is_watched(site: BatchSite, source: BatchObject, status: BatchStatus) -> None:
    batch = at(site, source, status)
    planned = site.record_plan(batch.batch_id, 3)
    assert (planned.status, planned.rows, planned.reason) == (BatchStatus.INGESTING, 3, None)
    assert planned.due_at == START + OVERDUE_AFTER
    assert site.record_plan(batch.batch_id, 3) == planned


def test_a_plan_that_found_other_rows_than_an_earlier_one_is_the_one_that_counts(
    site: BatchSite, source: BatchObject
) -> None:
    batch = at(site, source, BatchStatus.INGESTING)
    assert site.record_plan(batch.batch_id, 4).rows == 4


@pytest.mark.parametrize("status", [BatchStatus.COMPLETED, BatchStatus.SETTLED])
def test_a_plan_that_comes_late_changes_nothing(site: BatchSite, source: BatchObject, status: BatchStatus) -> None:
    before = at(site, source, status)
    assert site.record_plan(before.batch_id, 3) == before


def test_a_plan_for_a_batch_that_was_never_registered_is_an_error(site: BatchSite) -> None:
    with pytest.raises(BatchNotFound):
        site.record_plan("no-such-batch", 3)


def test_a_completed_batch_says_what_its_rows_came_to_and_is_looked_at_soon(
    site: BatchSite, source: BatchObject
) -> None:
    batch = at(site, source, BatchStatus.INGESTING)
    completed = site.complete(batch.batch_id, COLLECTED)
    assert (completed.status, completed.counts) == (BatchStatus.COMPLETED, COUNTS)
    assert (completed.rejected_key, completed.due_at) == ("rejected/batch.csv", START + FIRST_LOOK_AFTER)
    assert site.complete(batch.batch_id, COLLECTED) == completed == site.batch_of(source)


def test_a_completion_that_repeats_measures_once_and_tells_the_share_rounded_up(
    site: BatchSite, source: BatchObject
) -> None:
    batch = at(site, source, BatchStatus.INGESTING)
    for _ in range(2):
        site.complete(batch.batch_id, COLLECTED)
    assert site.measure.counts[REJECTED_METRIC] == 34


def test_a_dry_run_alarms_nobody(site: BatchSite) -> None:
    site.run(site.upload(CONTENT, key="incoming/dry-run/a.csv"))
    assert REJECTED_METRIC not in site.measure.counts


@pytest.mark.parametrize(
    ("received", "rejected", "percent"), [(0, 0, 0), (3, 0, 0), (1000, 50, 5), (1000, 51, 6), (2, 2, 100)]
)
def test_a_share_is_above_a_threshold_exactly_when_its_whole_percent_is(
    received: int, rejected: int, percent: int
) -> None:
    assert RowCounts(received=received, rejected=rejected).rejected_percent == percent


@pytest.mark.parametrize("status", [BatchStatus.REGISTERED, BatchStatus.FAILED])
def test_a_batch_that_another_run_failed_or_began_anew_is_completed_all_the_same(
    site: BatchSite, source: BatchObject, status: BatchStatus
) -> None:
    batch = at(site, source, BatchStatus.INGESTING)
    site.fail(source, "States.Timeout", "")
    if status is BatchStatus.REGISTERED:
        site.register(source)
    assert site.batch_of(source).status is status
    completed = site.complete(batch.batch_id, COLLECTED)
    assert (completed.status, completed.rows, completed.reason) == (BatchStatus.COMPLETED, 3, None)


def test_a_batch_is_not_completed_with_fewer_rows_than_were_planned(site: BatchSite, source: BatchObject) -> None:
    """Defect: Records lost quietly."""
    batch = at(site, source, BatchStatus.INGESTING)
    fewer = Collected(RowCounts(received=2, accepted=2, totals={"EUR": Decimal("3.00")}), None)
    another_run = (lambda: None, lambda: site.fail(source, "States.Timeout", ""), lambda: site.register(source))
    for moves_it in another_run:
        moves_it()
        before = site.batch_of(source)
        with pytest.raises(OutcomeMissing, match="3 rows, and 2"):
            site.complete(batch.batch_id, fewer)
        assert site.batch_of(source) == before


def test_a_batch_that_nobody_planned_is_not_completed(site: BatchSite, source: BatchObject) -> None:
    batch = at(site, source, BatchStatus.REGISTERED)
    with pytest.raises(OutcomeMissing):
        site.complete(batch.batch_id, COLLECTED)
    assert site.batch_of(source) == batch


@pytest.mark.parametrize("status", [BatchStatus.COMPLETED, BatchStatus.SETTLED])
def test_a_batch_is_not_completed_twice_with_different_counts(
    site: BatchSite, source: BatchObject, status: BatchStatus
) -> None:
    before = at(site, source, status)
    other = Collected(RowCounts(received=3, accepted=3, totals={"EUR": Decimal("4.00")}), None)
    with pytest.raises(BatchConflict, match="other counts"):
        site.complete(before.batch_id, other)
    assert site.batch_of(source) == before


def test_a_batch_that_accepted_nothing_is_settled_at_once(site: BatchSite) -> None:
    batch = site.paid(HEADER + b"bad\n")
    assert (batch.status, batch.due_at) == (BatchStatus.SETTLED, None)
    assert BatchStatus.COMPLETED in site.batches.statuses
    collected = Collected(RowCounts(received=1, rejected=1), batch.rejected_key)
    assert site.complete(batch.batch_id, collected) == batch


def test_a_batch_without_rows_is_settled_without_a_report(site: BatchSite) -> None:
    batch = site.paid(HEADER)
    assert (batch.status, batch.rows, batch.counts, batch.rejected_key) == (BatchStatus.SETTLED, 0, RowCounts(), None)
    assert not site.work.reports


@pytest.mark.parametrize("status", [BatchStatus.REGISTERED, BatchStatus.INGESTING])
def test_an_open_batch_fails_with_a_reason_and_is_watched_no_more(
    site: BatchSite, source: BatchObject, status: BatchStatus
) -> None:
    at(site, source, status)
    failed = site.fail(source, "BatchRefused", json.dumps({"errorMessage": "the file is empty"}))
    assert (failed.status, failed.reason, failed.due_at) == (BatchStatus.FAILED, "the file is empty", None)
    assert site.fail(source, "States.Timeout", "") == failed == site.batch_of(source)


def test_a_run_that_failed_before_anything_was_registered_leaves_a_failed_batch(
    site: BatchSite, source: BatchObject
) -> None:
    failed = site.fail(source, "States.Timeout", "")
    assert (failed.status, failed.version) == (BatchStatus.FAILED, 2)


@pytest.mark.parametrize("status", [BatchStatus.COMPLETED, BatchStatus.SETTLED])
def test_a_run_that_failed_does_not_undo_what_another_completed(
    site: BatchSite, source: BatchObject, status: BatchStatus
) -> None:
    before = at(site, source, status)
    assert site.fail(source, "States.Timeout", "") == before == site.batch_of(source)


@pytest.mark.parametrize("step", ["record_plan", "complete", "fail"])
def test_a_step_that_another_run_overtakes_goes_by_what_is_stored(
    site: BatchSite, source: BatchObject, step: str
) -> None:
    batch = at(site, source, BatchStatus.INGESTING if step != "record_plan" else BatchStatus.REGISTERED)
    steps = {
        "record_plan": lambda: site.record_plan(batch.batch_id, 3),
        "complete": lambda: site.complete(batch.batch_id, COLLECTED),
        "fail": lambda: site.fail(source, "States.Timeout", ""),
    }
    site.batches.before_next_write = steps[step]
    overtaken = steps[step]()
    assert overtaken == site.batch_of(source)
    assert overtaken.version == batch.version + 1


@pytest.mark.parametrize(
    ("error", "cause", "reason"),
    [
        ("BatchRefused", '{"errorMessage": "the file is empty", "errorType": "BatchRefused"}', "the file is empty"),
        ("BatchRefused", "not JSON", "operators"),
        ("BatchRefused", "[1]", "operators"),
        ("BatchRefused", '{"errorMessage": 7}', "operators"),
        ("BatchRefused", json.dumps({"errorMessage": "wrong " * 1000}), "wrong"),
        ("States.Timeout", "", "in time"),
        ("Sandbox.Timedout", '{"errorMessage": "Task timed out after 900.00 seconds"}', "in time"),
        ("OutcomeMissing", '{"errorMessage": "work/1.json"}', "a part of the file"),
        ("KeyError", '{"errorMessage": "secret-table"}', "operators"),
    ],
)
def test_a_reason_is_what_refuses_the_file_or_a_word_without_the_inside(error: str, cause: str, reason: str) -> None:
    told = reason_of(error, cause)
    assert reason in told
    assert "secret" not in told
    assert len(told) <= LONGEST_REASON


def test_what_ranges_came_to_is_added_up_exactly_and_their_reports_follow_each_other(site: BatchSite) -> None:
    """Defect: Floats."""
    large = Decimal("99999999999999999999999999.99")
    for number in range(3):
        counts = RowCounts(received=3, accepted=2, rejected=1, totals={"EUR": large, f"X{number}": Decimal("0.01")})
        site.work.write_outcome("batch-1", number, counts)
        site.work.write_rejected("batch-1", number, [f"{number},,,bad\n"])
    collected = collect_batch("batch-1", ranges=3, work=site.work)
    assert (collected.counts.received, collected.counts.accepted, collected.counts.rejected) == (9, 6, 3)
    cent = Decimal("0.01")
    assert collected.counts.totals == {
        "EUR": Decimal("299999999999999999999999999.97"),
        "X0": cent,
        "X1": cent,
        "X2": cent,
    }
    assert collected.rejected_key == "rejected/batch-1.csv"
    assert site.work.reports[collected.rejected_key] == "line,payment_id,field,reason\n0,,,bad\n1,,,bad\n2,,,bad\n"


def test_a_batch_with_a_range_that_was_not_read_to_its_end_is_not_collected(site: BatchSite) -> None:
    """Defect: Records lost quietly."""
    site.work.write_outcome("batch-1", 0, RowCounts())
    with pytest.raises(OutcomeMissing):
        collect_batch("batch-1", ranges=2, work=site.work)


@pytest.mark.parametrize("status", BatchStatus)
@pytest.mark.parametrize("to", BatchStatus)
def test_only_the_moves_of_the_table_are_made(
    site: BatchSite, source: BatchObject, status: BatchStatus, to: BatchStatus
) -> None:
    batch = replace(site.register(source).batch, status=status)
    if to in BATCH_TRANSITIONS[status]:
        moved = batch.moved(to, at=START + LATER, owner_token=ANOTHER, reason="why")
        assert (moved.status, moved.version, moved.reason) == (to, batch.version + 1, "why")
        assert (moved.updated_at, moved.owner_token) == (START + LATER, ANOTHER)
    else:
        with pytest.raises(BatchConflict, match=f"is {status} and cannot become {to}"):
            batch.moved(to, at=START, owner_token=ANOTHER)


@pytest.mark.parametrize("batch_id", ["", "no such batch", "x" * 3000, "no-such-batch"])
def test_a_batch_that_nobody_registered_is_not_found(site: BatchSite, batch_id: str) -> None:
    with pytest.raises(BatchNotFound):
        find_batch(batch_id, reader=site.batches, payments=FakeSettledPayments(site.payments))


def test_a_registered_batch_is_found(site: BatchSite, source: BatchObject) -> None:
    batch = site.register(source).batch
    assert find_batch(batch.batch_id, reader=site.batches, payments=FakeSettledPayments(site.payments)) == batch
