"""Where the contracts are checked: in-process mocks of AWS, or whatever ``CONTRACT_AWS_ENDPOINT_URL`` names."""

from __future__ import annotations

import os
from contextlib import nullcontext
from types import SimpleNamespace
from typing import TYPE_CHECKING

import botocore.endpoint
import pytest
from moto import mock_aws

from payments.adapters import aws
from tests.contract.services import Services

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session")
def services() -> Iterator[Services]:
    endpoint_url = os.environ.get("CONTRACT_AWS_ENDPOINT_URL")
    with pytest.MonkeyPatch.context() as environment:
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            environment.setenv(name, "testing")
        environment.setenv("AWS_DEFAULT_REGION", "us-east-1")
        if endpoint_url:
            environment.setenv("AWS_ENDPOINT_URL", endpoint_url)
        # A repeated request should follow at once: what is tested is that it is recognised.
        environment.setattr(botocore.endpoint, "time", SimpleNamespace(sleep=lambda _: None))
        with nullcontext() if endpoint_url else mock_aws():
            yield Services(dynamodb=aws.dynamodb(), sqs=aws.sqs(), sns=aws.sns(), secrets_manager=aws.secrets_manager())
