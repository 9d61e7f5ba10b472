"""Every state and every transition of the batch workflow, on the embedded AWS's Step Functions.

The functions do what each execution's script says; the definition is the one that is deployed, with shorter pauses.
"""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from functions.registrar import handler as registrar
from payments.domain.batch import BatchStatus
from payments_infra.constructs.definition import FOLDER
from tests.batch_fakes import FakeBatchStore
from tests.e2e.scripted_workflow import (
    DIES,
    NO_ROOM,
    THROTTLED,
    USUAL,
    Bench,
    Notices,
    bench,
    raises,
    returns,
    scripted,
)
from tests.fakes import FakeClock, FakeMeasurements, FakeTokens
from tests.state_language import Transition, transitions_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.e2e.execution_history import Execution
    from tests.e2e.scripted_workflow import Answer, Script

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("batch_workflow")]

ROOT = Path(__file__).parents[2]
PARTS = ("registrar", "planner", "ingestor", "collector")
MANIFEST_CAME_LATE = Transition("IngestRanges", "Retry States.ItemReaderFailed: helped", "IngestRanges")
"""Attempts of a map leave nothing in a history. The scenario all-tried-again passes only by this one."""

FILES = "files"
OFFICE = "office"
RANGES = [
    {"number": 0, "start": 30, "end": 60, "first_line": 2},
    {"number": 1, "start": 60, "end": 90, "first_line": 4},
]
ONE_RANGE = "work/one-range.json"
COUNTS = {"received": 3, "accepted": 2, "rejected": 1, "totals": {"EUR": "30.00"}}
REASON = "the header is unreadable"
REASONS = {"BatchRefused": REASON, "OutcomeMissing": "a part of the file was not read to its end"}
ANY_OTHER_REASON = "the file could not be read to its end; the operators have been told"

BROKEN = raises("ThrottlingException")
REFUSED = raises("BatchRefused", REASON)

TO_THE_MAP = ["Register", "CheckRegistered", "Plan", "RecordPlan", "CheckRanges", "IngestRanges"]
COMPLETED = [*TO_THE_MAP, "Collect", "Complete", "NotifyCompleted", "Completed"]
FAILED = ["RecordFailure", "NotifyFailure", "BatchFailed"]


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """Where an execution has to go when functions answer so; steps that are not named answer as usual.

    ``topic`` and ``manifest`` are there, missing, or late: they come while the execution waits for them. ``full_at`` is
    the state for whose function there is no room.
    """

    path: list[str]
    status: str = "FAILED"
    error: str | None = None
    script: Script = field(default_factory=dict)
    topic: str = "there"
    manifest: str = "there"
    full_at: str | None = None
    timeout_seconds: int = 600

    @property
    def pause_seconds(self) -> float:
        """How long to wait before another attempt: not at all, but for something that has to come."""
        return 1 if "late" in (self.topic, self.manifest) else 0


def failing(at: str, step: str, answer: Answer, error: str) -> Scenario:
    """Return the scenario in which ``step``, and so the batch, fails at the state ``at``."""
    path = [*COMPLETED[: COMPLETED.index(at) + 1], *FAILED]
    return Scenario(path=path, error=error, script={step: [answer]})


def full(at: str) -> Scenario:
    """Return the scenario in which Lambda never has room at the state ``at``."""
    return Scenario(path=[*COMPLETED[: COMPLETED.index(at) + 1], *FAILED], error=NO_ROOM, full_at=at)


