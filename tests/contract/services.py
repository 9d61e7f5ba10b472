"""AWS services to hold adapters against, with resources of the shape the stack gives them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import uuid4

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from mypy_boto3_dynamodb.client import DynamoDBClient
    from mypy_boto3_dynamodb.literals import KeyTypeType
    from mypy_boto3_dynamodb.type_defs import CreateTableInputTypeDef, GlobalSecondaryIndexTypeDef
    from mypy_boto3_s3.client import S3Client
    from mypy_boto3_secretsmanager.client import SecretsManagerClient
    from mypy_boto3_sns.client import SNSClient
    from mypy_boto3_sqs.client import SQSClient
    from mypy_boto3_stepfunctions.client import SFNClient

_PARTITION: KeyTypeType = "HASH"
_SORT: KeyTypeType = "RANGE"


@dataclass(frozen=True)
class Services:
    """Clients of one AWS, real, embedded or mocked; every resource made here has a new name."""

    dynamodb: DynamoDBClient
    sqs: SQSClient
    sns: SNSClient
    secrets_manager: SecretsManagerClient
    s3: S3Client
    step_functions: SFNClient

    def payments_table(self) -> str:
        """Return the name of a new payments table."""
        return self._table(
            {"payment_id": _PARTITION},
            indexes=[
                _index("by-customer", "customer_id", "created_at"),
                _index("by-day", "created_shard", "created_at"),
                _index("open-by-due", "open_shard", "due_at"),
                _index("settled-by-batch", "batch_shard", "status"),
            ],
        )

    def batches_table(self) -> str:
        """Return the name of a new batches table."""
        return self._table(
            {"batch_id": _PARTITION},
            indexes=[_index("by-day", "created_day", "created_at"), _index("open-by-due", "open_shard", "due_at")],
        )

    def bucket(self) -> str:
        """Return the name of a new bucket that keeps versions."""
        name = f"contract-{uuid4()}"
        self.s3.create_bucket(Bucket=name)
        self.s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
        return name

    def audit_table(self) -> str:
        """Return the name of a new audit table."""
        return self._table({"payment_id": _PARTITION, "version": _SORT}, numbers={"version"})

    def ledger_table(self) -> str:
        """Return the name of a new table for the simulated gateway's ledger."""
        return self._table(
            {"reference": _PARTITION, "idempotency_key": _SORT},
            indexes=[_index("by-day", "charged_shard", "charged_at")],
        )

    def text_in(self, bucket: str, key: str) -> str:
        """Return what the object holds."""
        return self.s3.get_object(Bucket=bucket, Key=key)["Body"].read().decode()

    def queue(self) -> str:
        """Return the URL of a new queue."""
        return self.sqs.create_queue(QueueName=f"contract-{uuid4()}")["QueueUrl"]

    def topic(self) -> ReadTopic:
        """Return a new topic that is read."""
        arn = self.sns.create_topic(Name=f"contract-{uuid4()}")["TopicArn"]
        return ReadTopic(arn=arn, queue_url=self._mailbox(arn), services=self)

    def bodies_in(self, queue_url: str) -> list[Any]:
        """Take every message out of the queue and return their bodies, parsed."""
        bodies: list[Any] = []
        while received := self.sqs.receive_message(QueueUrl=queue_url, MaxNumberOfMessages=10).get("Messages"):
            bodies += [json.loads(message["Body"]) for message in received]
            self.sqs.delete_message_batch(
                QueueUrl=queue_url,
                Entries=[{"Id": str(at), "ReceiptHandle": each["ReceiptHandle"]} for at, each in enumerate(received)],
            )
        return bodies

    def _mailbox(self, topic_arn: str) -> str:
        url = self.queue()
        arn = self.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        policy = {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Principal": {"Service": "sns.amazonaws.com"},
                    "Action": "sqs:SendMessage",
                    "Resource": arn,
                    "Condition": {"ArnEquals": {"aws:SourceArn": topic_arn}},
                }
            ],
        }
        self.sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": json.dumps(policy)})
        self.sns.subscribe(TopicArn=topic_arn, Protocol="sqs", Endpoint=arn)
        return url

    def _table(
        self,
        keys: dict[str, KeyTypeType],
        *,
        numbers: Collection[str] = (),
        indexes: Sequence[GlobalSecondaryIndexTypeDef] = (),
    ) -> str:
        name = f"contract-{uuid4()}"
        of_indexes = [key["AttributeName"] for index in indexes for key in index["KeySchema"]]
        wanted: CreateTableInputTypeDef = {
            "TableName": name,
            "BillingMode": "PAY_PER_REQUEST",
            "KeySchema": [{"AttributeName": key, "KeyType": kind} for key, kind in keys.items()],
            "AttributeDefinitions": [
                {"AttributeName": key, "AttributeType": "N" if key in numbers else "S"}
                for key in dict.fromkeys([*keys, *of_indexes])
            ],
        }
        if indexes:
            wanted["GlobalSecondaryIndexes"] = indexes
        self.dynamodb.create_table(**wanted)
        return name


@dataclass(frozen=True)
class ReadTopic:
    """A topic, and the queue that gets what it sends."""

    arn: str
    queue_url: str
    services: Services

    def envelopes(self) -> list[dict[str, Any]]:
        """Take out what was published since the last time, with subjects and attributes."""
        return self.services.bodies_in(self.queue_url)

    def messages(self) -> list[dict[str, Any]]:
        """Take out what was published since the last time, parsed."""
        return [json.loads(envelope["Message"]) for envelope in self.envelopes()]


def _index(name: str, partition_key: str, sort_key: str) -> GlobalSecondaryIndexTypeDef:
    return {
        "IndexName": name,
        "KeySchema": [
            {"AttributeName": partition_key, "KeyType": "HASH"},
            {"AttributeName": sort_key, "KeyType": "RANGE"},
        ],
        "Projection": {"ProjectionType": "KEYS_ONLY"},
    }
