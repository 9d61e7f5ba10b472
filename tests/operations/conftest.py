"""An environment in a mock of AWS, as far as operators' commands look at it."""

from __future__ import annotations

import io
import json
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.exceptions import ClientError
from click.testing import CliRunner
from moto import mock_aws
from moto.backends import get_backend

from operations import environment as environments
from operations.environment import Environment
from payments.adapters.dynamodb.audit_table import AuditTable
from payments.adapters.dynamodb.payment_item import to_item
from tests.samples import events

if TYPE_CHECKING:
    from collections.abc import Iterator

    import click
    from click.testing import Result

    from payments.domain.payment import Payment

ACCOUNT_ID = "123456789012"  # moto's own
REGION = "eu-west-3"
"""Where no other test keeps anything: a mock that is already running is not emptied for these."""


def refusal(operation: str, code: str = "ThrottlingException") -> ClientError:
    """Return what boto3 raises where AWS refuses ``operation``."""
    return ClientError({"Error": {"Code": code, "Message": "Rate exceeded"}}, operation)


@dataclass
class FakeFunctions:
    """Lambda and Step Functions, which take everything unless told otherwise."""

    answers: list[dict[str, Any]] = field(default_factory=list)
    refusals: list[ClientError] = field(default_factory=list)
    invoked: list[tuple[str, list[Any]]] = field(default_factory=list)
    started: list[tuple[str, Any]] = field(default_factory=list)

    def invoke(self, *, FunctionName: str, Payload: bytes) -> dict[str, Any]:  # noqa: N803 - boto3's own names
        self._refuse()
        self.invoked.append((FunctionName, json.loads(Payload)["Records"]))
        answer = self.answers.pop(0) if self.answers else {"batchItemFailures": []}
        failed = {"FunctionError": "Unhandled"} if "errorMessage" in answer else {}
        return {"Payload": io.BytesIO(json.dumps(answer).encode()), **failed}

    def start_execution(self, *, stateMachineArn: str, input: str) -> None:  # noqa: N803, A002 - boto3's own names
        self._refuse()
        self.started.append((stateMachineArn, json.loads(input)))

    def _refuse(self) -> None:
        if self.refusals:
            raise self.refusals.pop(0)


@dataclass
class FakeStream:
    """The payments table's stream: what the streams API answers, two records a page, and before them empty pages."""

    records: list[dict[str, Any]] = field(default_factory=list)
    empty_pages: int = 1
    closed: bool = False
    refusals: list[ClientError] = field(default_factory=list)

    def put(self, *payments: Payment) -> None:
        for payment in payments:
            change = {
                "SequenceNumber": str(10**20 + len(self.records)),
                "NewImage": to_item(payment),
                "ApproximateCreationDateTime": payment.updated_at,
            }
            event = "INSERT" if payment.version == 1 else "MODIFY"
            self.records.append({"eventName": event, "eventSource": "aws:dynamodb", "dynamodb": change})

    def numbers(self) -> list[str]:
        return [record["dynamodb"]["SequenceNumber"] for record in self.records]

    def get_shard_iterator(self, *, SequenceNumber: str, **_: str) -> dict[str, str]:  # noqa: N803 - boto3's own names
        if self.refusals:
            raise self.refusals.pop(0)
        if SequenceNumber not in self.numbers():
            raise refusal("GetShardIterator", "TrimmedDataAccessException")
        return {"ShardIterator": f"{self.numbers().index(SequenceNumber)}:{self.empty_pages}"}

    def get_records(self, *, ShardIterator: str) -> dict[str, Any]:  # noqa: N803 - boto3's own names
        at, empty_pages = map(int, ShardIterator.split(":"))
        if empty_pages:
            return {"Records": [], "NextShardIterator": f"{at}:{empty_pages - 1}"}
        page: dict[str, Any] = {"Records": self.records[at : at + 2]}
        if self.closed and at + 2 >= len(self.records):
            return page
        return page | {"NextShardIterator": f"{at + 2}:0"}


