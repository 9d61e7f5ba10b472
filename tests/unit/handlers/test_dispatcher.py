"""The dispatcher, from the stream's records to the messages sent and the answer to the event source mapping."""

from __future__ import annotations

import json
from copy import deepcopy
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NoReturn

import pytest
from botocore.exceptions import EndpointConnectionError

from functions.dispatcher import handler as dispatcher
from functions.dispatcher.handler import Ports
from payments.adapters.dynamodb.payment_item import to_item
from payments.adapters.sqs import SqsQueue
from payments.runtime.stream import BatchFailed
from payments.use_cases import Queue
from tests.fakes import FakeMeasurements, FakeQueue, FakeWorkflow
from tests.samples import WAIT, awaiting_approval, granted
from tests.unit.handlers.conftest import counted
from tests.unit.handlers.events import Event, sample

if TYPE_CHECKING:
    from collections.abc import Callable

    from aws_lambda_powertools.utilities.typing import LambdaContext

    from payments.domain.payment import Payment
    from tests.unit.handlers.conftest import Line

NOTHING_FAILED: Event = {"batchItemFailures": []}


class Queues:
    """Both queues, and the workflows."""

    def __init__(self) -> None:
        self.processing, self.notification = FakeQueue(), FakeQueue()
        self.workflow = FakeWorkflow()
        self.measure = FakeMeasurements()

    @property
    def ports(self) -> Ports:
        return Ports(
            queues={Queue.PROCESSING: self.processing, Queue.NOTIFICATION: self.notification},
            workflow=self.workflow,
            measure=self.measure,
        )


@pytest.fixture
def queues() -> Queues:
    return Queues()


@pytest.fixture
def dispatch(queues: Queues, context: LambdaContext, monkeypatch: pytest.MonkeyPatch) -> Callable[[Event], Any]:
    monkeypatch.setattr(dispatcher, "aws_ports", lambda: queues.ports)
    return lambda event: dispatcher.handler(event, context)


def sequence_number(event: Event, record: int) -> str:
    return str(event["Records"][record]["dynamodb"]["SequenceNumber"])


def reported(number: str) -> Event:
    return {"batchItemFailures": [{"itemIdentifier": number}]}


def test_each_change_wakes_the_queue_it_asks_for(queues: Queues, dispatch: Callable[[Event], Any]) -> None:
    assert dispatch(sample("dynamodb_stream")) == NOTHING_FAILED
    assert list(queues.processing.messages) == ["pay-1", "pay-2"]
    assert list(queues.notification.messages) == ["pay-1"]


def test_one_unreadable_record_of_ten_keeps_no_other_from_being_passed_on(
    queues: Queues, dispatch: Callable[[Event], Any], printed: Callable[[], list[Line]]
) -> None:
    """Defect: Records lost quietly."""
    event = ten_new_payments()
    del event["Records"][3]["dynamodb"]["NewImage"]["amount"]
    assert dispatch(event) == reported(sequence_number(event, 3))
    assert sorted(queues.processing.messages) == sorted(f"pay-{number}" for number in range(10) if number != 3)
    lines = printed()
    (failure,) = [line for line in lines if line.get("level") == "ERROR"]
    assert failure["sequence_number"] == sequence_number(event, 3)
    assert counted(lines) == {"FailedRecords": 1}


def test_a_message_that_was_not_taken_makes_its_record_come_again(
    queues: Queues, dispatch: Callable[[Event], Any], printed: Callable[[], list[Line]]
) -> None:
    """Defect: Records lost quietly."""
    event = ten_new_payments()
    queues.processing.refused = {"pay-6"}
    assert dispatch(event) == reported(sequence_number(event, 6))
    lines = printed()
    (failure,) = [line for line in lines if line.get("level") == "WARNING"]
    assert (failure["payment_id"], failure["sequence_number"]) == ("pay-6", sequence_number(event, 6))
    assert counted(lines) == {"FailedRecords": 1}


