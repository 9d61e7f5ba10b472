from __future__ import annotations

import json
from pathlib import Path

import pytest

from local_aws.provider_source import ProviderSource, Requirement
from local_aws.working_copy import WorkingCopy, digest_of

AWS = Requirement("aws", "registry.terraform.io/hashicorp/aws", "6.25.0")
STACK = {"provider": {"aws": [{"region": "us-east-1"}, {"alias": "global", "region": "us-east-1"}]}}


@pytest.fixture
def stack_folder(tmp_path: Path) -> Path:
    folder = tmp_path / "stack"
    (folder / "assets").mkdir(parents=True)
    (folder / "assets" / "code.zip").write_bytes(b"code")
    (folder / "cdk.tf.json").write_text(json.dumps(STACK))
    return folder


@pytest.fixture
def copy(tmp_path: Path, stack_folder: Path) -> WorkingCopy:
    copy = WorkingCopy(tmp_path / "work" / "terraform")
    copy.copy_from(stack_folder)
    return copy


def test_the_stacks_own_files_are_copied_byte_for_byte(copy: WorkingCopy, stack_folder: Path) -> None:
    copy.configure(ProviderSource(Path("/mirror"), {AWS: "5.100.0"}))
    for name in ("cdk.tf.json", "assets/code.zip"):
        assert (copy.folder / name).read_bytes() == (stack_folder / name).read_bytes()


def test_another_copy_keeps_the_state_and_drops_what_the_stack_no_longer_has(
    copy: WorkingCopy, stack_folder: Path
) -> None:
    (copy.folder / "terraform.tfstate").write_text("state")
    (stack_folder / "assets" / "code.zip").unlink()
    copy.copy_from(stack_folder)
    assert (copy.folder / "terraform.tfstate").read_text() == "state"
    assert not (copy.folder / "assets" / "code.zip").exists()


def test_the_override_keeps_the_state_here_and_asks_for_the_version_that_can_be_had(copy: WorkingCopy) -> None:
    copy.configure(ProviderSource(Path("/mirror"), {AWS: "5.100.0"}))
    override = json.loads((copy.folder / "local_override.tf.json").read_text())
    assert override["terraform"]["backend"] == {"local": {"path": "terraform.tfstate"}}
    assert override["terraform"]["required_providers"] == {"aws": {"source": AWS.address, "version": "5.100.0"}}


def test_every_provider_block_addresses_buckets_by_path_and_keeps_its_alias(copy: WorkingCopy) -> None:
    copy.configure(ProviderSource(None, {}))
    override = json.loads((copy.folder / "local_override.tf.json").read_text())
    assert override["provider"]["aws"] == [
        {"s3_use_path_style": True},
        {"alias": "global", "s3_use_path_style": True},
    ]


def test_the_cli_configuration_names_the_mirror_and_nothing_else(copy: WorkingCopy) -> None:
    copy.configure(ProviderSource(Path("/mirror"), {}))
    told = copy.cli_config.read_text()
    assert 'path    = "/mirror"' in told
    assert "direct" not in told


def test_a_digest_tells_stacks_apart_by_content_and_names(stack_folder: Path) -> None:
    before = digest_of(stack_folder)
    assert digest_of(stack_folder) == before
    code = stack_folder / "assets" / "code.zip"
    code.write_bytes(b"other")
    assert digest_of(stack_folder) != before
    code.write_bytes(b"code")
    code.rename(code.with_name("renamed.zip"))
    assert digest_of(stack_folder) != before