SCENARIOS = {
    "all-well": Scenario(path=COMPLETED, status="SUCCEEDED"),
    "all-tried-again": Scenario(
        path=COMPLETED,
        status="SUCCEEDED",
        script={
            "registrar.register": [THROTTLED, BROKEN, USUAL],
            "planner": [THROTTLED, BROKEN, USUAL],
            "registrar.plan": [THROTTLED, BROKEN, USUAL],
            "ingestor.1": [THROTTLED, DIES, USUAL],
            "collector": [THROTTLED, BROKEN, USUAL],
            "registrar.complete": [THROTTLED, BROKEN, USUAL],
        },
        manifest="late",
        topic="late",
    ),
    "entered-before": Scenario(
        path=["Register", "CheckRegistered", "AlreadyEntered"],
        status="SUCCEEDED",
        script={"registrar.register": [returns({"batch_id": "entered-before", "proceed": False})]},
    ),
    "header-only": Scenario(
        path=[state for state in COMPLETED if state != "IngestRanges"],
        status="SUCCEEDED",
        script={"planner": [returns({"manifest_key": "work/none.json", "ranges": 0, "rows": 0})]},
    ),
    "register-refused": failing("Register", "registrar.register", REFUSED, "BatchRefused"),
    "register-broken": failing("Register", "registrar.register", BROKEN, "ThrottlingException"),
    "plan-refused": failing("Plan", "planner", REFUSED, "BatchRefused"),
    "plan-broken": failing("Plan", "planner", BROKEN, "ThrottlingException"),
    "record-plan-broken": failing("RecordPlan", "registrar.plan", BROKEN, "ThrottlingException"),
    "range-refused": failing("IngestRanges", "ingestor.1", REFUSED, "States.ExceedToleratedFailureThreshold"),
    "range-broken": failing("IngestRanges", "ingestor.1", DIES, "States.ExceedToleratedFailureThreshold"),
    "manifest-missing": Scenario(path=[*TO_THE_MAP, *FAILED], error="States.ItemReaderFailed", manifest="missing"),
    "outcome-missing": failing("Collect", "collector", raises("OutcomeMissing"), "OutcomeMissing"),
    "collect-broken": failing("Collect", "collector", BROKEN, "ThrottlingException"),
    "complete-broken": failing("Complete", "registrar.complete", BROKEN, "ThrottlingException"),
    **{f"full-at-{at}": full(at) for at in ("Register", "Plan", "RecordPlan", "Collect", "Complete")},
    "full-at-a-range": Scenario(
        path=[*TO_THE_MAP, *FAILED],
        error="States.ExceedToleratedFailureThreshold",
        script={"planner": [returns({"manifest_key": ONE_RANGE, "ranges": 1, "rows": 2})]},
        full_at="IngestRange",
    ),
    "notice-lost": Scenario(path=COMPLETED[:-1], error="SNS.PublishFailed", topic="missing"),
    "failure-tried-again": Scenario(
        path=["Register", *FAILED],
        error="BatchRefused",
        script={"registrar.register": [REFUSED], "registrar.fail": [THROTTLED, BROKEN, USUAL]},
        topic="late",
    ),
    "failure-unrecorded": Scenario(
        path=["Register", "RecordFailure", "FailureUnrecorded", "NotifyFailure", "BatchFailed"],
        error="BatchRefused",
        script={"registrar.register": [REFUSED], "registrar.fail": [BROKEN]},
    ),
    "full-at-RecordFailure": Scenario(
        path=["Register", "RecordFailure", "FailureUnrecorded", "NotifyFailure", "BatchFailed"],
        error="BatchRefused",
        script={"registrar.register": [REFUSED]},
        full_at="RecordFailure",
    ),
    "failure-notice-lost": Scenario(
        path=["Register", *FAILED],
        error="BatchRefused",
        script={"registrar.register": [REFUSED]},
        topic="missing",
    ),
    "too-slow": Scenario(
        path=["Register", "CheckRegistered", "Plan"],
        status="TIMED_OUT",
        script={"planner": [returns({}, after_seconds=8)]},
        timeout_seconds=3,
    ),
}


RECORDED_FAILURES = [name for name, scenario in SCENARIOS.items() if scenario.path[-len(FAILED) :] == FAILED]
"""Scenarios in which the registrar takes the failure down."""


