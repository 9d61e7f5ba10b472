"""Where MiniStack keeps objects, and tells of them, otherwise than S3 and EventBridge."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from tests.e2e.client import eventually
from tests.e2e.probes.account import NOTHING
from tests.e2e.probes.workflows import CAUGHT, machine

if TYPE_CHECKING:
    from tests.e2e.probes.account import Account

EVENTS_OF_UPLOADS = {"source": ["aws.s3"], "detail-type": ["Object Created"]}
GETS = """
import boto3
from botocore.exceptions import ClientError
def handler(event, context):
    try:
        boto3.client('s3').get_object(**event)
    except ClientError as error:
        return error.response['Error']['Code']
"""
ONE_OBJECT = {"Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}]}


def watched_bucket(account: Account, name: str, target: dict[str, Any]) -> None:
    """Create a versioned bucket and a rule that tells ``target`` of uploads."""
    storage, events = account.client("s3"), account.client("events")
    storage.create_bucket(Bucket=name)
    storage.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
    storage.put_bucket_notification_configuration(
        Bucket=name, NotificationConfiguration={"EventBridgeConfiguration": {}}
    )
    pattern = EVENTS_OF_UPLOADS | {"detail": {"bucket": {"name": [name]}}}
    events.put_rule(Name=name, EventPattern=json.dumps(pattern))
    events.put_targets(Rule=name, Targets=[{"Id": "target", **target}])


def uploaded_versions(account: Account) -> None:
    """The event of an upload names the version, and the key as it was given."""
    url, queue = account.queue("uploads")
    watched_bucket(account, "versioned", {"Arn": queue})
    key = "incoming/Zahlungen März + 1.csv"
    version = account.client("s3").put_object(Bucket="versioned", Key=key, Body=b"a")["VersionId"]
    (event,) = eventually(lambda: account.received(url), bool, timeout_seconds=account.patience_seconds)
    assert (event["detail"]["object"]["version-id"], event["detail"]["object"]["key"]) == (version, key)


def event_starts(account: Account) -> None:
    """A rule starts what its role allows; what it could not start is a dead letter."""
    url, dead = account.queue("unstarted")
    account.role("starts-nothing", NOTHING)
    arn = machine(account, "unstarted", Only=CAUGHT)
    role = "arn:aws:iam::000000000000:role/starts-nothing"
    watched_bucket(account, "unstarted", {"Arn": arn, "RoleArn": role, "DeadLetterConfig": {"Arn": dead}})
    account.client("s3").put_object(Bucket="unstarted", Key="a", Body=b"a")
    (event,) = eventually(lambda: account.received(url), bool, timeout_seconds=account.patience_seconds)
    assert event["detail"]["object"]["key"] == "a"
    assert account.client("stepfunctions").list_executions(stateMachineArn=arn)["executions"] == []


def ranged_versions(account: Account) -> None:
    """A range of an old version is that range of that version."""
    storage = account.client("s3")
    storage.create_bucket(Bucket="ranged")
    storage.put_bucket_versioning(Bucket="ranged", VersioningConfiguration={"Status": "Enabled"})
    old, _ = (storage.put_object(Bucket="ranged", Key="a", Body=body)["VersionId"] for body in (b"012345", b"new"))
    part = storage.get_object(Bucket="ranged", Key="a", VersionId=old, Range="bytes=1-3")
    assert (part["Body"].read(), part["ContentRange"]) == (b"123", "bytes 1-3/6")


def missing_objects(account: Account) -> None:
    """Who may not list a bucket is not told what is missing in it."""
    account.client("s3").create_bucket(Bucket="discreet")
    account.function("discreet", GETS, policy=ONE_OBJECT)
    event = json.dumps({"Bucket": "discreet", "Key": "missing"})
    answer = account.client("lambda").invoke(FunctionName="discreet", Payload=event)
    assert json.load(answer["Payload"]) == "AccessDenied"


def version_listings(account: Account) -> None:
    """Keys are encoded where that is asked for, so that who decodes them finds each again."""
    storage, key = account.client("s3"), "incoming/a%20b + März&c.csv"
    storage.create_bucket(Bucket="listed")
    storage.put_bucket_versioning(Bucket="listed", VersioningConfiguration={"Status": "Enabled"})
    storage.put_object(Bucket="listed", Key=key, Body=b"a")
    (version,) = storage.list_object_versions(Bucket="listed", EncodingType="url")["Versions"]
    assert version["Key"] == quote(key)
