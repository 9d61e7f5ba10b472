"""The deployed API is what ``openapi.json`` says, to a client that tries whatever it allows and forbids."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from local_aws.back_office import BackOffice
from tests.e2e.batches import Batches
from tests.e2e.described import runner

if TYPE_CHECKING:
    from local_aws.deployment import Deployment
    from tests.e2e.client import Client

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("embedded_aws")]


@pytest.fixture(scope="module")
def known(client: Client, deployment: Deployment, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Return values that lead to a payment, a batch and an approval that waits."""
    waiting = client.accepted({"amount": "25000.00", "processing": "orchestrated", "customer_id": "ada"})
    batches = Batches(deployment, tmp_path_factory.mktemp("described"))
    uploaded = batches.pay(b"payment_id,amount,currency\n,12.34,EUR\n,-1,EUR\n", "described.csv")
    return {
        "payment_id": waiting,
        "batch_id": uploaded.batch["batch_id"],
        "day": uploaded.batch["created_at"][:10],
        "customer_id": "ada",
        "token": BackOffice(deployment).approval_token(waiting),
    }


@pytest.fixture(scope="module")
def report(
    deployment: Deployment, known: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> tuple[dict[str, Any], str]:
    return runner.run(deployment, tmp_path_factory.mktemp("schemathesis"), known=known)


def test_every_answer_of_the_deployed_api_is_as_described(report: tuple[dict[str, Any], str]) -> None:
    """Defect: Floats. Defect: Open doors: every check of schemathesis is on, authentication included."""
    said, printed = report
    assert said["failures"] == [], printed
    assert (said["errors"], said["exit_code"], said["complete"]) == ([], 0, True), printed


def test_every_operation_was_tried_and_each_took_something(report: tuple[dict[str, Any], str]) -> None:
    said, printed = report
    described = json.loads(runner.DESCRIPTION.read_text("utf-8"))["paths"]
    operations = {
        f"{method.upper()} {path}" for path, item in described.items() for method in item if method in {"get", "post"}
    }
    assert said["valid_rates"].keys() == operations
    assert said["operations"]["tested"] == len(operations)
    assert {phase for phase, outcome in said["phases"].items() if outcome["status"] == "success"} == {
        *("examples", "coverage", "fuzzing", "stateful")
    }
    for operation, phases in said["valid_rates"].items():
        assert sum(rates["accepted"] for rates in phases.values()) > 0, f"{operation}\n{printed}"
