"""Everything a deployment leaves behind, read back as text: what it logged, queued, stored and published."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

from boto3.dynamodb.types import TypeDeserializer

from local_aws import account

if TYPE_CHECKING:
    from collections.abc import Iterator

    from local_aws.deployment import Deployment

_MESSAGES_A_CALL = 10
_READER = TypeDeserializer()


class Text(NamedTuple):
    """One text, and where it was found."""

    where: str
    text: str


class LeftBehind:
    """Reads one deployment, as its operators may; nothing is taken away."""

    def __init__(self, deployment: Deployment) -> None:
        self._deployment = deployment
        self._session = account.session(deployment.region)

    def logged(self) -> Iterator[Text]:
        """Yield every line of every log group."""
        logs = self._client("logs")
        for page in logs.get_paginator("describe_log_groups").paginate():
            for group in page["logGroups"]:
                name = group["logGroupName"]
                for events in logs.get_paginator("filter_log_events").paginate(logGroupName=name):
                    yield from (Text(name, event["message"]) for event in events["events"])

    def functions(self) -> Iterator[str]:
        """Yield the name of every function."""
        for page in self._client("lambda").get_paginator("list_functions").paginate():
            yield from (function["FunctionName"] for function in page["Functions"])

    def invoked(self) -> set[str]:
        """Return the names of the functions that ran: every run leaves lines in its function's log group."""
        logs = self._client("logs")
        return {
            name
            for name in self.functions()
            if logs.filter_log_events(logGroupName=f"/aws/lambda/{name}", limit=1)["events"]
        }

    def queued(self) -> Iterator[Text]:
        """Yield every message that waits in a queue, dead letters and the back office's mailbox included."""
        sqs = self._client("sqs")
        for url in sqs.list_queues().get("QueueUrls", []):
            seen: set[str] = set()
            # Hidden for a moment only, so that one pass sees each message once and the next reader sees them all.
            while messages := sqs.receive_message(
                QueueUrl=url, MaxNumberOfMessages=_MESSAGES_A_CALL, VisibilityTimeout=5, MessageAttributeNames=["All"]
            ).get("Messages"):
                new = [message for message in messages if message["MessageId"] not in seen]
                if not new:
                    break
                seen |= {message["MessageId"] for message in new}
                for message in new:
                    said = [json.loads(message["Body"]), message.get("MessageAttributes")]
                    yield from _texts_in(said, url.rpartition("/")[2])

    def stored(self) -> Iterator[Text]:
        """Yield every value that a table holds."""
        dynamodb = self._client("dynamodb")
        for table in dynamodb.list_tables()["TableNames"]:
            for page in dynamodb.get_paginator("scan").paginate(TableName=table, ConsistentRead=True):
                for item in page["Items"]:
                    yield from _texts_in(_plain(item), table)

    def written(self) -> Iterator[Text]:
        """Yield every file that the pipeline wrote to its bucket; what customers uploaded is theirs."""
        s3, bucket = self._client("s3"), self._deployment.outputs["batch_bucket_name"]
        for prefix in ("rejected/", "work/"):
            for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
                for found in page.get("Contents", []):
                    body = s3.get_object(Bucket=bucket, Key=found["Key"])["Body"].read()
                    yield Text(f"{bucket} {found['Key']}", body.decode())

    def secrets(self) -> Iterator[Text]:
        """Yield every secret that somebody has put in, and the API key."""
        yield Text("the API key", self._deployment.api_key)
        secrets = self._client("secretsmanager")
        for page in secrets.get_paginator("list_secrets").paginate():
            for secret in page["SecretList"]:
                try:
                    value = secrets.get_secret_value(SecretId=secret["ARN"])["SecretString"]
                except secrets.exceptions.ResourceNotFoundException:
                    continue
                yield Text(secret["Name"], value.removeprefix("whsec_"))

    def _client(self, service: Any) -> Any:  # noqa: ANN401 - a client of any service
        return self._session.client(service, endpoint_url=self._deployment.endpoint_url, config=account.DIRECT)


def texts_of(document: str, where: str) -> Iterator[Text]:
    """Yield every text of a JSON document."""
    return _texts_in(json.loads(document), where)


def _texts_in(value: Any, where: str) -> Iterator[Text]:  # noqa: ANN401 - a JSON value, however deep
    if isinstance(value, dict):
        for name, inner in value.items():
            yield Text(where, name)
            yield from _texts_in(inner, f"{where} {name}")
    elif isinstance(value, list):
        for inner in value:
            yield from _texts_in(inner, where)
    else:
        yield Text(where, str(value))


def _plain(item: dict[str, Any]) -> dict[str, Any]:
    return {name: _READER.deserialize(value) for name, value in item.items()}