def test_of_several_failures_the_earliest_is_where_the_stream_goes_on(
    queues: Queues, dispatch: Callable[[Event], Any]
) -> None:
    event = ten_new_payments()
    queues.processing.refused = {"pay-8", "pay-2"}
    event["Records"][5]["dynamodb"]["NewImage"]["status"]["S"] = "unheard of"
    assert dispatch(event) == reported(sequence_number(event, 2))


def test_a_batch_of_which_nothing_went_well_raises_so_that_errors_rises(
    queues: Queues, dispatch: Callable[[Event], Any]
) -> None:
    """Defect: Dead alarms."""
    queues.processing.refused = {f"pay-{number}" for number in range(10)}
    with pytest.raises(BatchFailed, match="all 10 records"):
        dispatch(ten_new_payments())


class UnreachableSqs:
    """A client of a service that is down."""

    def send_message_batch(self, **_: object) -> NoReturn:
        raise EndpointConnectionError(endpoint_url="https://sqs.example")


def test_a_queue_that_cannot_be_reached_keeps_the_other_from_nothing_and_each_change_is_logged(
    queues: Queues, context: LambdaContext, monkeypatch: pytest.MonkeyPatch, printed: Callable[[], list[Line]]
) -> None:
    """Defect: Records lost quietly."""
    unreachable = SqsQueue(UnreachableSqs(), "url")  # type: ignore[arg-type]  # as much of a client as is used
    ports = replace(queues.ports, queues={Queue.PROCESSING: unreachable, Queue.NOTIFICATION: queues.notification})
    monkeypatch.setattr(dispatcher, "aws_ports", lambda: ports)
    event = sample("dynamodb_stream")
    assert dispatcher.handler(event, context) == reported(sequence_number(event, 0))
    assert list(queues.notification.messages) == ["pay-1"]
    lines = printed()
    warnings = [line for line in lines if line.get("level") == "WARNING"]
    assert "SQS took none of 2 messages: Could not connect" in warnings[0]["message"]
    assert warnings[0]["function_request_id"] == context.aws_request_id
    assert [line["payment_id"] for line in warnings[1:]] == ["pay-1", "pay-2"]
    assert counted(lines) == {"FailedRecords": 2}


def test_a_change_delivered_twice_in_one_batch_wakes_once(queues: Queues, dispatch: Callable[[Event], Any]) -> None:
    event = sample("dynamodb_stream")
    event["Records"] = [event["Records"][0]] * 2
    dispatch(event)
    assert list(queues.processing.messages) == ["pay-1"]


@pytest.mark.parametrize("image", [None, {"payment_id": {"S": "pay-1"}, "expires_at": {"N": "1"}}])
def test_records_of_anything_but_payments_are_passed_by(
    queues: Queues, dispatch: Callable[[Event], Any], image: Event | None
) -> None:
    event = sample("dynamodb_stream")
    event["Records"] = event["Records"][:1]
    event["Records"][0]["dynamodb"]["NewImage"] = image
    if image is None:
        del event["Records"][0]["dynamodb"]["NewImage"]
    assert dispatch(event) == NOTHING_FAILED
    assert not queues.processing.messages


def test_a_payment_that_takes_the_place_of_an_expired_key_record_is_new(
    queues: Queues, dispatch: Callable[[Event], Any]
) -> None:
    event = sample("dynamodb_stream")
    event["Records"] = event["Records"][:1]
    event["Records"][0]["eventName"] = "MODIFY"
    event["Records"][0]["dynamodb"]["OldImage"] = {"payment_id": {"S": "pay-1"}, "expires_at": {"N": "1"}}
    dispatch(event)
    assert list(queues.processing.messages) == ["pay-1"]


def test_an_orchestrated_payment_starts_its_workflow_and_wakes_no_queue(
    queues: Queues, dispatch: Callable[[Event], Any]
) -> None:
    assert dispatch(changes((None, awaiting_approval("pay-1")))) == NOTHING_FAILED
    assert queues.workflow.started == ["pay-1"]
    assert not queues.processing.messages


def test_a_decision_is_told_to_the_workflow_that_waits(queues: Queues, dispatch: Callable[[Event], Any]) -> None:
    asked = awaiting_approval("pay-1", task_token=WAIT)
    assert dispatch(changes((asked, granted(asked)))) == NOTHING_FAILED
    assert queues.workflow.answers == {WAIT: True}


