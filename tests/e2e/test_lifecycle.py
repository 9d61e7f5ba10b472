"""The stack's own life: validated, applied, unchanged by a second plan, destroyed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from local_aws import account
from local_aws.environment import NotUpError

if TYPE_CHECKING:
    from local_aws.deployment import Deployment
    from local_aws.environment import LocalEnvironment

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("embedded_aws")]


def test_what_is_applied_is_byte_for_byte_what_goes_to_aws(
    environment: LocalEnvironment, deployment: Deployment
) -> None:
    synthesized = environment.folder / "synthesized" / "stacks" / "payments-e2e" / "cdk.tf.json"
    applied = environment.folder / "terraform" / "cdk.tf.json"
    assert deployment.outputs
    assert applied.read_bytes() == synthesized.read_bytes()


def test_the_stack_is_valid_against_the_providers_schema(environment: LocalEnvironment, deployment: Deployment) -> None:
    """Defect: It never ran."""
    assert deployment.outputs
    environment.validate()


def test_a_second_plan_shows_no_change(environment: LocalEnvironment, deployment: Deployment) -> None:
    """Defect: Perpetual diffs."""
    assert deployment.outputs
    assert environment.plan() == []


def test_a_second_up_deploys_nothing_and_gives_the_same_answer(
    environment: LocalEnvironment, deployment: Deployment
) -> None:
    assert environment.up() == deployment


@pytest.mark.last
def test_destroy_leaves_nothing_behind(environment: LocalEnvironment, deployment: Deployment) -> None:
    environment.destroy()
    session = account.session(deployment.region)
    dynamodb = session.client("dynamodb", endpoint_url=deployment.endpoint_url)
    sqs = session.client("sqs", endpoint_url=deployment.endpoint_url)
    functions = session.client("lambda", endpoint_url=deployment.endpoint_url)
    assert dynamodb.list_tables()["TableNames"] == []
    assert sqs.list_queues().get("QueueUrls", []) == []
    assert functions.list_functions()["Functions"] == []
    with pytest.raises(NotUpError):
        environment.plan()
