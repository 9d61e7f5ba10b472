"""An account on a bare emulator, and short ways to put things into it."""

from __future__ import annotations

import io
import json
import zipfile
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from local_aws.account import DIRECT, session
from local_aws.loopback import Reply, send

if TYPE_CHECKING:
    import boto3
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_ec2 import EC2Client
    from mypy_boto3_sqs import SQSClient

REGION = "us-east-1"
ANYTHING = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
NOTHING = {"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "*", "Resource": "*"}]}
TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"},
    ],
}


@dataclass(frozen=True)
class Account:
    """One emulated account; probes name what they make after themselves, so that none meets another's.

    ``patience_seconds`` is how long to wait for what should come by itself.
    """

    endpoint_url: str
    patience_seconds: float

    @cached_property
    def session(self) -> boto3.Session:
        return session(REGION)

    @cached_property
    def ec2(self) -> EC2Client:
        return self.session.client("ec2", endpoint_url=self.endpoint_url, config=DIRECT)

    @cached_property
    def sqs(self) -> SQSClient:
        return self.session.client("sqs", endpoint_url=self.endpoint_url, config=DIRECT)

    @cached_property
    def dynamodb(self) -> DynamoDBClient:
        return self.session.client("dynamodb", endpoint_url=self.endpoint_url, config=DIRECT)

    def client(self, service: str) -> Any:  # noqa: ANN401 - any service's
        make: Any = self.session.client
        return make(service, endpoint_url=self.endpoint_url, config=DIRECT)

    def query(self, service: str, action: str, **parameters: str) -> Reply:
        """Send a request in the query protocol, as Terraform does where SDKs have a newer one."""
        signature = f"AWS4-HMAC-SHA256 Credential=000000000000/20260101/{REGION}/{service}/aws4_request, "
        headers = {
            "Authorization": f"{signature}SignedHeaders=host, Signature=none",
            "Content-Type": "application/x-www-form-urlencoded",
        }
        form = "&".join(f"{name}={value}" for name, value in {"Action": action, **parameters}.items())
        return send("POST", f"{self.endpoint_url}/", headers=headers, body=form.encode())

    def role(self, name: str, policy: object) -> str:
        """Create a function's role and return its ARN."""
        iam = self.client("iam")
        made = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(TRUST))
        iam.put_role_policy(RoleName=name, PolicyName="probe", PolicyDocument=json.dumps(policy))
        return str(made["Role"]["Arn"])

    def function(self, name: str, code: str, *, policy: object = ANYTHING) -> str:
        """Create a function from Python source and return its ARN; what it prints is in `printed`."""
        archive = io.BytesIO()
        with zipfile.ZipFile(archive, "w") as zipped:
            zipped.writestr("handler.py", code)
        made = self.client("lambda").create_function(
            FunctionName=name,
            Runtime="python3.13",
            Role=self.role(name, policy),
            Handler="handler.handler",
            Timeout=20,
            Code={"ZipFile": archive.getvalue()},
        )
        return str(made["FunctionArn"])

    def map(self, source_arn: str, function: str, **options: object) -> None:
        """Let a function consume a queue or a stream."""
        position = {} if ":sqs:" in source_arn else {"StartingPosition": "TRIM_HORIZON"}
        self.client("lambda").create_event_source_mapping(
            EventSourceArn=source_arn, FunctionName=function, **position, **options
        )

    def printed(self, function: str) -> list[Any]:
        """Return what a function has printed so far, each line being JSON; everything else is left out."""
        logs = self.client("logs")
        try:
            events = logs.filter_log_events(logGroupName=f"/aws/lambda/{function}")["events"]
        except logs.exceptions.ResourceNotFoundException:
            return []
        lines = [line for event in events for line in event["message"].splitlines()]
        return [json.loads(line) for line in lines if line.startswith(("[", "{", '"'))]

    def queue(self, name: str, **attributes: str) -> tuple[str, str]:
        """Create a queue; return its URL and ARN."""
        url = str(self.client("sqs").create_queue(QueueName=name, Attributes=attributes)["QueueUrl"])
        return url, f"arn:aws:sqs:{REGION}:000000000000:{name}"

    def received(self, queue_url: str) -> list[Any]:
        """Take what is in a queue now, each body being JSON."""
        answer = self.sqs.receive_message(QueueUrl=queue_url, MaxNumberOfMessages=10)
        return [json.loads(message["Body"]) for message in answer.get("Messages", [])]

    def stream(self, table: str) -> str:
        """Create a table whose items have an `id`; return the ARN of its stream."""
        made = self.dynamodb.create_table(
            TableName=table,
            BillingMode="PAY_PER_REQUEST",
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
            StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"},
        )
        return made["TableDescription"]["LatestStreamArn"]

    def put(self, table: str, *ids: str, **numbers: str) -> None:
        """Put items into a table, one after the other."""
        for each in ids:
            attributes = {name: {"N": number} for name, number in numbers.items()}
            self.dynamodb.put_item(TableName=table, Item={"id": {"S": each}, **attributes})
