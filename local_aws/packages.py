"""The emulator's own Python environment, apart from the project's: MiniStack pins another boto3."""

import hashlib
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from local_aws.file_lock import alone_in
from local_aws.progress import Report

LOCK_FILE = Path(__file__).parent / "requirements.lock"


class InstallError(RuntimeError):
    """The emulator's packages could not be installed."""


@dataclass(frozen=True)
class EmulatorPackages:
    """A virtual environment that holds exactly what `local_aws/requirements.lock` names."""

    folder: Path

    @property
    def python(self) -> Path:
        """The interpreter: the emulator's, and that of every function it runs."""
        return self.folder / "bin" / "python"

    def ensure(self, report: Report) -> None:
        """Build the environment unless it is there and up to date; two commands at once build it once.

        Raises:
            InstallError: pip failed; the message says why.
        """
        with alone_in(self.folder.with_suffix(".building"), report):
            if self._stamp.is_file() and self._stamp.read_text() == _wanted():
                return
            report("installing the embedded AWS (first time only)")
            shutil.rmtree(self.folder, ignore_errors=True)
            _run([sys.executable, "-m", "venv", str(self.folder)])
            _run(
                [
                    str(self.python),
                    *["-m", "pip", "install", "--quiet", "--disable-pip-version-check"],
                    "--require-hashes",
                    "--requirement",
                    str(LOCK_FILE),
                ]
            )
            self._stamp.write_text(_wanted())

    @property
    def _stamp(self) -> Path:
        return self.folder / "built-from"


def _wanted() -> str:
    return f"{sys.version} {hashlib.sha256(LOCK_FILE.read_bytes()).hexdigest()}"


def _run(command: list[str]) -> None:
    done = subprocess.run(command, check=False, capture_output=True, text=True)  # noqa: S603 - fixed words and paths
    if done.returncode:
        raise InstallError(f"{' '.join(command)} failed:\n{(done.stderr or done.stdout).strip()}")
