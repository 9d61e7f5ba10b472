"""Third-party packages of the layer, installed from a hashed lock without Docker."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

# Always what fits the deployed runtime, whichever machine builds.
# https://docs.aws.amazon.com/lambda/latest/dg/python-package.html
_SELECTION = (
    "--no-deps",
    "--require-hashes",
    "--only-binary=:all:",
    "--platform=manylinux2014_aarch64",
    "--python-version=3.13",
    "--implementation=cp",
)
_QUIETLY = ("--quiet", "--no-input", "--disable-pip-version-check")


class PackagesMissing(RuntimeError):
    """pip could not bring what the lock names; the message says what, why, and how to go on without a network."""


class CompiledPackage(ValueError):
    """A package holds machine code, so it cannot run both on Lambda's arm64 and on the machine of the local AWS."""


def install(requirements: Path, target: Path) -> None:
    """Install what the lock names into the folder ``target``: exact versions, checked hashes, wheels only.

    pip's own settings (``PIP_INDEX_URL``, ``PIP_FIND_LINKS`` …) hold as ever.

    Raises:
        PackagesMissing: pip failed.
        CompiledPackage: a package is not pure Python.
    """
    pip = (sys.executable, "-m", "pip")
    done = subprocess.run(  # noqa: S603 (no shell; every word is ours but the two paths)
        [
            *pip,
            "install",
            *_QUIETLY,
            *_SELECTION,
            "--no-compile",
            "--root-user-action=ignore",
            f"--target={target}",
            f"--requirement={requirements}",
        ],
        capture_output=True,
        encoding="utf-8",
        errors="replace",
        check=False,
    )
    if done.returncode:
        download = shlex.join([*pip, "download", *_SELECTION, f"--requirement={requirements}", "--dest=wheels"])
        raise PackagesMissing(
            f"the layer's packages ({', '.join(_named_in(requirements))}) could not be installed from {requirements}. "
            f"pip says:\n{done.stderr.strip()}\n"
            f"Where the registry can't be reached, run this where it can:\n  {download}\n"
            "then bring the folder here and set PIP_NO_INDEX=1 and PIP_FIND_LINKS to its full path."
        )
    _refuse_compiled(requirements, target)
    # Commands start with the path of this machine's interpreter; nothing calls them on Lambda.
    shutil.rmtree(target / "bin", ignore_errors=True)


def _named_in(requirements: Path) -> list[str]:
    return re.findall(r"^[\w.-]+==[\w.+!-]+", requirements.read_text(encoding="utf-8"), re.MULTILINE)


def _refuse_compiled(requirements: Path, target: Path) -> None:
    for wheel in sorted(target.glob("*.dist-info/WHEEL")):
        # https://packaging.python.org/en/latest/specifications/binary-distribution-format/#file-contents
        tags = re.findall(r"^Tag: (\S+)", wheel.read_text(encoding="utf-8"), re.MULTILINE)
        if not any(tag.endswith("-none-any") for tag in tags):
            raise CompiledPackage(
                f"{wheel.parent.stem} of {requirements} holds code compiled for {', '.join(tags)}: the one layer runs "
                "on Lambda's arm64 and on the local AWS's own machine, so take a pure-Python package or version"
            )
