"""The handlers and their layer on the Python they are deployed to; everything else here runs on the developer's own."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DEPLOYED_PYTHON = "3.13"

PYTEST = ["-m", "pytest", "-q", "-p", "no:cacheprovider", "-m", "not slow", "tests/unit", "tests/contract"]

pytestmark = pytest.mark.slow


def deployed_python() -> str:
    """Return the path of an interpreter of the deployed version, or skip."""
    if sys.version_info[:2] == tuple(int(part) for part in DEPLOYED_PYTHON.split(".")):
        pytest.skip(f"all tests run on Python {DEPLOYED_PYTHON} already")
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    on_path = shutil.which(f"python{DEPLOYED_PYTHON}")
    for python in [*([on_path] if on_path else []), *map(str, pyenv.glob(f"{DEPLOYED_PYTHON}.*/bin/python"))]:
        # A version manager's stand-in can be on the path for a version it does not have.
        if run([python, "--version"]).stdout.startswith(f"Python {DEPLOYED_PYTHON}."):
            return python
    pytest.skip(f"no Python {DEPLOYED_PYTHON} on this machine; install one to try the handlers on it")


def run(command: list[str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)  # noqa: S603 - own words


def test_the_layer_and_the_handlers_work_on_the_deployed_python(tmp_path: Path) -> None:
    environment = tmp_path / "environment"
    for command in (
        ["scripts/install", deployed_python(), str(environment)],
        [str(environment / "bin" / "python"), *PYTEST],
    ):
        done = run(command)
        assert done.returncode == 0, done.stdout[-4000:] + done.stderr
