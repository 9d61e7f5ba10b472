from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from local_aws import cli
from local_aws import environment as environments
from local_aws.account import session
from local_aws.credentials import bare, for_client, scrubbed
from local_aws.daemon import Address
from local_aws.deployment import Deployment, Record, loopback_url
from local_aws.emulator import Emulator
from local_aws.environment import LocalEnvironment, NotUpError
from local_aws.packages import EmulatorPackages
from local_aws.receiver import Receiver
from local_aws.synthesis import SynthesisError, synthesize
from local_aws.terraform import Terraform, TerraformError, TerraformTooLongError

if TYPE_CHECKING:
    from pathlib import Path

ENDPOINT, NEW_ENDPOINT = "http://127.0.0.1:4711", "http://127.0.0.1:4712"
DEPLOYMENT = Deployment(
    endpoint_url=ENDPOINT, api_url=f"{ENDPOINT}/_aws/execute-api/abc/local", api_key="key", region="r", outputs={"a": 1}
)
USERS = {
    "AWS_PROFILE": "production",
    "AWS_ACCESS_KEY_ID": "the user's",
    "AWS_SESSION_TOKEN": "the user's",
    "AWS_ENDPOINT_URL_SQS": "https://elsewhere",
    "TF_CLI_CONFIG_FILE": "/nowhere",
    "TF_CLI_ARGS_apply": "-target=x",
    "PYTHONPATH": "/elsewhere",
}


def test_nothing_of_the_users_own_account_reaches_a_child_process(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in USERS.items():
        monkeypatch.setenv(name, value)
    assert not USERS.keys() & scrubbed().keys()
    assert not USERS.keys() & bare().keys()
    client = scrubbed() | for_client(ENDPOINT, "us-east-1")
    assert client["AWS_ENDPOINT_URL"] == ENDPOINT
    assert client["AWS_ACCESS_KEY_ID"] == "000000000000"
    assert client["AWS_SHARED_CREDENTIALS_FILE"] == "/dev/null"


def test_a_profile_that_does_not_exist_is_no_obstacle(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "gone")
    credentials = session("us-east-1").get_credentials()
    assert credentials is not None
    assert credentials.access_key == "000000000000"


def test_the_apis_url_is_turned_into_the_one_that_answers_on_loopback() -> None:
    on_aws = "https://abc123.execute-api.eu-central-1.amazonaws.com/local/"
    assert loopback_url(ENDPOINT, on_aws) == f"{ENDPOINT}/_aws/execute-api/abc123/local"


def test_a_deployment_is_remembered_as_long_as_its_account_is_there(tmp_path: Path) -> None:
    record = Record(tmp_path / "deployment.json")
    record.write("digest", DEPLOYMENT)
    assert record.read(ENDPOINT) == ("digest", DEPLOYMENT)
    assert record.read(None) is None
    assert record.read("http://127.0.0.1:4712") is None
    record.forget()
    assert record.read(ENDPOINT) is None


def test_status_fails_and_prints_nothing_when_nothing_is_deployed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cli, "FOLDER", tmp_path)
    result = CliRunner().invoke(cli.main, ["status", "--json"])
    assert result.exit_code == 1
    assert result.stdout == ""
    assert "scripts/local up" in result.stderr


def test_a_synthesis_that_is_refused_says_why(tmp_path: Path) -> None:
    (tmp_path / "main.py").write_text("raise SystemExit('AVAILABILITY_ZONES must be a number')")
    with pytest.raises(SynthesisError, match="AVAILABILITY_ZONES must be a number"):
        synthesize(tmp_path, tmp_path / "out", {"ENVIRONMENT_SUFFIX": "local"})


def test_a_synthesis_sees_the_callers_settings_except_what_leaves_the_machine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TEAM", "payments")
    monkeypatch.setenv("GATEWAY_URL", "https://real-money")
    monkeypatch.setenv("TERRAFORM_STATE_BUCKET", "someone-elses")
    (tmp_path / "main.py").write_text("import json, os; json.dump(dict(os.environ), open('seen', 'w'))")
    folder = synthesize(tmp_path, tmp_path / "out", {"ENVIRONMENT_SUFFIX": "local"})
    seen = json.loads((tmp_path / "seen").read_text())
    assert folder == tmp_path / "out" / "stacks" / "payments-local"
    assert (seen["TEAM"], seen["CDKTF_OUTDIR"]) == ("payments", str(tmp_path / "out"))
    assert not {"GATEWAY_URL", "TERRAFORM_STATE_BUCKET"} & seen.keys()


def test_a_deployment_whose_embedded_aws_has_ended_is_told_from_none_at_all(tmp_path: Path) -> None:
    environment = LocalEnvironment(root=tmp_path, folder=tmp_path / "aws")
    (tmp_path / "aws").mkdir()
    with pytest.raises(NotUpError, match="Nothing is deployed"):
        environment.require_up()
    Record(tmp_path / "aws" / "deployment.json").write("digest", DEPLOYMENT)
    with pytest.raises(NotUpError, match="has ended, and with it all that was deployed"):
        environment.require_up()


@pytest.fixture
def environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> LocalEnvironment:
    """An environment that needs neither Terraform nor an emulator; one that is started anew has another address."""
    monkeypatch.setattr(environments, "find_binary", lambda: None)
    monkeypatch.setattr(environments, "synthesize", lambda *_: tmp_path)
    monkeypatch.setattr(Receiver, "start", lambda _self: Address(pid=1, port=4713))
    monkeypatch.setattr(Emulator, "endpoint_url", lambda _self: ENDPOINT)
    monkeypatch.setattr(Emulator, "start", lambda _self, _port: NEW_ENDPOINT)
    monkeypatch.setattr(Emulator, "stop", lambda _self: True)
    monkeypatch.setattr(EmulatorPackages, "ensure", lambda _self, _report: None)
    monkeypatch.setattr(Terraform, "prepare", lambda _self, _folder: None)
    return LocalEnvironment(root=tmp_path, folder=tmp_path)


def applied_twice(environment: LocalEnvironment, ending: BaseException, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Deploy twice, each time up to ``ending``, and return which endpoints that was tried on."""
    tried: list[str] = []

    def apply(terraform: Terraform) -> None:
        tried.append(terraform.endpoint_url)
        raise ending

    monkeypatch.setattr(Terraform, "apply", apply)
    for _ in range(2):
        with pytest.raises(type(ending)):
            environment.up()
    return tried


@pytest.mark.parametrize("ending", [KeyboardInterrupt(), TerraformTooLongError("apply took over 1200 s")])
def test_after_a_deployment_that_was_cut_off_the_next_one_starts_over(
    environment: LocalEnvironment, monkeypatch: pytest.MonkeyPatch, ending: BaseException
) -> None:
    """What was being made then is in the account and not in Terraform's state, and would be made a second time."""
    assert applied_twice(environment, ending, monkeypatch) == [ENDPOINT, NEW_ENDPOINT]


def test_after_a_deployment_that_failed_the_next_one_goes_on_from_there(
    environment: LocalEnvironment, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert applied_twice(environment, TerraformError("no such zone"), monkeypatch) == [ENDPOINT, ENDPOINT]
