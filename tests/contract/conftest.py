"""Where the contracts are checked: in-process mocks of AWS, or whatever ``CONTRACT_AWS_ENDPOINT_URL`` names.

Whoever names it brings the credentials that are taken there.
"""

from __future__ import annotations

import os
from contextlib import nullcontext
from threading import Lock
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import botocore.endpoint
import pytest
from botocore.endpoint import Endpoint
from moto import mock_aws

from payments.adapters import aws, backoff
from payments.runtime import telemetry
from tests.contract.deployment import HANDLERS, Deployment
from tests.contract.services import Services

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_SENDING = "_do_get_response"


@pytest.fixture(scope="session")
def services() -> Iterator[Services]:
    endpoint_url = os.environ.get("CONTRACT_AWS_ENDPOINT_URL")
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("AWS_DEFAULT_REGION", "us-east-1")
        if endpoint_url:
            environment.setenv("AWS_ENDPOINT_URL", endpoint_url)
        else:
            for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
                environment.setenv(name, "testing")
        # A repeated request should follow at once: what is tested is that it is recognised.
        environment.setattr(botocore.endpoint, "time", SimpleNamespace(sleep=lambda _: None))
        environment.setattr(backoff, "random", SimpleNamespace(uniform=lambda *_: 0))
        if not endpoint_url:
            # Between two threads and the mock there is no public place.
            environment.setattr(Endpoint, _SENDING, _one_at_a_time(getattr(Endpoint, _SENDING)))
        with nullcontext() if endpoint_url else mock_aws():
            yield Services(
                dynamodb=aws.dynamodb(),
                sqs=aws.sqs(),
                sns=aws.sns(),
                secrets_manager=aws.secrets_manager(),
                s3=aws.s3(),
                step_functions=aws.step_functions(),
            )


def _one_at_a_time(send: Callable[..., Any]) -> Callable[..., Any]:
    """Return ``send`` for a mock that several threads may use: its tables can't be written by two."""
    lock = Lock()

    def locked(*arguments: Any) -> Any:  # noqa: ANN401 - passed on as they come
        with lock:
            return send(*arguments)

    return locked


@pytest.fixture
def deployment(services: Services, monkeypatch: pytest.MonkeyPatch) -> Iterator[Deployment]:
    deployment = Deployment(services)
    for name, value in deployment.variables.items():
        monkeypatch.setenv(name, value)
    telemetry.log.cache_clear()
    yield deployment
    telemetry.log.cache_clear()
    for handler in HANDLERS:
        handler.aws_ports.cache_clear()