def test_a_workflow_that_was_not_started_is_counted_and_holds_up_nobody(
    queues: Queues, dispatch: Callable[[Event], Any], printed: Callable[[], list[Line]]
) -> None:
    event = ten_new_payments()
    event["Records"] = changes((None, awaiting_approval("pay-high")))["Records"] + event["Records"]
    queues.workflow.failures = 1
    assert dispatch(event) == NOTHING_FAILED
    assert len(queues.processing.messages) == 10
    reason, left = [line for line in printed() if line.get("level") == "WARNING"]
    assert reason["message"] == "Step Functions did not take it"
    assert (left["payment_id"], left["message"]) == (
        "pay-high",
        "left to the sweeper: its workflow took nothing of pay-high#1",
    )
    assert queues.measure.counts == {"WorkflowRequestsNotTaken": 1}


def test_of_a_workflow_service_that_is_down_little_is_asked_and_all_that_was_not_taken_is_counted(
    queues: Queues, dispatch: Callable[[Event], Any]
) -> None:
    """A hundred time-outs one after another would outlast the function and bring the whole batch back."""
    queues.workflow.failures = 100
    assert dispatch(changes(*((None, awaiting_approval(f"pay-{number}")) for number in range(100)))) == NOTHING_FAILED
    assert 100 - queues.workflow.failures <= 20
    assert queues.measure.counts == {"WorkflowRequestsNotTaken": 100}


def test_what_a_queue_did_not_take_comes_again_whatever_became_of_workflows(
    queues: Queues, dispatch: Callable[[Event], Any]
) -> None:
    """Defect: Records lost quietly."""
    event = ten_new_payments()
    event["Records"] = changes((None, awaiting_approval("pay-high")))["Records"] + event["Records"]
    queues.workflow.failures, queues.processing.refused = 1, {"pay-6"}
    assert dispatch(event) == reported(sequence_number(event, 7))


def test_a_task_token_is_never_printed(
    queues: Queues, dispatch: Callable[[Event], Any], printed: Callable[[], list[Line]]
) -> None:
    """Defect: Open doors."""
    asked = awaiting_approval("pay-1", task_token=WAIT)
    queues.workflow.failures = 1
    assert dispatch(changes((asked, granted(asked)))) == NOTHING_FAILED
    assert WAIT not in json.dumps(printed())


def test_nothing_to_do_is_nothing_failed(dispatch: Callable[[Event], Any]) -> None:
    assert dispatch({"Records": []}) == NOTHING_FAILED


def test_the_connection_is_made_of_the_functions_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PROCESSING_QUEUE_URL", "https://sqs.example/processing")
    monkeypatch.setenv("NOTIFICATION_QUEUE_URL", "https://sqs.example/notification")
    monkeypatch.setenv("PAYMENT_WORKFLOW_ARN", "arn:aws:states:us-east-1:123456789012:stateMachine:payments")
    assert dispatcher.aws_ports.__wrapped__().queues.keys() == set(Queue)


def changes(*payments: tuple[Payment | None, Payment]) -> Event:
    """Return the records of these writes."""
    event = sample("dynamodb_stream")
    template = event["Records"][0]
    event["Records"] = []
    for number, (old, new) in enumerate(payments):
        record = deepcopy(template)
        record["dynamodb"] |= {"NewImage": to_item(new), "SequenceNumber": f"9421584500000000017450439{number:03d}"}
        if old:
            record["dynamodb"]["OldImage"] = to_item(old)
        event["Records"].append(record)
    return event


def ten_new_payments() -> Event:
    event = sample("dynamodb_stream")
    first = event["Records"][0]
    event["Records"] = [deepcopy(first) for _ in range(10)]
    for number, record in enumerate(event["Records"]):
        record["dynamodb"]["NewImage"]["payment_id"] = {"S": f"pay-{number}"}
        record["dynamodb"]["SequenceNumber"] = f"4421584500000000017450439{number:03d}"
    return event
