"""Operators' commands on the deployed pipeline, whose functions do the work under their own roles."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from click.testing import CliRunner

from operations import audit, dlq, review
from operations import environment as environments
from payments.adapters.dynamodb.payment_item import to_item
from payments.domain.messages import encode_message
from payments.domain.payment import Status
from tests.e2e.client import eventually
from tests.samples import accepted, as_requested, claimed, settled

if TYPE_CHECKING:
    import click
    from click.testing import Result

    from local_aws.deployment import Deployment
    from local_aws.environment import LocalEnvironment
    from operations.environment import Environment
    from tests.e2e.client import Client

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("embedded_aws")]


@pytest.fixture
def deployed(deployment: Deployment, monkeypatch: pytest.MonkeyPatch) -> Environment:
    """The shared deployment, which every command works on."""
    found = environments.local_environment(deployment.to_json())
    monkeypatch.setattr(environments, "on_aws", lambda _suffix, _region: found)
    monkeypatch.setenv("SUFFIX", found.suffix)
    return found


def run(command: click.Command, *words: str) -> Result:
    return CliRunner().invoke(command, words)


def put(deployed: Environment, part: str, body: str) -> None:
    sqs = deployed.client("sqs")
    queue = sqs.get_queue_url(QueueName=deployed.name(f"{part}-dead-letters"))["QueueUrl"]
    sqs.send_message(QueueUrl=queue, MessageBody=body)


def numbers_of(deployed: Environment, payment_id: str) -> tuple[str, list[str]]:
    """Return the stream's ARN and where the payment's changes stand in it; the embedded AWS has one shard."""
    streams = deployed.client("dynamodbstreams")
    table = deployed.client("dynamodb").describe_table(TableName=deployed.name("payments"))["Table"]
    arn = table["LatestStreamArn"]
    (shard,) = streams.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"]
    where = {"StreamArn": arn, "ShardId": shard["ShardId"], "ShardIteratorType": "TRIM_HORIZON"}
    iterator = streams.get_shard_iterator(**where)["ShardIterator"]
    records: list[dict[str, Any]] = []
    while page := streams.get_records(ShardIterator=iterator):
        records += [one["dynamodb"] for one in page["Records"]]
        if not page["Records"]:
            break
        iterator = page["NextShardIterator"]
    return arn, [one["SequenceNumber"] for one in records if one["Keys"]["payment_id"]["S"] == payment_id]


def note(deployed: Environment, worker: str, payment_id: str) -> str:
    """Return what Lambda would leave of the payment's changes if ``worker`` had given them up."""
    arn, numbers = numbers_of(deployed, payment_id)
    function = deployed.client("lambda").get_function(FunctionName=deployed.name(worker))["Configuration"]
    return json.dumps(
        {
            "requestContext": {"functionArn": function["FunctionArn"], "condition": "RetryAttemptsExhausted"},
            "DDBStreamBatchInfo": {
                "shardId": "shardId-00000000000000000000-00000000",
                "startSequenceNumber": numbers[0],
                "endSequenceNumber": numbers[-1],
                "streamArn": arn,
            },
        }
    )


def forget(deployed: Environment, payment_id: str, version: int) -> None:
    key = {"payment_id": {"S": payment_id}, "version": {"N": str(version)}}
    deployed.client("dynamodb").delete_item(TableName=deployed.name("audit"), Key=key)


def test_events_the_auditor_gave_up_are_found_missing_and_recorded_after_all(
    client: Client, deployed: Environment
) -> None:
    payment_id = client.accepted({"amount": "12.34"})
    client.settled(payment_id)
    version = len(client.events(payment_id, count=3))
    verify = (audit.main, "verify", payment_id, "--allowed-lag-seconds", "0")
    assert run(*verify).exit_code == 0
    forget(deployed, payment_id, version)
    assert run(*verify).exit_code == 1
    put(deployed, "auditor", note(deployed, "auditor", payment_id))
    redriven = run(dlq.main, "redrive", "auditor", "--payment-id", payment_id, "--json")
    assert redriven.exit_code == 0, redriven.output
    assert run(*verify).exit_code == 0
    forget(deployed, payment_id, 1)
    assert run(dlq.main, "replay", "auditor", payment_id).exit_code == 0
    assert run(*verify).exit_code == 0


def test_a_customer_who_was_not_told_is_told_once_the_letter_is_redriven(
    client: Client, deployed: Environment, environment: LocalEnvironment
) -> None:
    payment_id = client.accepted({"amount": "12.34"})
    first = client.notification_of(payment_id)
    put(deployed, "notification", encode_message(payment_id))
    words = ("notification", "--payment-id", payment_id)
    assert payment_id in run(dlq.main, "show", *words).stdout
    assert run(dlq.main, "redrive", *words).exit_code == 0
    told = eventually(
        lambda: [one for one in environment.notifications() if one.body == first.body], lambda found: len(found) > 1
    )
    assert len({one.headers["webhook-id"] for one in told}) == 1


def test_a_payment_that_needs_review_is_settled_recorded_and_told(client: Client, deployed: Environment) -> None:
    payment_id = f"review-{uuid4()}"
    unsettled = settled(claimed(as_requested(accepted(payment_id))), Status.NEEDS_REVIEW, gateway_reference=None)
    deployed.client("dynamodb").put_item(TableName=deployed.name("payments"), Item=to_item(unsettled))
    words = ("--to", "succeeded", "--gateway-reference", "ch_9", "--actor", "ada", "--reason", "seen at the gateway")
    done = run(review.main, "settle", payment_id, *words, "--yes")
    assert done.exit_code == 0, done.output
    assert client.get(f"/payments/{payment_id}").body["status"] == "succeeded"
    assert client.events(payment_id, count=4)[-1]["actor"] == "operator:ada"
    assert client.notification_of(payment_id)
    assert run(audit.main, "verify", payment_id, "--allowed-lag-seconds", "0").exit_code == 0