@dataclass(frozen=True)
class MockEnvironment(Environment):
    """An environment whose functions, workflows and stream are fakes."""

    functions: FakeFunctions = field(default_factory=FakeFunctions)
    stream: FakeStream = field(default_factory=FakeStream)
    clients: dict[str, Any] = field(default_factory=dict)

    def client(self, service: str) -> Any:  # noqa: ANN401 - botocore builds client classes at run time
        fakes = {"lambda": self.functions, "stepfunctions": self.functions, "dynamodbstreams": self.stream}
        if service not in self.clients:
            self.clients[service] = fakes.get(service) or super().client(service)
        return self.clients[service]

    def make_tables(self) -> None:
        keys = {"payment_id": "S", "created_shard": "S", "created_at": "S"}
        index = [
            {"AttributeName": "created_shard", "KeyType": "HASH"},
            {"AttributeName": "created_at", "KeyType": "RANGE"},
        ]
        self.client("dynamodb").create_table(
            TableName=self.name("payments"),
            BillingMode="PAY_PER_REQUEST",
            KeySchema=[{"AttributeName": "payment_id", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": name, "AttributeType": kind} for name, kind in keys.items()],
            GlobalSecondaryIndexes=[
                {"IndexName": "by-day", "KeySchema": index, "Projection": {"ProjectionType": "KEYS_ONLY"}}
            ],
        )
        self.client("dynamodb").create_table(
            TableName=self.name("audit"),
            BillingMode="PAY_PER_REQUEST",
            KeySchema=[
                {"AttributeName": "payment_id", "KeyType": "HASH"},
                {"AttributeName": "version", "KeyType": "RANGE"},
            ],
            AttributeDefinitions=[
                {"AttributeName": "payment_id", "AttributeType": "S"},
                {"AttributeName": "version", "AttributeType": "N"},
            ],
        )

    def make_queue(self, part: str, **attributes: str) -> str:
        made = self.client("sqs").create_queue(QueueName=self.name(part), Attributes=attributes)
        return str(made["QueueUrl"])

    def make_queue_with_dead_letters(self, part: str) -> tuple[str, str]:
        """Return the URLs of both."""
        dead_letters = self.make_queue(f"{part}-dead-letters")
        found = self.client("sqs").get_queue_attributes(QueueUrl=dead_letters, AttributeNames=["QueueArn"])
        policy = {"deadLetterTargetArn": found["Attributes"]["QueueArn"], "maxReceiveCount": 5}
        return self.make_queue(part, RedrivePolicy=json.dumps(policy)), dead_letters

    def bodies_in(self, queue_url: str) -> list[str]:
        """Return what waits in the queue for everybody to see, and let it wait on."""
        received = self.client("sqs").receive_message(QueueUrl=queue_url, MaxNumberOfMessages=10, VisibilityTimeout=0)
        return sorted(message["Body"] for message in received.get("Messages", []))

    def store(self, payment: Payment, *, recorded: bool = True) -> Payment:
        self.client("dynamodb").put_item(TableName=self.name("payments"), Item=to_item(payment))
        if recorded:
            for event in events(payment):
                AuditTable(self.client("dynamodb"), self.name("audit")).append(event)
        return payment


@cache
def _session() -> boto3.Session:
    # Reading the descriptions of services costs more than what the tests do with them.
    return boto3.Session(region_name=REGION)


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> Iterator[MockEnvironment]:
    """An empty environment, which every command works on."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("SUFFIX", "dev")
    with mock_aws():
        for service in ("dynamodb", "sqs"):
            get_backend(service)[ACCOUNT_ID][REGION].reset()
        made = MockEnvironment("dev", _session())
        monkeypatch.setattr(environments, "on_aws", lambda _suffix, _region: made)
        yield made


def run(command: click.Command, *words: str, answer: str | None = None) -> Result:
    """Return what came of typing ``words``."""
    return CliRunner().invoke(command, words, input=answer)
