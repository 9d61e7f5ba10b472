from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from operations.letters import Kind, Letter, StreamPosition, Wanted, WorkflowStart, read_letter
from payments.domain.messages import encode_message

SENT = datetime(2026, 11, 22, 3, 36, 42, 123000, tzinfo=UTC)
HOUR = timedelta(hours=1)

# The examples of AWS's own documentation, with this project's names.
NOTE: dict[str, Any] = {
    "requestContext": {
        "requestId": "316aa6d0-8154-xmpl-9af7-85d5f4a6bc81",
        "functionArn": "arn:aws:lambda:us-east-2:123456789012:function:payments-dispatcher-dev",
        "condition": "RetryAttemptsExhausted",
        "approximateInvokeCount": 1,
    },
    "responseContext": {"statusCode": 200, "executedVersion": "$LATEST", "functionError": "Unhandled"},
    "version": "1.0",
    "timestamp": "2019-11-14T00:13:49.717Z",
    "DDBStreamBatchInfo": {
        "shardId": "shardId-00000001573689847184-864758bb",
        "startSequenceNumber": "800000000003126276362",
        "endSequenceNumber": "800000000003126276364",
        "approximateArrivalOfFirstRecord": "2019-11-14T00:13:19Z",
        "approximateArrivalOfLastRecord": "2019-11-14T00:13:19Z",
        "batchSize": 3,
        "streamArn": "arn:aws:dynamodb:us-east-2:123456789012:table/payments/stream/2019-11-14T00:04:06.388",
    },
}
UPLOAD = {
    "source": "aws.s3",
    "detail-type": "Object Created",
    "detail": {"bucket": {"name": "files"}, "object": {"key": "incoming/my file.csv", "version-id": "v1", "size": 5}},
}
UPLOAD_ATTRIBUTES = {
    "TARGET_ARN": "arn:aws:states:us-east-2:123456789012:stateMachine:payments-batch-dev",
    "ERROR_CODE": "NO_PERMISSIONS",
    "RULE_ARN": "arn:aws:events:us-east-2:123456789012:rule/payments-uploads-dev",
}


def letter(body: object, **attributes: str) -> Letter:
    message: dict[str, Any] = {
        "MessageId": "m-1",
        "ReceiptHandle": "r-1",
        "Body": body if isinstance(body, str) else json.dumps(body),
        "Attributes": {"SentTimestamp": str(int(SENT.timestamp() * 1000))},
        "MessageAttributes": {name: {"DataType": "String", "StringValue": text} for name, text in attributes.items()},
    }
    return read_letter(message)


def test_a_message_names_its_payment_and_counts_its_age_from_its_first_sending() -> None:
    found = letter(encode_message("pay-1"))
    assert (found.kind, found.payment_ids, found.reason) == (Kind.MESSAGE, ("pay-1",), "MaxReceivesExceeded")
    assert found.sent_at == SENT


def test_a_note_of_records_names_where_they_stood_and_who_gave_them_up() -> None:
    found = letter(NOTE)
    assert (found.kind, found.reason) == (Kind.RECORDS, "RetryAttemptsExhausted")
    assert found.position == StreamPosition(
        stream_arn=NOTE["DDBStreamBatchInfo"]["streamArn"],
        shard_id="shardId-00000001573689847184-864758bb",
        first="800000000003126276362",
        last="800000000003126276364",
        function_arn="arn:aws:lambda:us-east-2:123456789012:function:payments-dispatcher-dev",
    )


def test_an_upload_that_started_nothing_names_its_workflow_and_file() -> None:
    found = letter(UPLOAD, **UPLOAD_ATTRIBUTES)
    assert (found.kind, found.reason) == (Kind.START, "NO_PERMISSIONS")
    assert found.start == WorkflowStart(
        workflow_arn=UPLOAD_ATTRIBUTES["TARGET_ARN"],
        input={"bucket": "files", "key": "incoming/my file.csv", "version": "v1"},
    )


@pytest.mark.parametrize(
    "body",
    [
        "not JSON",
        "[1]",
        "[" * 10_000,
        '{"schema_version":2,"payment_id":"pay-1"}',
        "{}",
        '{"DDBStreamBatchInfo":5}',
        json.dumps(NOTE | {"requestContext": None}),
        json.dumps(NOTE | {"DDBStreamBatchInfo": NOTE["DDBStreamBatchInfo"] | {"endSequenceNumber": "last"}}),
        json.dumps(NOTE | {"DDBStreamBatchInfo": NOTE["DDBStreamBatchInfo"] | {"endSequenceNumber": "7"}}),
    ],
)
def test_what_nobody_understands_is_a_letter_all_the_same(body: str) -> None:
    found = letter(body)
    assert (found.kind, found.reason, found.body) == (Kind.UNKNOWN, "MessageNotUnderstood", body)


@pytest.mark.parametrize(
    ("wanted", "holds"),
    [
        (Wanted(), True),
        (Wanted(reasons=frozenset({"MaxReceivesExceeded", "other"})), True),
        (Wanted(reasons=frozenset({"other"})), False),
        (Wanted(payment_ids=frozenset({"pay-1", "pay-2"})), True),
        (Wanted(payment_ids=frozenset({"pay-2"})), False),
        (Wanted(older_than=HOUR), True),
        (Wanted(older_than=3 * HOUR), False),
        (Wanted(newer_than=3 * HOUR), True),
        (Wanted(newer_than=HOUR), False),
        (Wanted(older_than=HOUR, payment_ids=frozenset({"pay-2"})), False),
    ],
)
def test_letters_are_chosen_by_reason_payment_and_age(wanted: Wanted, *, holds: bool) -> None:
    assert wanted.holds(letter(encode_message("pay-1")), now=SENT + 2 * HOUR) is holds


@pytest.mark.parametrize("detail", [[], {"bucket": "files"}, {"object": None}])
def test_an_upload_of_another_shape_is_a_letter_all_the_same(detail: object) -> None:
    assert letter(UPLOAD | {"detail": detail}, **UPLOAD_ATTRIBUTES).kind is Kind.UNKNOWN


def test_a_letter_of_no_payment_is_not_about_one() -> None:
    assert not Wanted(payment_ids=frozenset({"pay-1"})).holds(letter("not JSON"), now=SENT)


def test_a_letter_whose_records_can_t_be_read_may_be_about_any_payment() -> None:
    unread = replace(letter(NOTE), unread="the stream keeps them no longer")
    assert Wanted(payment_ids=frozenset({"pay-1"})).holds(unread, now=SENT)
    assert not Wanted(payment_ids=frozenset({"pay-1"}), older_than=HOUR).holds(unread, now=SENT)
