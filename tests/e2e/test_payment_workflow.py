"""Every state and every transition of the payment workflow, on the embedded AWS's Step Functions.

The functions do what each execution's script says; the definition is the one that is deployed, with shorter pauses.
"""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from payments_infra.constructs.definition import FOLDER
from tests.e2e.scripted_workflow import (
    NO_ROOM,
    THROTTLED,
    USUAL,
    Bench,
    Notices,
    bench,
    raises,
    returns,
    scripted,
    wait_for,
)
from tests.state_language import transitions_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.e2e.execution_history import Execution
    from tests.e2e.scripted_workflow import Answer, Script

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("payment_workflow")]

ROOT = Path(__file__).parents[2]
PARTS = ("examiner", "requester", "charger")
OFFICE = "office"
PATIENT_SECONDS = 60

BROKEN = raises("ThrottlingException")
UNSETTLED = raises("PaymentUnsettled", "a secret text")
NOT_FOUND = raises("PaymentNotFound")

ASKING = ["ValidatePayment", "CheckValidation", "WaitForApproval"]
CHARGED = ["ProcessPayment", "CheckOutcome", "NotifySuccess", "Succeeded"]
STRAIGHT = ["ValidatePayment", "CheckValidation", *CHARGED]
APPROVED = [*ASKING, "CheckApproval", *CHARGED]
FAILED = ["PaymentFailed", "Failed"]
NOT_SUCCEEDED = ["CheckOutcome", "NotSucceeded", *FAILED]
BROKE = ["WorkflowBroken", *FAILED]
UNTOLD = ["OutcomeUntold", "Failed"]
GAVE_UP = (
    "The workflow could not finish and is not run again. The payment, if there is one, goes on by the queue; where a "
    "person must approve it and none has been asked, it fails when its time is over."
)


def examined(verdict: str, status: str = "accepted", reason: str = "") -> Answer:
    """Answer what is to be done about the payment."""
    return returns({"payment_id": "any", "status": status, "verdict": verdict, "reason": reason})


def charged(status: str) -> Answer:
    """Answer how the payment ended."""
    return returns({"payment_id": "any", "status": status, "failure_code": None})


AWAITS = [examined("await_approval")]


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """Where an execution has to go when functions answer so; steps that are not named answer as usual.

    ``answers`` is what the back office answers, asked once for each; ``topic`` is there, missing, or late: it comes
    while the execution waits for it. ``full_at`` is the state for whose function there is no room.
    """

    path: list[str]
    status: str = "FAILED"
    error: str | None = None
    script: Script = field(default_factory=dict)
    answers: tuple[bool, ...] = ()
    topic: str = "there"
    full_at: str | None = None
    approval_timeout_seconds: int = PATIENT_SECONDS
    timeout_seconds: int = 600


