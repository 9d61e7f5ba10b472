"""Connections to AWS: one botocore session per process, clients with time-outs that fit inside a function's own.

botocore is used without boto3: the pipeline speaks the low-level protocol (exact numbers, no float anywhere), and the
import is what a cold start pays for. Clients are safe to share between threads.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, cast

import botocore.session
from botocore.config import Config

if TYPE_CHECKING:
    from botocore.exceptions import ClientError
    from mypy_boto3_dynamodb.client import DynamoDBClient
    from mypy_boto3_s3.client import S3Client
    from mypy_boto3_secretsmanager.client import SecretsManagerClient
    from mypy_boto3_sns.client import SNSClient
    from mypy_boto3_sqs.client import SQSClient
    from mypy_boto3_stepfunctions.client import SFNClient

_PARALLEL_RECORDS = 10
"""Records of one batch handled at once; each may hold a connection."""

_TRUSTED = {"parameter_validation": False}
"""For writers of many items: looking at the types of each doubles what a write costs, and DynamoDB looks too."""


@cache
def _session() -> botocore.session.Session:
    return botocore.session.get_session()


def _client(service: str, *, read_timeout_seconds: int, **options: Any) -> Any:  # noqa: ANN401 - botocore builds client classes at run time
    config = Config(
        connect_timeout=1,
        read_timeout=read_timeout_seconds,
        # Standard mode backs off with jitter and stops retrying when the service as a whole is unwell.
        retries={"mode": "standard", "total_max_attempts": 3},
        max_pool_connections=_PARALLEL_RECORDS,
        tcp_keepalive=True,
        # botocore puts its own, long one together anew, twice for each request: a seventh of what a call costs.
        user_agent="payments",
        **options,
    )
    return _session().create_client(service, config=config)


def dynamodb() -> DynamoDBClient:
    """Return a DynamoDB client; a request that takes 2 seconds is lost, and better tried again while a caller waits."""
    return cast("DynamoDBClient", _client("dynamodb", read_timeout_seconds=2))


def dynamodb_for_many() -> DynamoDBClient:
    """Return a DynamoDB client for requests about many items at once, for which nobody waits at the other end."""
    return cast("DynamoDBClient", _client("dynamodb", read_timeout_seconds=10, **_TRUSTED))


def s3() -> S3Client:
    """Return an S3 client; the time-out is that of one read, not of a whole object."""
    return cast("S3Client", _client("s3", read_timeout_seconds=10))


def sqs() -> SQSClient:
    """Return an SQS client."""
    return cast("SQSClient", _client("sqs", read_timeout_seconds=5))


def sns() -> SNSClient:
    """Return an SNS client."""
    return cast("SNSClient", _client("sns", read_timeout_seconds=5))


def step_functions() -> SFNClient:
    """Return a Step Functions client; several requests follow each other where changes ask for several workflows."""
    return cast("SFNClient", _client("stepfunctions", read_timeout_seconds=2))


def secrets_manager() -> SecretsManagerClient:
    """Return a Secrets Manager client."""
    return cast("SecretsManagerClient", _client("secretsmanager", read_timeout_seconds=5))


def error_code(error: ClientError) -> str:
    """Return the code AWS answered with, such as ``ConditionalCheckFailedException``."""
    return error.response.get("Error", {}).get("Code", "")
