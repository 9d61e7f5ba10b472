"""Calls of AWS as the adapters make them, and what IAM asks for before it lets them through."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
from botocore.session import Session

from tests.infra.permissions import Permission

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from botocore.model import OperationModel

    from tests.infra.deployed import Deployed


class Call(NamedTuple):
    """One API call with its parameters as the adapter gave them."""

    service: str
    operation: str
    parameters: Mapping[str, Any]


@contextmanager
def recorded_calls() -> Iterator[list[Call]]:
    """Collect every call of the clients that are made within the block."""
    calls: list[Call] = []
    make_client = Session.create_client

    def note(params: Mapping[str, Any], model: OperationModel, **_: object) -> None:
        calls.append(Call(model.service_model.signing_name, model.name, params))

    def make_recorded_client(*arguments: Any, **options: Any) -> Any:  # noqa: ANN401 - passed on as they come
        client = make_client(*arguments, **options)
        client.meta.events.register("provide-client-params", note)
        return client

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Session, "create_client", make_recorded_client)
        yield calls


def permissions_for(call: Call, deployed: Deployed) -> Iterator[Permission]:
    """Yield what ``call`` needs: for a transaction what each of its writes would need alone, for a batch of messages
    what one of them would.

    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis-iam.html
    https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-api-permissions-reference.html
    https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-with-s3-policy-actions.html

    Raises:
        NotImplementedError: nobody said yet what such a call needs.
    """

    def on(action: str, physical: str, part: str = "") -> Permission:
        return Permission(f"{call.service}:{action}", f"${{{deployed.address_of(physical)}.arn}}{part}")

    match call.operation, call.parameters:
        case "TransactWriteItems", {"TransactItems": writes}:
            yield from (on(f"{kind}Item", write["TableName"]) for each in writes for kind, write in each.items())
        case "BatchGetItem", {"RequestItems": tables}:
            yield from (on("BatchGetItem", table) for table in tables)
        case "SendMessageBatch", {"QueueUrl": queue}:
            yield on("SendMessage", queue)
        case operation, {"Bucket": bucket, "Key": key, **others}:
            for action, part in _object_permissions(operation, key, versioned="VersionId" in others):
                yield on(action, bucket, part)
        case action, {"TableName": table, "IndexName": index}:
            yield on(action, table, f"/index/{index}")
        case "SendTaskSuccess", {"taskToken": machine}:  # the branches that are run here say which machine waits
            yield on("SendTaskSuccess", machine)
        case (
            (
                "GetItem" | "PutItem" | "UpdateItem" | "Query" | "Publish" | "GetSecretValue" | "StartExecution"
            ) as action,
            {"TableName": resource} | {"TopicArn": resource} | {"SecretId": resource} | {"stateMachineArn": resource},
        ):
            yield on(action, resource)
        case _:
            raise NotImplementedError(f"say here what IAM asks for before {call.service} {call.operation}")


def _object_permissions(operation: str, key: str, *, versioned: bool) -> Iterator[tuple[str, str]]:
    folder = f"/{key.partition('/')[0]}/*"
    match operation:
        case "HeadObject" | "GetObject" if versioned:
            yield "GetObjectVersion", folder
        case "GetObject":
            yield "GetObject", folder
        case "PutObject" | "UploadPart" | "CompleteMultipartUpload":
            yield "PutObject", folder
        case "CreateMultipartUpload" | "AbortMultipartUpload":  # whoever begins must be able to give up
            yield "AbortMultipartUpload", folder
        case _:
            raise NotImplementedError(f"say here what IAM asks for before s3 {operation}")
    if operation == "HeadObject" or (operation == "GetObject" and not versioned):
        # Both meet what is not there, which S3 calls forbidden to those who may not list.
        yield "ListBucket", ""