SCENARIOS = {
    "charged": Scenario(path=STRAIGHT, status="SUCCEEDED"),
    "settled-by-the-queue": Scenario(
        path=[state for state in STRAIGHT if state != "ProcessPayment"],
        status="SUCCEEDED",
        script={"examiner": [examined("settled", "succeeded")]},
    ),
    "approved": Scenario(path=APPROVED, status="SUCCEEDED", script={"examiner": AWAITS}, answers=(True,)),
    "all-tried-again": Scenario(
        path=APPROVED,
        status="SUCCEEDED",
        script={
            "examiner": [BROKEN, THROTTLED, *AWAITS],
            "requester": [BROKEN, USUAL],
            "charger": [
                UNSETTLED,
                BROKEN,
                raises("GatewayAmbiguous"),
                raises("VersionConflict"),
                raises("StoreBusy"),
                USUAL,
            ],
        },
        answers=(True,),
        topic="late",
    ),
    "topic-down-for-long": Scenario(
        path=APPROVED,
        status="SUCCEEDED",
        script={"examiner": AWAITS, "requester": [*[raises("DeliveryFailed")] * 20, USUAL]},
        answers=(True,),
    ),
    "declined": Scenario(
        path=[*STRAIGHT[:3], *NOT_SUCCEEDED], error="PaymentNotSucceeded", script={"charger": [charged("declined")]}
    ),
    "tampered": Scenario(
        path=[*STRAIGHT[:2], "ValidationRefused", *FAILED],
        error="ValidationRefused",
        script={"examiner": [examined("refused", "failed", "its history is broken")]},
    ),
    "of-the-queue": Scenario(
        path=[*STRAIGHT[:2], "ValidationRefused", *FAILED],
        error="ValidationRefused",
        script={"examiner": [examined("refused", "accepted", "the payment belongs to the processing queue")]},
    ),
    "approval-refused": Scenario(
        path=[*ASKING, "CheckApproval", "ApprovalRefused", *FAILED],
        error="ApprovalRefused",
        script={"examiner": AWAITS},
        answers=(False,),
    ),
    "approval-timed-out": Scenario(
        path=[*ASKING, "ProcessPayment", *NOT_SUCCEEDED],
        error="PaymentNotSucceeded",
        script={"examiner": AWAITS, "charger": [charged("failed")]},
        approval_timeout_seconds=2,
    ),
    "unknown": Scenario(path=[*STRAIGHT[:1], *BROKE], error="PaymentNotFound", script={"examiner": [NOT_FOUND]}),
    "decided-meanwhile": Scenario(
        path=[*ASKING, *CHARGED],
        status="SUCCEEDED",
        script={"examiner": AWAITS, "requester": [raises("ApprovalNotAwaited")]},
    ),
    "examiner-full": Scenario(path=[*STRAIGHT[:1], *BROKE], error=NO_ROOM, full_at="ValidatePayment"),
    "requester-full": Scenario(
        path=[*ASKING, *BROKE], error=NO_ROOM, script={"examiner": AWAITS}, full_at="WaitForApproval"
    ),
    "nobody-to-ask-about": Scenario(
        path=[*ASKING, *BROKE], error="PaymentNotFound", script={"examiner": AWAITS, "requester": [NOT_FOUND]}
    ),
    "charger-full": Scenario(path=[*STRAIGHT[:3], *BROKE], error=NO_ROOM, full_at="ProcessPayment"),
    "gone": Scenario(path=[*STRAIGHT[:3], *BROKE], error="PaymentNotFound", script={"charger": [NOT_FOUND]}),
    "never-settled": Scenario(path=[*STRAIGHT[:3], *BROKE], error="PaymentUnsettled", script={"charger": [UNSETTLED]}),
    "notice-lost": Scenario(path=[*STRAIGHT[:-1], *UNTOLD], error="SNS.PublishFailed", topic="missing"),
    "failure-tried-again": Scenario(
        path=[*STRAIGHT[:3], *NOT_SUCCEEDED],
        error="PaymentNotSucceeded",
        script={"charger": [charged("needs_review")]},
        topic="late",
    ),
    "failure-notice-lost": Scenario(
        path=[*STRAIGHT[:3], *NOT_SUCCEEDED[:-1], *UNTOLD],
        error="PaymentNotSucceeded",
        script={"charger": [charged("declined")]},
        topic="missing",
    ),
    "too-slow": Scenario(path=ASKING, status="TIMED_OUT", script={"examiner": AWAITS}, timeout_seconds=3),
}

USUALLY: Script = {
    "examiner": [examined("process")],
    "requester": [returns(None)],
    "charger": [charged("succeeded")],
}


class Workflow:
    """The payment workflow on a bench: runs scenarios and remembers what became of them."""

    def __init__(self, on: Bench) -> None:
        self.bench = on
        self._notices = Notices(on.account)
        self._notices.open(OFFICE)

    def run(self, name: str) -> Execution:
        scenario = SCENARIOS[name]
        self.bench.write(name, of_payment(name, scripted(USUALLY, scenario.script)))
        machine = self.bench.machine(
            name,
            "payment",
            pause_seconds=1 if scenario.topic == "late" else 0,
            topic=self._notices.arn({"there": OFFICE, "missing": "nowhere", "late": name}[scenario.topic]),
            approval_timeout_seconds=scenario.approval_timeout_seconds,
            timeout_seconds=scenario.timeout_seconds,
            full_at=scenario.full_at,
            examiner_seconds=60,
            charger_seconds=60,
        )
        execution = self.bench.start(machine, name, {"payment_id": name})
        for granted in scenario.answers:
            self._answer(name, scenario, granted=granted)
        if scenario.topic == "late":
            telling = next(state for state in scenario.path if state in ("NotifySuccess", "PaymentFailed"))
            self.bench.wait_to_fail(execution, telling)
            self._notices.open(name)
        return self.bench.finished(execution)

    def notice(self, payment_id: str) -> dict[str, Any]:
        """Return the one notice of the payment."""
        (found,) = [one for one in self._notices.taken() if one["payment_id"] == payment_id]
        return found

    def _answer(self, name: str, scenario: Scenario, *, granted: bool) -> None:
        """Answer as the dispatcher does once a person has decided, when the request that helped has been made."""
        asked = len(scenario.script.get("requester", [USUAL]))
        requests = wait_for(
            f"request {asked}", lambda: found if len(found := self.bench.events(name, "requester")) == asked else None
        )
        self.bench.states.send_task_success(
            taskToken=requests[-1]["task_token"], output=json.dumps({"granted": granted})
        )


def of_payment(payment_id: str, script: Script) -> Script:
    """Return ``script`` with every answer about the payment ``payment_id``."""
    return {step: [answer.about(payment_id=payment_id) for answer in answers] for step, answers in script.items()}


