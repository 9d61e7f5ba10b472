"""One deployment on one embedded AWS, made once and shared by every test that needs it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from local_aws import account
from local_aws.environment import LocalEnvironment
from tests.e2e.client import Client

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mypy_boto3_dynamodb import DynamoDBClient

    from local_aws.deployment import Deployment

ROOT = Path(__file__).parents[2]

LOST_ANSWER_AMOUNT = "4000.05"
"""The simulated gateway charges, and its first answer is lost."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let what looks at everything come late, and what takes the shared deployment down last."""
    items.sort(key=lambda item: [item.get_closest_marker(name) is not None for name in ("last", "late")])


@pytest.fixture(scope="session")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalEnvironment]:
    """An environment of this session's own, taken down at the end however the tests went."""
    environment = LocalEnvironment(
        root=ROOT,
        folder=tmp_path_factory.mktemp("embedded_aws"),
        suffix="e2e",
        # The functions' own limits are tested by themselves; a test run must not meet the daily quota.
        settings={"PROFILE": "sandbox", "APPROVAL_TIMEOUT_MINUTES": "1"},
    )
    yield environment
    environment.down()


@pytest.fixture(scope="session")
def deployment(environment: LocalEnvironment) -> Deployment:
    """The whole stack, applied by Terraform."""
    return environment.up()


@pytest.fixture(scope="session")
def client(environment: LocalEnvironment, deployment: Deployment) -> Client:
    """A caller with an API key."""
    dynamodb: DynamoDBClient = account.session(deployment.region).client(
        "dynamodb", endpoint_url=deployment.endpoint_url
    )
    return Client(
        deployment,
        dynamodb=dynamodb,
        webhook_secret=environment.webhook_secret(),
        delivered=environment.notifications,
    )


@pytest.fixture(scope="session")
def lost_answer(client: Client) -> str:
    """A payment whose first answer is lost. Its lease has to run out before another attempt takes it over."""
    return client.accepted({"amount": LOST_ANSWER_AMOUNT})


@pytest.fixture(scope="session")
def undecided(client: Client) -> str:
    """A payment that nobody approves: it waits until the time for that is over."""
    return client.accepted({"amount": "25000.00", "currency": "EUR", "processing": "orchestrated"})


@pytest.fixture(autouse=True)
def _early(request: pytest.FixtureRequest) -> None:
    """Post the payments that take longest before the first test that shares their deployment."""
    if "client" in request.fixturenames:
        request.getfixturevalue("lost_answer")
        request.getfixturevalue("undecided")
