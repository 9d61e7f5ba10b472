"""What every workflow service must do, in memory and in Step Functions: nothing twice, and no failure kept quiet."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Protocol
from uuid import uuid4

import pytest
from botocore.exceptions import EndpointConnectionError

from payments.adapters.step_functions import StepFunctionsWorkflow
from payments.domain.errors import DeliveryFailed
from tests.contract.faults import asked, failing, lose_next_answer
from tests.fakes import FakeWorkflow

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mypy_boto3_stepfunctions.client import SFNClient

    from payments.ports import Workflow
    from tests.contract.services import Services

WAIT = "AQCkAAAAKgAAAAMAAAAA/+="
DEFINITION = {"StartAt": "Wait", "States": {"Wait": {"Type": "Wait", "Seconds": 600, "End": True}}}


class Service(Protocol):
    """A workflow service, and what runs in it."""

    @property
    def workflow(self) -> Workflow: ...
    def started(self) -> Sequence[str]: ...


class InMemory:
    def __init__(self) -> None:
        self.workflow = FakeWorkflow()

    def started(self) -> Sequence[str]:
        return self.workflow.started


class StepFunctions:
    def __init__(self, client: SFNClient) -> None:
        self.client = client
        self.machine = client.create_state_machine(
            name=f"contract-{uuid4()}",
            definition=json.dumps(DEFINITION),
            roleArn="arn:aws:iam::123456789012:role/contract",
        )["stateMachineArn"]
        self.workflow = StepFunctionsWorkflow(client, self.machine)

    def started(self) -> Sequence[str]:
        listed = self.client.list_executions(stateMachineArn=self.machine)["executions"]
        return [execution["name"] for execution in listed]

    def execution(self, payment_id: str) -> str:
        return f"{self.machine.replace(':stateMachine:', ':execution:')}:{payment_id}"


@pytest.fixture
def step_functions(services: Services) -> StepFunctions:
    return StepFunctions(services.step_functions)


@pytest.fixture(params=["in memory", "Step Functions"])
def service(request: pytest.FixtureRequest, step_functions: StepFunctions) -> Service:
    return InMemory() if request.param == "in memory" else step_functions


def test_a_payment_has_one_workflow_however_often_it_is_started(service: Service) -> None:
    for _ in range(3):
        service.workflow.start("pay-1")
    service.workflow.start("pay-2")
    assert sorted(service.started()) == ["pay-1", "pay-2"]


def test_an_answer_for_a_wait_that_is_over_is_no_failure(service: Service) -> None:
    service.workflow.answer(WAIT, granted=True)
    service.workflow.answer(WAIT, granted=False)


def test_a_workflow_gets_the_payments_id_and_no_amount(step_functions: StepFunctions) -> None:
    step_functions.workflow.start("pay-1")
    described = step_functions.client.describe_execution(executionArn=step_functions.execution("pay-1"))
    assert json.loads(described["input"]) == {"payment_id": "pay-1"}


def test_a_workflow_that_ran_and_was_closed_is_not_started_again(step_functions: StepFunctions) -> None:
    """A closed execution keeps its name; AWS then refuses even the same input."""
    step_functions.workflow.start("pay-1")
    step_functions.client.stop_execution(executionArn=step_functions.execution("pay-1"))
    with failing(step_functions.client, "StartExecution", times=1, Code="ExecutionAlreadyExists"):
        step_functions.workflow.start("pay-1")
    assert step_functions.started() == ["pay-1"]


def test_a_start_whose_answer_was_lost_is_a_start(step_functions: StepFunctions) -> None:
    lose_next_answer(step_functions.client)
    step_functions.workflow.start("pay-1")
    assert step_functions.started() == ["pay-1"]


@pytest.mark.parametrize("granted", [True, False])
def test_an_answer_says_whether_it_was_granted(step_functions: StepFunctions, *, granted: bool) -> None:
    with (
        asked(step_functions.client, "SendTaskSuccess") as requests,
        failing(step_functions.client, "SendTaskSuccess", times=1, Code="TaskTimedOut"),
    ):
        step_functions.workflow.answer(WAIT, granted=granted)
    (request,) = requests
    assert (request["taskToken"], json.loads(request["output"])) == (WAIT, {"granted": granted})


@pytest.mark.parametrize("code", ["TaskTimedOut", "TaskDoesNotExist", "InvalidToken"])
def test_an_answer_that_comes_too_late_is_no_failure(step_functions: StepFunctions, code: str) -> None:
    with failing(step_functions.client, "SendTaskSuccess", times=1, Code=code):
        step_functions.workflow.answer(WAIT, granted=True)


@pytest.mark.parametrize(
    "code", ["ExecutionLimitExceeded", "ThrottlingException", "AccessDeniedException", "StateMachineDoesNotExist"]
)
def test_a_start_that_was_not_taken_is_told_with_its_reason(step_functions: StepFunctions, code: str) -> None:
    """Defect: Records lost quietly: any client error taken for a duplicate."""
    with (
        failing(step_functions.client, "StartExecution", times=1, Code=code),
        pytest.raises(DeliveryFailed, match=f"pay-1 was not started: {code}"),
    ):
        step_functions.workflow.start("pay-1")


@pytest.mark.parametrize("code", ["ThrottlingException", "AccessDeniedException", "KmsThrottlingException"])
def test_an_answer_that_was_not_taken_is_told_and_its_token_is_not(step_functions: StepFunctions, code: str) -> None:
    """Defect: Records lost quietly. Defect: Open doors."""
    with (
        failing(step_functions.client, "SendTaskSuccess", times=1, Code=code),
        pytest.raises(DeliveryFailed, match=code) as failure,
    ):
        step_functions.workflow.answer(WAIT, granted=True)
    assert WAIT not in str(failure.value)
    assert failure.value.__suppress_context__


class Unreachable:
    """A client of a service that is down."""

    def start_execution(self, **_: object) -> None:
        raise EndpointConnectionError(endpoint_url="https://states.example")

    send_task_success = start_execution


def test_a_service_that_cannot_be_reached_takes_nothing() -> None:
    workflow = StepFunctionsWorkflow(Unreachable(), "arn")  # type: ignore[arg-type]  # as much of a client as is used
    with pytest.raises(DeliveryFailed, match="EndpointConnectionError"):
        workflow.start("pay-1")
    with pytest.raises(DeliveryFailed, match="EndpointConnectionError"):
        workflow.answer(WAIT, granted=True)
