from __future__ import annotations

import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from local_aws import time_limit as time_limits
from local_aws.progress import silent
from local_aws.terraform import Terraform, TerraformTooLongError
from local_aws.time_limit import time_limit
from local_aws.working_copy import WorkingCopy

if TYPE_CHECKING:
    from pathlib import Path

DEAF = "import signal; signal.signal(signal.SIGINT, signal.SIG_IGN); "
FOR_EVER = "print('begun', flush=True); import time; time.sleep(600)"


def started(program: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", program]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, process_group=0)  # noqa: S603 - ours


def printed(process: subprocess.Popen[str]) -> list[str]:
    """Read until nobody is left who could print more."""
    assert process.stdout
    return list(process.stdout)


def test_a_child_that_takes_too_long_is_ended() -> None:
    with started(FOR_EVER) as process, time_limit(process, seconds=0.5) as limit:
        assert printed(process) == ["begun\n"]
    assert limit.is_over


def test_a_child_that_is_told_to_end_may_clean_up(tmp_path: Path) -> None:
    cleaned = tmp_path / "cleaned"
    program = f"""
import pathlib, time
print('begun', flush=True)
try:
    time.sleep(600)
except KeyboardInterrupt:
    pathlib.Path({str(cleaned)!r}).touch()
"""
    with started(program) as process, time_limit(process, seconds=0.5):
        printed(process)
    assert cleaned.exists()


def test_a_child_that_does_not_hear_is_ended_by_force(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time_limits, "CLEAN_UP_SECONDS", 0.5)
    with started(DEAF + FOR_EVER) as process, time_limit(process, seconds=0.5) as limit:
        assert printed(process) == ["begun\n"]
    assert limit.is_over


def test_a_child_within_its_time_is_left_alone() -> None:
    with started("") as process, time_limit(process, seconds=60) as limit:
        assert printed(process) == []
    assert (limit.is_over, process.returncode) == (False, 0)


def test_a_child_whose_watcher_is_interrupted_ends_with_it() -> None:
    began = time.monotonic()
    with pytest.raises(KeyboardInterrupt), started(FOR_EVER) as process, time_limit(process, seconds=600):
        raise KeyboardInterrupt
    assert time.monotonic() - began < 60


def test_a_terraform_that_never_ends_is_an_error_that_names_what_it_is_at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "terraform"
    begun = '{"@level": "info", "type": "apply_start", "hook": {"resource": {"addr": "aws_s3_bucket.files"}}}'
    version = '{"terraform_version": "1.11.4", "platform": "linux_amd64"}'
    program.write_text(f"#!/bin/sh\n[ $1 = version ] && echo '{version}' && exit\necho '{begun}'\nsleep 600\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    copy = WorkingCopy(tmp_path / "copy")
    copy.folder.mkdir()
    terraform = Terraform(copy, "http://127.0.0.1:1", "us-east-1", silent, longest_seconds=1)
    monkeypatch.setattr(time_limits, "CLEAN_UP_SECONDS", 0.5)
    with pytest.raises(TerraformTooLongError, match=r"destroy took over 1 s: \[0/0\] waiting for aws_s3_bucket.files"):
        terraform.destroy()