def usual(batch_id: str) -> Script:
    """Return what each step of the batch answers when all is well."""
    where = {"bucket": FILES, "key": batch_id, "version": "v1"}
    register = {"batch_id": batch_id, **where, "dry_run": False, "proceed": True, "status": "registered"}
    return {
        "registrar.register": [returns(register)],
        "planner": [returns({"manifest_key": manifest_key(batch_id), "ranges": len(RANGES), "rows": 3})],
        "registrar.plan": [returns({"batch_id": batch_id, "status": "ingesting"})],
        "ingestor.0": [returns({})],
        "ingestor.1": [returns({})],
        "collector": [returns({**COUNTS, "rejected_key": None})],
        "registrar.complete": [
            returns({"batch_id": batch_id, "notice": {"batch_id": batch_id, "status": "completed"}})
        ],
        "registrar.fail": [
            returns({"batch_id": batch_id, "reason": REASON, "notice": {"batch_id": batch_id, "reason": REASON}})
        ],
    }


def manifest_key(batch_id: str) -> str:
    return f"work/{batch_id}/manifest.json"


class Workflow:
    """The batch workflow on a bench: runs scenarios and remembers what became of them."""

    def __init__(self, on: Bench) -> None:
        self.bench = on
        self._s3 = on.account.client("s3")
        self._s3.create_bucket(Bucket=FILES)
        self._s3.put_object(Bucket=FILES, Key=ONE_RANGE, Body=json.dumps(RANGES[:1]))
        self._notices = Notices(on.account)
        self._notices.open(OFFICE)

    def run(self, name: str) -> Execution:
        scenario = SCENARIOS[name]
        self.bench.write(name, scripted(usual(name), scenario.script))
        if scenario.manifest == "there":
            self._put_manifest(name)
        machine = self.bench.machine(
            name,
            "batch",
            pause_seconds=scenario.pause_seconds,
            bucket=FILES,
            topic=self._notices.arn({"there": OFFICE, "missing": "nowhere", "late": name}[scenario.topic]),
            concurrency=2,
            full_at=scenario.full_at,
            timeout_seconds=scenario.timeout_seconds,
            **{f"{part}_seconds": 60 for part in PARTS},
        )
        execution = self.bench.start(machine, name, {"bucket": FILES, "key": name, "version": "v1"})
        self._come_late(name, scenario, execution)
        return self.bench.finished(execution)

    def notice(self, batch_id: str) -> dict[str, Any]:
        """Return the one notice of the batch."""
        (found,) = [one for one in self._notices.taken() if batch_id in (one.get("batch_id"), one.get("key"))]
        return found

    def _come_late(self, name: str, scenario: Scenario, execution: str) -> None:
        if scenario.manifest == "late":
            self.bench.wait_to_enter(execution, "IngestRanges")
            self._put_manifest(name)
        if scenario.topic == "late":
            self.bench.wait_to_fail(execution, next(state for state in scenario.path if state.startswith("Notify")))
            self._notices.open(name)

    def _put_manifest(self, name: str) -> None:
        self._s3.put_object(Bucket=FILES, Key=manifest_key(name), Body=json.dumps(RANGES))


@pytest.fixture(scope="module")
def workflow(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workflow]:
    with bench(ROOT, tmp_path_factory.mktemp("batch_workflow"), PARTS) as made:
        yield Workflow(made)


@pytest.fixture(scope="module")
def ran(workflow: Workflow) -> Callable[[str], Execution]:
    """What became of a scenario's execution. All are run at once: each meets its own answers only."""
    with ThreadPoolExecutor(max_workers=6) as pool:
        runs = {name: pool.submit(workflow.run, name) for name in SCENARIOS}
    return lambda name: runs[name].result()


@pytest.mark.parametrize("name", SCENARIOS)
def test_the_execution_goes_where_its_answers_lead(name: str, ran: Callable[[str], Execution]) -> None:
    found, expected = ran(name), SCENARIOS[name]
    assert (found.path, found.status) == (expected.path, expected.status)
    if expected.error:
        assert found.error == expected.error


def test_every_transition_of_the_definition_was_made_and_no_other(ran: Callable[[str], Execution]) -> None:
    definition = json.loads((FOLDER / "batch.asl.json").read_text("utf-8"))
    made = set().union(*(one.transitions(definition) for one in map(ran, SCENARIOS)))
    made.add(MANIFEST_CAME_LATE)
    assert made == transitions_of(definition)


