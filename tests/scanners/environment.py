"""The scanners' own Python environment, built once from `requirements.lock` and kept beside the project."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

from local_aws.file_lock import alone_in

LOCK_FILE = Path(__file__).with_name("requirements.lock")


class ScannersMissingError(RuntimeError):
    """The scanners could not be installed; the message is the installer's."""


def commands_of_scanners(folder: Path) -> Path:
    """Return the folder with the scanners' commands; the first call installs them into ``folder``.

    Raises:
        ScannersMissingError: see there.
    """
    with alone_in(folder.with_suffix(".building")):
        stamp = folder / "built-from"
        wanted = f"{sys.version} {hashlib.sha256(LOCK_FILE.read_bytes()).hexdigest()}"
        if not stamp.is_file() or stamp.read_text() != wanted:
            shutil.rmtree(folder, ignore_errors=True)
            _run(sys.executable, "-m", "venv", str(folder))
            _install(folder / "bin" / "python")
            stamp.write_text(wanted)
    return folder / "bin"


def _install(python: Path) -> None:
    packages = ("--require-hashes", f"--requirement={LOCK_FILE}")
    # As scripts/install does it: uv in seconds; where it finds no packages, pip in a minute.
    try:
        _run(str(Path(sys.executable).with_name("uv")), "pip", "install", "--quiet", f"--python={python}", *packages)
    except (ScannersMissingError, FileNotFoundError):
        _run(str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-compile", *packages)


def _run(*command: str) -> None:
    done = subprocess.run(command, check=False, capture_output=True, text=True)  # noqa: S603 - ours
    if done.returncode:
        raise ScannersMissingError(done.stderr.strip())
