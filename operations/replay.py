"""Gives functions and workflows what they could not handle: records, a payment as it is now, an uploaded file."""

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING

from operations.environment import Environment
from operations.letters import WorkflowStart
from operations.stream import NotReplayedError, Record
from payments.adapters.dynamodb.payment_item import is_payment
from payments.domain.errors import PaymentNotFound

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient
    from mypy_boto3_lambda.client import LambdaClient
    from mypy_boto3_stepfunctions.client import SFNClient


class Replay:
    """Replays in one environment."""

    def __init__(self, environment: Environment) -> None:
        self._environment = environment
        self._dynamodb: DynamoDBClient = environment.client("dynamodb")
        self._lambda: LambdaClient = environment.client("lambda")
        self._workflows: SFNClient = environment.client("stepfunctions")

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
        item = found.get("Item", {})
        if not is_payment(item):
            raise PaymentNotFound(payment_id)
        change = {"SequenceNumber": "1", "NewImage": item}
        record = {"eventSource": "aws:dynamodb", "eventName": "MODIFY", "dynamodb": change}
        self.give(self._environment.name(worker), [record])

    def start(self, start: WorkflowStart) -> None:
        """Start what EventBridge could not; a workflow finds out by itself whether its file is a new one."""
        self._workflows.start_execution(stateMachineArn=start.workflow_arn, input=json.dumps(start.input))


def _name(function: str) -> str:
    return function.partition(":function:")[2] or function


def _reason(said: object) -> str:
    return str(said.get("errorMessage", said)) if isinstance(said, dict) else str(said)