def test_each_range_is_read_by_a_child_of_its_own_that_gives_nothing_back(
    workflow: Workflow, ran: Callable[[str], Execution]
) -> None:
    batch = {"batch_id": "all-well", "bucket": FILES, "key": "all-well", "version": "v1", "dry_run": False}
    for entry in RANGES:
        assert workflow.bench.events("all-well", f"ingestor.{entry['number']}") == [{**batch, **entry}]
    assert [child.output for child in ran("all-well").children] == [{}, {}]


def test_a_step_gets_what_the_steps_before_it_found(workflow: Workflow, ran: Callable[[str], Execution]) -> None:
    assert ran("all-well").status == "SUCCEEDED"
    handed = {step: workflow.bench.events("all-well", step) for step in usual("all-well")}
    file = {"bucket": FILES, "key": "all-well", "version": "v1"}
    assert handed["registrar.register"] == [{"step": "register", **file}]
    assert handed["planner"] == [{"batch_id": "all-well", **file}]
    assert handed["registrar.plan"] == [{"step": "plan", "batch_id": "all-well", "rows": 3}]
    assert handed["collector"] == [{"batch_id": "all-well", "ranges": 2}]
    assert handed["registrar.complete"] == [
        {"step": "complete", "batch_id": "all-well", **COUNTS, "rejected_key": None}
    ]
    assert handed["registrar.fail"] == []


def test_a_failure_is_recorded_with_its_error_and_its_cause(
    workflow: Workflow, ran: Callable[[str], Execution]
) -> None:
    assert ran("plan-refused").cause == REASON
    (handed,) = workflow.bench.events("plan-refused", "registrar.fail")
    assert (handed["key"], handed["version"], handed["error"]) == ("plan-refused", "v1", "BatchRefused")
    assert json.loads(handed["cause"])["errorMessage"] == REASON


@pytest.mark.parametrize("name", RECORDED_FAILURES)
def test_wherever_an_execution_fails_what_it_says_makes_the_registrar_fail_the_batch_with_a_reason(
    name: str, workflow: Workflow, ran: Callable[[str], Execution]
) -> None:
    """Defect: Broken workflow. The script stands in for the registrar everywhere else; here it hears what was said."""
    found, store = ran(name), FakeBatchStore()
    assert found.status == "FAILED"
    ports = registrar.Ports(store=store, clock=FakeClock(), tokens=FakeTokens(), measure=FakeMeasurements())
    registered = workflow.bench.events(name, "registrar.register") if "CheckRegistered" in found.path else []
    answers = [registrar.run(event, ports) for event in (*registered, *workflow.bench.events(name, "registrar.fail"))]
    (batch,) = store.batches.values()
    assert (batch.source.key, batch.status) == (name, BatchStatus.FAILED)
    assert batch.reason == REASONS.get(str(found.error), ANY_OTHER_REASON)
    assert (answers[-1]["reason"], answers[-1]["notice"]["event"]) == (batch.reason, "batch.failed")


@pytest.mark.parametrize("name", ["all-well", "all-tried-again", "register-refused", "range-broken"])
def test_whoever_is_to_know_is_told_once(name: str, workflow: Workflow, ran: Callable[[str], Execution]) -> None:
    completed = ran(name).status == "SUCCEEDED"
    assert workflow.notice(name) == {"batch_id": name, **({"status": "completed"} if completed else {"reason": REASON})}


def test_a_failure_that_could_not_be_recorded_is_told_all_the_same(
    workflow: Workflow, ran: Callable[[str], Execution]
) -> None:
    assert ran("failure-unrecorded").cause == "The batch failed, and that could not be recorded."
    assert workflow.notice("failure-unrecorded")["event"] == "batch.failure_unrecorded"


def test_a_batch_that_is_complete_is_never_recorded_as_failed(
    workflow: Workflow, ran: Callable[[str], Execution]
) -> None:
    assert ran("notice-lost").status == "FAILED"
    assert workflow.bench.events("notice-lost", "registrar.fail") == []
