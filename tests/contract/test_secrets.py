"""A secret is read when it is needed, kept for a while, and read again so that rotation needs no deployment."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from payments.adapters.secrets import RotatingSecret, SecretUnreadable
from tests.contract.faults import asked, failing

if TYPE_CHECKING:
    from tests.contract.services import Services


class Seconds:
    """A monotonic clock moved by hand."""

    def __init__(self) -> None:
        self.passed = 0.0

    def __call__(self) -> float:
        return self.passed


@pytest.fixture
def arn(services: Services) -> str:
    return services.secrets_manager.create_secret(Name=f"contract/{uuid4()}", SecretString="old")["ARN"]


def test_a_rotated_secret_is_taken_up_once_the_kept_one_is_stale(services: Services, arn: str) -> None:
    clock = Seconds()
    secret = RotatingSecret(services.secrets_manager, arn, kept_for_seconds=300, monotonic=clock)
    assert secret() == "old"
    services.secrets_manager.put_secret_value(SecretId=arn, SecretString="new")
    clock.passed = 299
    assert secret() == "old"
    clock.passed = 300
    assert secret() == "new"


def test_ten_threads_that_ask_at_once_cause_one_request(services: Services, arn: str) -> None:
    secret = RotatingSecret(services.secrets_manager, arn)
    with asked(services.secrets_manager, "GetSecretValue") as requests, ThreadPoolExecutor(10) as threads:
        assert set(threads.map(lambda _: secret(), range(10))) == {"old"}
    assert len(requests) == 1


def test_a_secret_that_cannot_be_read_is_an_error_and_asked_for_again(services: Services, arn: str) -> None:
    secret = RotatingSecret(services.secrets_manager, arn)
    with (
        failing(services.secrets_manager, "GetSecretValue", times=1, Code="AccessDeniedException"),
        pytest.raises(SecretUnreadable, match="AccessDeniedException"),
    ):
        secret()
    assert secret() == "old"


def test_a_secret_that_is_no_text_is_an_error(services: Services) -> None:
    arn = services.secrets_manager.create_secret(Name=f"contract/{uuid4()}", SecretBinary=b"old")["ARN"]
    with pytest.raises(SecretUnreadable, match="binary"):
        RotatingSecret(services.secrets_manager, arn)()