@pytest.fixture(scope="module")
def workflow(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workflow]:
    with bench(ROOT, tmp_path_factory.mktemp("payment_workflow"), PARTS) as made:
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
    definition = json.loads((FOLDER / "payment.asl.json").read_text("utf-8"))
    made = set().union(*(one.transitions(definition) for one in map(ran, SCENARIOS)))
    assert made == transitions_of(definition)


def test_a_step_is_handed_the_payments_id_and_nothing_it_could_charge_by(
    workflow: Workflow, ran: Callable[[str], Execution]
) -> None:
    """Amounts never come from a message: the table decides."""
    assert ran("approved").status == "SUCCEEDED"
    assert workflow.bench.events("approved", "examiner") == [{"payment_id": "approved"}]
    assert workflow.bench.events("approved", "charger") == [{"payment_id": "approved"}]


def test_the_approval_is_asked_for_with_what_answers_it_and_until_when(
    workflow: Workflow, ran: Callable[[str], Execution]
) -> None:
    assert ran("approved").status == "SUCCEEDED"
    (asked,) = workflow.bench.events("approved", "requester")
    assert set(asked) == {"payment_id", "task_token", "entered_at", "timeout_seconds"}
    assert (asked["payment_id"], int(asked["timeout_seconds"])) == ("approved", PATIENT_SECONDS)


def test_however_often_is_asked_the_approvals_time_counts_from_the_first_time(
    workflow: Workflow, ran: Callable[[str], Execution]
) -> None:
    """A topic that is down must not make people be asked for longer than the payment may wait."""
    assert ran("topic-down-for-long").status == "SUCCEEDED"
    asked = workflow.bench.events("topic-down-for-long", "requester")
    assert len(asked) == 21
    assert len({(one["entered_at"], one["timeout_seconds"]) for one in asked}) == 1


def test_an_answer_after_the_time_is_over_changes_nothing(workflow: Workflow, ran: Callable[[str], Execution]) -> None:
    assert ran("approval-timed-out").path[3] == "ProcessPayment"
    (asked,) = workflow.bench.events("approval-timed-out", "requester")
    states = workflow.bench.states
    with pytest.raises((states.exceptions.TaskTimedOut, states.exceptions.TaskDoesNotExist)):
        states.send_task_success(taskToken=asked["task_token"], output='{"granted": true}')


def test_a_payment_whose_approval_was_refused_is_not_handed_to_the_charger(
    workflow: Workflow, ran: Callable[[str], Execution]
) -> None:
    assert ran("approval-refused").error == "ApprovalRefused"
    assert workflow.bench.events("approval-refused", "charger") == []


@pytest.mark.parametrize("name", ["charged", "approved", "all-tried-again", "settled-by-the-queue"])
def test_a_success_is_told_once(name: str, workflow: Workflow, ran: Callable[[str], Execution]) -> None:
    assert ran(name).status == "SUCCEEDED"
    assert workflow.notice(name)["event"] == "payment.succeeded"


@pytest.mark.parametrize(
    ("name", "event", "reason"),
    [
        ("declined", "payment.declined", "The payment is declined."),
        ("failure-tried-again", "payment.needs_review", "The payment is needs_review."),
        ("tampered", "payment.failed", "its history is broken"),
        ("of-the-queue", "payment.accepted", "the payment belongs to the processing queue"),
        ("approval-refused", "payment.failed", "The back office refused its approval."),
        ("approval-timed-out", "payment.failed", "The payment is failed."),
        ("charger-full", "workflow.broken", GAVE_UP),
        ("examiner-full", "workflow.broken", GAVE_UP),
    ],
)
def test_a_failure_is_told_once_as_what_it_is_with_its_reason(
    name: str, event: str, reason: str, workflow: Workflow, ran: Callable[[str], Execution]
) -> None:
    """A program that takes a payment for failed sends it again: nothing is called so that may yet be charged."""
    told = workflow.notice(name)
    assert (told["event"], told["error"], told["reason"]) == (event, ran(name).error, reason)
    assert ran(name).cause == reason


def test_nothing_of_an_exceptions_text_is_told(workflow: Workflow, ran: Callable[[str], Execution]) -> None:
    assert ran("never-settled").status == "FAILED"
    assert "secret" not in json.dumps(workflow.notice("never-settled"))


def test_starting_a_payment_twice_is_one_execution(workflow: Workflow, ran: Callable[[str], Execution]) -> None:
    assert ran("charged").status == "SUCCEEDED"
    machine = next(
        one["stateMachineArn"]
        for one in workflow.bench.states.list_state_machines()["stateMachines"]
        if one["name"] == "charged"
    )
    with pytest.raises(workflow.bench.states.exceptions.ExecutionAlreadyExists):
        workflow.bench.start(machine, "charged", {"payment_id": "charged"})
    assert len(workflow.bench.events("charged", "charger")) == 1
