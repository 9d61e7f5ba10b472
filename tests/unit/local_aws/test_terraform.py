from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from local_aws.progress import silent
from local_aws.terraform_binary import TerraformMissingError, find_binary
from local_aws.terraform_log import PlannedChange, TerraformLog

if TYPE_CHECKING:
    from pathlib import Path


def line(kind: str, *, level: str = "info", **members: Any) -> str:  # noqa: ANN401 - whatever Terraform says
    return json.dumps({"@level": level, "type": kind, **members})


def hook(address: str, action: str = "create") -> dict[str, Any]:
    return {"resource": {"addr": address}, "action": action, "elapsed_seconds": 25}


def change(address: str, action: str = "create") -> str:
    return line("planned_change", change={"resource": {"addr": address}, "action": action})


def test_planned_changes_are_kept_with_their_actions() -> None:
    log = TerraformLog(silent)
    log.read(change("aws_sqs_queue.a", "update"))
    assert log.planned == [PlannedChange("aws_sqs_queue.a", "update")]


def test_progress_counts_what_is_done_and_names_what_takes_long() -> None:
    told: list[str] = []
    log = TerraformLog(told.append)
    for each in (
        change("aws_sqs_queue.a"),
        change("aws_sqs_queue.b"),
        line("apply_start", hook=hook("aws_sqs_queue.a")),
        line("apply_start", hook=hook("aws_sqs_queue.b")),
        line("apply_complete", hook=hook("aws_sqs_queue.a")),
        line("apply_progress", hook=hook("aws_sqs_queue.b")),
    ):
        log.read(each)
    assert told == ["[1/2] aws_sqs_queue.a (create, 25 s)", "[1/2] waiting for aws_sqs_queue.b"]


def test_a_resource_that_failed_does_not_count_as_done() -> None:
    told: list[str] = []
    log = TerraformLog(told.append)
    log.read(change("aws_sqs_queue.a"))
    log.read(line("apply_errored", hook=hook("aws_sqs_queue.a")))
    assert told == ["[0/1] aws_sqs_queue.a failed"]


def test_problems_name_the_resource_and_the_reason() -> None:
    log = TerraformLog(silent)
    log.read(line("diagnostic", level="error", diagnostic={"address": "aws_eip.a", "summary": "no", "detail": "why"}))
    log.read(line("diagnostic", level="warn", diagnostic={"summary": "careful"}))
    assert log.problems() == "aws_eip.a: no: why"


def test_what_is_no_json_is_shown_when_there_is_nothing_better() -> None:
    log = TerraformLog(silent)
    log.read("panic: out of memory\n")
    assert log.problems() == "panic: out of memory"


def terraform(folder: Path, version: str) -> None:
    program = folder / "terraform"
    program.write_text(f"#!/bin/sh\necho '{json.dumps({'terraform_version': version, 'platform': 'linux_arm64'})}'\n")
    program.chmod(0o755)


def test_a_missing_terraform_is_told_with_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(TerraformMissingError, match=r"Install Terraform 1\.10 or newer"):
        find_binary()


@pytest.mark.parametrize("version", ["1.9.8", "0.15.5"])
def test_an_old_terraform_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, version: str) -> None:
    terraform(tmp_path, version)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    with pytest.raises(TerraformMissingError, match="too old"):
        find_binary()


@pytest.mark.parametrize("version", ["1.10.0", "1.11.4", "2.0.0-beta1"])
def test_a_new_terraform_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, version: str) -> None:
    terraform(tmp_path, version)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    assert find_binary().version == version
