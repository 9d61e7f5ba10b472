from __future__ import annotations

import subprocess
from subprocess import CompletedProcess

import pytest
from botocore.exceptions import NoCredentialsError, NoRegionError

from operations import dlq, environment
from tests.operations.conftest import refusal, run

STATUS = '{"endpoint_url": "http://127.0.0.1:1", "region": "eu-west-1", "outputs": {"payments_table_name": "%s"}}'


def say(monkeypatch: pytest.MonkeyPatch, *, status: int = 0, out: str = "", err: str = "") -> None:
    monkeypatch.setattr(subprocess, "run", lambda words, **_: CompletedProcess(words, status, out, err))


def test_the_environment_on_this_machine_is_the_one_that_was_deployed(monkeypatch: pytest.MonkeyPatch) -> None:
    say(monkeypatch, out=STATUS % "payments-payments-pr-7")
    found = environment.on_this_machine()
    assert (found.suffix, found.name("audit")) == ("pr-7", "payments-audit-pr-7")
    client = found.client("sqs")
    assert (client.meta.endpoint_url, client.meta.region_name) == ("http://127.0.0.1:1", "eu-west-1")


def test_where_nothing_is_deployed_a_command_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    say(monkeypatch, status=1, err="installing\nError: Nothing is deployed. Deploy with: scripts/local up\n")
    said = run(dlq.main, "list", "--local")
    assert (said.exit_code, said.stderr) == (2, "Error: Nothing is deployed. Deploy with: scripts/local up\n")


def test_who_waits_for_this_machine_in_vain_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def late(words: list[str], **_: object) -> None:
        raise subprocess.TimeoutExpired(words, environment.STATUS_SECONDS)

    monkeypatch.setattr(subprocess, "run", late)
    said = run(dlq.main, "list", "--local")
    assert (said.exit_code, "did not answer within 120 seconds" in said.stderr) == (2, True)


@pytest.mark.parametrize(
    ("failure", "told"),
    [
        (NoRegionError(), "--region (or AWS_REGION)"),
        (NoCredentialsError(), "log in to AWS"),
        (refusal("Scan", "ResourceNotFoundException"), "Look at --suffix and --region"),
        (refusal("Scan", "AccessDeniedException"), "AccessDeniedException"),
    ],
    ids=lambda case: type(case).__name__,
)
def test_a_failure_of_aws_ends_with_one_line_that_says_how_to_mend_it(
    monkeypatch: pytest.MonkeyPatch, failure: Exception, told: str
) -> None:
    def failing(_suffix: str, _region: str | None) -> None:
        raise failure

    monkeypatch.setattr(environment, "on_aws", failing)
    said = run(dlq.main, "list", "--suffix", "prod")
    assert said.exit_code == 2
    assert said.stderr.startswith("Error: ")
    assert said.stderr.count("\n") == 1
    assert told in said.stderr


def test_an_environment_on_aws_is_the_one_of_the_account_and_region_at_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    client = environment.on_aws("prod", "eu-central-1").client("dynamodb")
    assert client.meta.region_name == "eu-central-1"
