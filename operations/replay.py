"""Gives functions what they gave up: records from the stream while it keeps them, else a payment as it is now."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from operations.environment import Environment, OperationError
from operations.letters import StreamPosition, WorkflowStart
from payments.domain.errors import PaymentNotFound

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient
    from mypy_boto3_lambda.client import LambdaClient
    from mypy_boto3_stepfunctions.client import SFNClient

Record = Mapping[str, Any]

_GONE = {"TrimmedDataAccessException", "ResourceNotFoundException", "ExpiredIteratorException"}
"""What DynamoDB says of records older than 24 hours and of their shards.
https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_streams_GetShardIterator.html"""


class NotReplayedError(OperationError):
    """It could not be given back; the message says why."""


class Replay:
    """Replays in one environment."""

    def __init__(self, environment: Environment) -> None:
        self._environment = environment
        self._streams = environment.client("dynamodbstreams")
        self._dynamodb: DynamoDBClient = environment.client("dynamodb")
        self._lambda: LambdaClient = environment.client("lambda")
        self._workflows: SFNClient = environment.client("stepfunctions")

    def records(self, position: StreamPosition) -> list[Record]:
        """Return the records that stood at ``position``, as Lambda hands them to a function.

        Raises:
            NotReplayedError: the stream keeps them no longer.
        """
        try:
            return [_for_lambda(record, position.stream_arn) for record in self._read(position)]
        except ClientError as error:
            if error.response["Error"]["Code"] not in _GONE:
                raise
            raise NotReplayedError(
                "the stream keeps its records for 24 hours and these are gone: find the payments in the function's log "
                "and give it each by scripts/dlq replay"
            ) from error

    def give(self, function: str, records: Sequence[Record]) -> None:
        """Run ``function`` (its name or ARN) with ``records``.

        Raises:
            NotReplayedError: it failed, at some of them at least.
        """
        answer = self._lambda.invoke(FunctionName=function, Payload=json.dumps({"Records": records}).encode())
        said = json.loads(answer["Payload"].read() or b"null")
        if "FunctionError" in answer:
            raise NotReplayedError(f"{_name(function)} failed: {_reason(said)}")
        failures = (said or {}).get("batchItemFailures", [])
        if failures:
            raise NotReplayedError(f"{_name(function)} failed from record {failures[0]['itemIdentifier']} on")

    def give_payment(self, worker: str, payment_id: str) -> None:
        """Give the dispatcher or the auditor a payment as if it had just changed to what it is now.

        Raises:
            PaymentNotFound: no payment has this id.
            NotReplayedError: the function failed.
        """
        found = self._dynamodb.get_item(
            TableName=self._environment.name("payments"), Key={"payment_id": {"S": payment_id}}, ConsistentRead=True
        )
        if "Item" not in found:
            raise PaymentNotFound(payment_id)
        change = {"SequenceNumber": "1", "NewImage": found["Item"]}
        record = {"eventSource": "aws:dynamodb", "eventName": "MODIFY", "dynamodb": change}
        self.give(self._environment.name(worker), [record])

    def start(self, start: WorkflowStart) -> None:
        """Start what EventBridge could not; a workflow finds out by itself whether its file is a new one.

        Raises:
            NotReplayedError: the letter does not name a file.
        """
        if not start.input:
            raise NotReplayedError("it names no uploaded file: look at what it says, and delete it by hand")
        self._workflows.start_execution(stateMachineArn=start.workflow_arn, input=json.dumps(start.input))

    def _read(self, position: StreamPosition) -> list[Record]:
        iterator = self._streams.get_shard_iterator(
            StreamArn=position.stream_arn,
            ShardId=position.shard_id,
            ShardIteratorType="AT_SEQUENCE_NUMBER",
            SequenceNumber=position.first,
        )["ShardIterator"]
        found: list[Record] = []
        while iterator:
            page = self._streams.get_records(ShardIterator=iterator)
            found += [record for record in page["Records"] if _number(record) <= int(position.last)]
            if not page["Records"] or _number(page["Records"][-1]) >= int(position.last):
                break
            iterator = page.get("NextShardIterator")
        return found


def payment_ids(records: Sequence[Record]) -> tuple[str, ...]:
    """Return the payments that ``records`` are about, each once."""
    images = (record["dynamodb"].get("NewImage", {}) for record in records)
    return tuple(dict.fromkeys(image["payment_id"]["S"] for image in images if "status" in image))


def _for_lambda(record: Record, stream_arn: str) -> Record:
    # The streams' own API gives a time where an event has seconds, and leaves the source out.
    change = {
        name: value.timestamp() if isinstance(value, datetime) else value for name, value in record["dynamodb"].items()
    }
    return {**record, "dynamodb": change, "eventSourceARN": stream_arn}


def _number(record: Record) -> int:
    return int(record["dynamodb"]["SequenceNumber"])


def _name(function: str) -> str:
    return function.partition(":function:")[2] or function


def _reason(said: object) -> str:
    return str(said.get("errorMessage", said)) if isinstance(said, dict) else str(said)
