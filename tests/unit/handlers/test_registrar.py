"""The registrar, from a task of the batch workflow to the record it keeps."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from functions.registrar import handler as registrar
from functions.registrar.handler import Ports
from payments.domain.batch import BatchStatus
from payments.domain.errors import BatchNotFound
from tests.batch_fakes import FakeBatchStore
from tests.fakes import FakeClock, FakeMeasurements, FakeTokens
from tests.unit.handlers.events import Event, sample

if TYPE_CHECKING:
    from collections.abc import Callable

    from aws_lambda_powertools.utilities.typing import LambdaContext

    from tests.unit.handlers.conftest import Line

    Run = Callable[..., Event]


@pytest.fixture
def store() -> FakeBatchStore:
    return FakeBatchStore()


@pytest.fixture
def measure() -> FakeMeasurements:
    return FakeMeasurements()


@pytest.fixture
def run(
    store: FakeBatchStore, measure: FakeMeasurements, context: LambdaContext, monkeypatch: pytest.MonkeyPatch
) -> Run:
    ports = Ports(store=store, clock=FakeClock(), tokens=FakeTokens(), measure=measure)
    monkeypatch.setattr(registrar, "aws_ports", lambda: ports)

    def answered(name: str, **changes: Any) -> Event:  # noqa: ANN401 - whatever an event holds
        answer = registrar.handler({**sample(name), **changes}, context)
        # Step Functions reads it as JSON.
        event: Event = json.loads(json.dumps(answer))
        return event

    return answered


@pytest.fixture
def batch_id(run: Run) -> str:
    """Register the sample's file and return its batch's id."""
    return str(run("workflow_register")["batch_id"])


def test_a_file_is_registered_and_its_batch_goes_on(run: Run, store: FakeBatchStore) -> None:
    answer = run("workflow_register")
    assert answer == {
        **{name: value for name, value in sample("workflow_register").items() if name != "step"},
        "batch_id": answer["batch_id"],
        "status": "registered",
        "dry_run": False,
        "proceed": True,
    }
    assert list(store.batches) == [answer["batch_id"]]


def test_a_file_for_a_dry_run_is_known_by_its_key(run: Run) -> None:
    assert run("workflow_register", key="incoming/dry-run/a.csv")["dry_run"] is True


def test_a_repeat_meets_the_same_batch_and_another_version_another(run: Run, store: FakeBatchStore) -> None:
    """Defect: Batch: batch ids from the clock."""
    assert run("workflow_register") == run("workflow_register")
    assert run("workflow_register", version="another")["proceed"]
    assert len(store.batches) == 2


def test_a_batch_that_is_complete_does_not_go_on_again(run: Run, batch_id: str) -> None:
    run("workflow_record_plan", batch_id=batch_id)
    run("workflow_complete", batch_id=batch_id)
    again = run("workflow_register")
    assert (again["proceed"], again["status"]) == (False, "completed")


def test_a_planned_batch_is_being_entered(run: Run, store: FakeBatchStore, batch_id: str) -> None:
    assert run("workflow_record_plan", batch_id=batch_id) == {"batch_id": batch_id, "status": "ingesting"}
    assert store.batches[batch_id].rows == 3


def test_a_complete_batch_tells_its_counts_and_measures_what_was_rejected(
    run: Run, measure: FakeMeasurements, batch_id: str
) -> None:
    run("workflow_record_plan", batch_id=batch_id)
    notice = run("workflow_complete", batch_id=batch_id)["notice"]
    assert (notice["event"], notice["batch_id"]) == ("batch.completed", batch_id)
    assert notice["counts"]["received"] == notice["counts"]["accepted"] + notice["counts"]["rejected"] == 3
    assert notice["totals"] == [{"currency": "EUR", "amount": "30.00"}]
    assert notice["rejected_file"] == sample("workflow_complete")["rejected_key"]
    assert measure.counts == {"BatchRowsRejectedPercent": 34}


def test_a_batch_without_rejected_rows_has_no_report(run: Run, batch_id: str) -> None:
    run("workflow_record_plan", batch_id=batch_id)
    answer = run("workflow_complete", batch_id=batch_id, accepted=3, rejected=0, rejected_key=None)
    assert "rejected_file" not in answer["notice"]


def test_a_refused_file_fails_with_the_reason_for_whoever_sent_it(
    run: Run, store: FakeBatchStore, batch_id: str
) -> None:
    answer = run("workflow_fail")
    assert answer["reason"] == "the header has no column amount"
    assert (answer["notice"]["event"], answer["notice"]["reason"]) == ("batch.failed", answer["reason"])
    assert store.batches[batch_id].status is BatchStatus.FAILED


def test_a_failure_is_recorded_even_where_nothing_was_registered(run: Run, store: FakeBatchStore) -> None:
    answer = run("workflow_fail")
    assert store.batches[answer["batch_id"]].reason == answer["reason"]


def test_what_failed_inside_stays_inside(run: Run, batch_id: str) -> None:
    """Defect: Open doors."""
    cause = json.dumps({"errorMessage": "arn:aws:dynamodb:table/payments is throttled", "errorType": "ClientError"})
    answer = run("workflow_fail", error="ClientError", cause=cause)
    assert answer["batch_id"] == batch_id
    assert "dynamodb" not in json.dumps(answer)


def test_a_run_that_fails_beside_one_that_completed_says_why_and_leaves_the_batch_as_it_is(
    run: Run, store: FakeBatchStore, batch_id: str
) -> None:
    run("workflow_record_plan", batch_id=batch_id)
    run("workflow_complete", batch_id=batch_id)
    assert run("workflow_fail")["notice"]["reason"] == "the header has no column amount"
    assert store.batches[batch_id].status is BatchStatus.COMPLETED


def test_a_step_nobody_knows_and_a_batch_nobody_registered_raise(run: Run) -> None:
    """Defect: Dead alarms."""
    with pytest.raises(NotImplementedError):
        run("workflow_register", step="rename")
    with pytest.raises(BatchNotFound):
        run("workflow_record_plan")


def test_every_line_names_the_batch_and_none_the_file(run: Run, printed: Callable[[], list[Line]]) -> None:
    answer = run("workflow_register", key="incoming/4111111111111111.csv")
    (line,) = printed()
    assert (line["message"], line["step"], line["batch_id"]) == ("recorded", "register", answer["batch_id"])
    assert "4111" not in json.dumps(line)


def test_the_connection_is_made_of_the_functions_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BATCHES_TABLE", "payments-batches-test")
    assert registrar.aws_ports.__wrapped__()
