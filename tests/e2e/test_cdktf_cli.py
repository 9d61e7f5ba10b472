"""The CLI that people deploy with, and the stack in another folder."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.node_program import NODE, installed, run

ROOT = Path(__file__).parents[2]
VENV = ROOT / ".venv"
PINNED_CLI = Path(__file__).with_name("cdktf_cli")

in_one_process = pytest.mark.xdist_group("cdktf_cli")


@pytest.fixture(scope="module")
def cli() -> Path:
    """The CLI 0.21.0 as locked beside this file, kept by its lock; npm comes with the Node of requirements.lock.

    Its one native dependency, a terminal for ``cdktf deploy``, is replaced: it would need a C++ compiler here.
    """
    return installed(PINNED_CLI) / "cdktf-cli" / "bundle" / "bin" / "cdktf"


def clone(folder: Path) -> Path:
    """Copy all that a synth may read, and nothing it has built."""
    shutil.copytree(ROOT, folder, ignore=shutil.ignore_patterns(".*", "__pycache__", "cdktf.out", "tests"))
    (folder / ".venv").symlink_to(VENV)
    return folder


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clone, synthesized by ``python main.py``."""
    folder = clone(tmp_path_factory.mktemp("first") / "payments")
    run(VENV / "bin" / "python", "main.py", folder=folder)
    return folder


@pytest.fixture(scope="module")
def second(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clone of another name, of another day, by a person with another umask."""
    folder = clone(tmp_path_factory.mktemp("second") / "payments of somebody else")
    for file in folder.rglob("*"):
        os.utime(file, (1_000_000_000, 1_000_000_000), follow_symlinks=False)
    run(VENV / "bin" / "python", "main.py", folder=folder, umask=0o077)
    return folder


def differing_files(one: Path, other: Path) -> list[str]:
    contents = [
        {str(file.relative_to(output)): file.read_bytes() for file in output.rglob("*") if file.is_file()}
        for output in (one, other)
    ]
    return sorted(name for name in contents[0] | contents[1] if contents[0].get(name) != contents[1].get(name))


@pytest.mark.slow
@in_one_process
def test_two_clones_synthesize_the_same_bytes_zips_included(first: Path, second: Path) -> None:
    """Defect: Perpetual diffs."""
    kinds = {file.suffix for file in (first / "cdktf.out").rglob("*")}

    assert {".json", ".zip"} <= kinds
    assert differing_files(first / "cdktf.out", second / "cdktf.out") == []


@pytest.mark.slow
@in_one_process
def test_the_cli_synthesizes_what_main_does(cli: Path, first: Path) -> None:
    """The CLI asks HashiCorp for news at every start, which its variables switch off: a synth needs no network."""
    run(
        NODE,
        cli,
        "synth",
        "--output",
        "by_cli",
        folder=first,
        CI="1",
        CHECKPOINT_DISABLE="1",
        DISABLE_VERSION_CHECK="1",
    )

    assert differing_files(first / "cdktf.out", first / "by_cli") == []


def test_a_synth_without_the_python_environment_says_how_to_make_it(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "scripts", tmp_path / "scripts")

    done = subprocess.run([tmp_path / "scripts" / "synth"], capture_output=True, text=True, check=False)  # noqa: S603

    assert done.returncode == 1
    assert "make install" in done.stderr
