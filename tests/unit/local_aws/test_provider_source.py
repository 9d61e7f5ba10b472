from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from local_aws.provider_source import (
    ProviderUnavailableError,
    Requirement,
    find_source,
    requirements_of,
    standard_mirrors,
)

if TYPE_CHECKING:
    from pathlib import Path

PLATFORM = "linux_arm64"
AWS = Requirement("aws", "registry.terraform.io/hashicorp/aws", "6.25.0")


def mirror(folder: Path, *versions: str) -> Path:
    """Make a mirror of unpacked providers."""
    for version in versions:
        (folder / AWS.address / version / PLATFORM).mkdir(parents=True)
    return folder


@pytest.mark.parametrize("source", ["aws", "hashicorp/aws", "registry.terraform.io/hashicorp/aws"])
def test_a_short_source_is_completed_as_terraform_completes_it(source: str) -> None:
    stack = {"terraform": {"required_providers": {"aws": {"source": source, "version": "6.25.0"}}}}
    assert requirements_of(stack) == [AWS]


def test_a_mirror_with_the_pinned_version_is_used_before_the_registry(tmp_path: Path) -> None:
    other, pinned = mirror(tmp_path / "a", "5.0.0"), mirror(tmp_path / "b", "6.25.0")
    source = find_source([AWS], platform=PLATFORM, mirrors=[other, pinned], registry_answers=True)
    assert (source.mirror, dict(source.replacements)) == (pinned, {})


def test_the_registry_is_used_before_another_version(tmp_path: Path) -> None:
    source = find_source([AWS], platform=PLATFORM, mirrors=[mirror(tmp_path, "5.0.0")], registry_answers=True)
    assert (source.mirror, dict(source.replacements)) == (None, {})


def test_without_a_registry_the_newest_version_of_the_mirror_stands_in(tmp_path: Path) -> None:
    folder = mirror(tmp_path, "5.9.0", "5.100.0")
    source = find_source([AWS], platform=PLATFORM, mirrors=[folder], registry_answers=False)
    assert (source.mirror, dict(source.replacements)) == (folder, {AWS: "5.100.0"})


def test_a_mirror_of_packed_providers_counts(tmp_path: Path) -> None:
    (tmp_path / AWS.address).mkdir(parents=True)
    (tmp_path / AWS.address / f"terraform-provider-aws_6.25.0_{PLATFORM}.zip").touch()
    source = find_source([AWS], platform=PLATFORM, mirrors=[tmp_path], registry_answers=False)
    assert (source.mirror, dict(source.replacements)) == (tmp_path, {})


def test_a_mirror_for_another_processor_is_of_no_use(tmp_path: Path) -> None:
    with pytest.raises(ProviderUnavailableError, match="TF_PLUGIN_MIRROR=FOLDER"):
        find_source([AWS], platform="linux_amd64", mirrors=[mirror(tmp_path, "6.25.0")], registry_answers=False)


def test_the_mirror_a_person_names_is_used_whatever_the_registry_has(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TF_PLUGIN_MIRROR", str(mirror(tmp_path, "5.0.0")))
    assert list(standard_mirrors()) == [tmp_path]
    assert find_source([AWS], platform=PLATFORM, registry_answers=True).mirror == tmp_path
