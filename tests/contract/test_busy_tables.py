"""Tables that take no more, seen by callers of the API and by who reads what was stored: come again a little later."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from botocore.exceptions import ClientError, ReadTimeoutError

from functions.approver import handler as approver
from functions.auditor import handler as auditor
from functions.processor import handler as processor
from functions.query import handler as query
from functions.validator import handler as validator
from payments.adapters import aws
from payments.adapters.dynamodb.audit_table import AuditTable
from payments.adapters.dynamodb.batches_table import BatchesTable
from payments.adapters.dynamodb.payments_table import PaymentsTable
from payments.domain.approval import approval_token
from payments.domain.errors import StoreBusy
from payments.domain.messages import encode_message
from payments.runtime import system
from tests.batch_samples import completed, ingesting, registered
from tests.contract.deployment import CONTEXT
from tests.contract.faults import failing, operations, reading_at_most, unanswered
from tests.samples import START, WAIT, accepted, awaiting_approval, claimed, events
from tests.unit.handlers.events import Event, api_event, body_of, sample

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient

    from tests.contract.deployment import Deployment
    from tests.contract.services import Services

THROTTLED = "ProvisionedThroughputExceededException"
DECISION = '{"decision": "approve", "actor": "ada"}'

ROUTES = {
    "a payment": (query, api_event("api_get_payment"), ["GetItem"]),
    "a customer's payments": (query, api_event("api_get_payments"), ["Query", "BatchGetItem"]),
    "a day's payments": (
        query,
        api_event("api_get_payments", query={"created_on": f"{START:%Y-%m-%d}"}),
        ["Query", "BatchGetItem"],
    ),
    "a trail": (query, api_event("api_get_events"), ["Query"]),
    "a trail nobody has written yet": (
        query,
        api_event("api_get_events", payment_id="unrecorded"),
        ["Query", "GetItem"],
    ),
    "a batch": (query, api_event("api_get_batch"), ["GetItem", "Query"]),
    "a day's batches": (query, api_event("api_get_batches"), ["Query", "BatchGetItem"]),
    "an approval": (
        approver,
        {
            **api_event("api_post_approvals", body=DECISION),
            "pathParameters": {"token": approval_token("approval", WAIT)},
        },
        ["GetItem", "UpdateItem"],
    ),
    "a new payment": (
        validator,
        api_event("api_post_payments", body='{"amount": 1, "payment_id": "new"}', headers={"Idempotency-Key": ""}),
        ["PutItem"],
    ),
    "a new payment with a key": (
        validator,
        api_event("api_post_payments", body='{"amount": 1, "payment_id": "new"}', headers={"Idempotency-Key": "key-1"}),
        ["TransactWriteItems"],
    ),
}
"""What answers, the request, and every operation it makes when all goes well."""

REQUESTS = [(route, operation) for route, (_, _, operations) in ROUTES.items() for operation in operations]
READS = [(route, operation) for route, operation in REQUESTS if operation in {"GetItem", "Query", "BatchGetItem"}]


@pytest.fixture
def client(services: Services, deployment: Deployment, monkeypatch: pytest.MonkeyPatch) -> DynamoDBClient:
    """Return the client of every handler, whose tables hold something to show on every route."""
    tables = deployment.variables
    payments = PaymentsTable(services.dynamodb, tables["PAYMENTS_TABLE"])
    waiting = awaiting_approval("approval", task_token=WAIT)
    for payment in (accepted(customer_id="cust-1"), accepted("unrecorded"), waiting):
        payments.create(payment)
    for event in events(accepted()):
        AuditTable(services.dynamodb, tables["AUDIT_TABLE"]).append(event)
    BatchesTable(services.dynamodb, tables["BATCHES_TABLE"]).create(completed(ingesting(registered())))
    monkeypatch.setattr(aws, "dynamodb", lambda: services.dynamodb)
    monkeypatch.setattr(system, "now", lambda: START)
    return services.dynamodb


def respond(route: str) -> Event:
    handler, event, _ = ROUTES[route]
    answer: Event = handler.handler(event, CONTEXT)
    return answer


def assert_busy(answer: Event) -> None:
    assert answer["statusCode"] == body_of(answer)["status"] == 503
    assert answer["headers"]["Content-Type"] == "application/problem+json"
    assert int(answer["headers"]["Retry-After"]) > 0


@pytest.mark.parametrize("route", ROUTES)
def test_a_table_that_is_not_busy_answers_and_is_asked_for_nothing_else(client: DynamoDBClient, route: str) -> None:
    with operations(client) as names:
        assert respond(route)["statusCode"] in {200, 202}
    assert list(dict.fromkeys(names)) == ROUTES[route][2]


@pytest.mark.parametrize(("route", "operation"), REQUESTS)
def test_whatever_a_busy_table_is_asked_for_the_caller_is_told_when_to_come_again(
    client: DynamoDBClient, route: str, operation: str
) -> None:
    with failing(client, operation, times=100, Code=THROTTLED):
        assert_busy(respond(route))


@pytest.mark.parametrize(("route", "operation"), READS)
def test_a_read_nobody_answers_is_one_to_come_again_for(client: DynamoDBClient, route: str, operation: str) -> None:
    with unanswered(client, operation):
        assert_busy(respond(route))


def test_a_listing_whose_table_keeps_leaving_items_unread_is_one_to_come_again_for(client: DynamoDBClient) -> None:
    with reading_at_most(client, 0):
        assert_busy(respond("a customer's payments"))


@pytest.mark.parametrize(("route", "operation"), REQUESTS)
def test_what_is_forbidden_is_no_busy_table(client: DynamoDBClient, route: str, operation: str) -> None:
    with failing(client, operation, times=100, Code="AccessDeniedException"):
        assert respond(route)["statusCode"] == 500


def test_a_write_that_nobody_answers_may_have_taken_effect_and_is_no_busy_table(services: Services) -> None:
    store = PaymentsTable(services.dynamodb, services.payments_table())
    store.create(accepted())
    for operation, write in (
        ("PutItem", lambda: store.create(accepted("pay-2"))),
        ("UpdateItem", lambda: store.advance(claimed(accepted()))),
    ):
        with unanswered(services.dynamodb, operation), pytest.raises(ReadTimeoutError):
            write()


def test_every_write_of_a_batch_and_of_the_trail_says_that_its_table_is_busy(services: Services) -> None:
    batches = BatchesTable(services.dynamodb, services.batches_table())
    batches.create(registered())
    trail = AuditTable(services.dynamodb, services.audit_table())
    (event,) = events(accepted())
    for operation, write in (
        ("PutItem", lambda: batches.create(registered("batch-2"))),
        ("UpdateItem", lambda: batches.advance(ingesting(registered()))),
        ("PutItem", lambda: trail.append(event)),
    ):
        with failing(services.dynamodb, operation, times=100, Code=THROTTLED), pytest.raises(StoreBusy):
            write()
        with failing(services.dynamodb, operation, times=100, Code="AccessDeniedException"), pytest.raises(ClientError):
            write()


@pytest.mark.parametrize("operation", ["GetItem", "UpdateItem"])
def test_messages_that_meet_a_busy_table_come_again_and_are_no_fault_of_the_function(
    client: DynamoDBClient, operation: str
) -> None:
    """Defect: Dead alarms: a busy table has alarms of its own."""
    event = sample("sqs")
    event["Records"] = [{**event["Records"][0], "body": encode_message("pay-1")}]
    with failing(client, operation, times=100, Code=THROTTLED):
        answer = processor.handler(event, CONTEXT)
    assert len(answer["batchItemFailures"]) == 1


def test_changes_that_meet_a_busy_trail_come_again_and_are_no_fault_of_the_function(client: DynamoDBClient) -> None:
    event = sample("dynamodb_stream")
    with failing(client, "PutItem", times=100, Code=THROTTLED):
        answer = auditor.handler(event, CONTEXT)
    numbers = [record["dynamodb"]["SequenceNumber"] for record in event["Records"]]
    assert answer == {"batchItemFailures": [{"itemIdentifier": numbers[0]}]}
