"""Processes that outlive the command that started them, and the file by which later commands find them."""

import json
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from local_aws.file_lock import try_lock
from local_aws.process_group import stop_group
from local_aws.waiting import wait_for

START_SECONDS = 60.0
LOG_TAIL_LINES = 20


class DaemonError(RuntimeError):
    """A background process did not start; the message carries the end of its log."""


@dataclass(frozen=True)
class Address:
    """Where a running background process listens."""

    pid: int
    port: int

    @property
    def url(self) -> str:
        """The process's loopback URL, without a trailing slash."""
        return f"http://127.0.0.1:{self.port}"


@dataclass(frozen=True)
class Daemon:
    """One background process, known by the address file that it keeps locked for as long as it lives.

    The kernel drops the lock when the process dies, however it dies: a pid left over from before a reboot, or one
    since given to another program, is never taken for a running process.
    """

    name: str
    address_file: Path
    log_file: Path

    def address(self) -> Address | None:
        """Return the address of the running process; None when it does not run or is not ready yet."""
        try:
            with self.address_file.open() as file:
                if try_lock(file, shared=True):
                    return None
                text = file.read()
        except FileNotFoundError:
            return None
        return Address(**json.loads(text)) if text else None

    def last_port(self) -> int:
        """Return the port the process has or had; 0 when it never ran."""
        with suppress(FileNotFoundError, ValueError):
            return int(json.loads(self.address_file.read_text())["port"])
        return 0

    def start(self, command: Sequence[str], *, environment: Mapping[str, str], folder: Path) -> Address:
        """Start the process in a session of its own and wait until it has announced its port.

        Raises:
            DaemonError: it ended, or announced nothing within START_SECONDS.
        """
        for file in (self.address_file, self.log_file):
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text("")
        with self.log_file.open("a") as log:
            process = subprocess.Popen(  # noqa: S603 - the command is the project's own, never a user's text
                command,
                cwd=folder,
                env=dict(environment),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        wait_for(lambda: self.address() or _ended(process), seconds=START_SECONDS)
        if address := self.address():
            process.returncode = 0  # it outlives this command: nobody waits for it
            return address
        stop_group(process.pid)
        raise DaemonError(f"{self.name} did not start. Its log, {self.log_file}, ends with:\n{self.log_tail()}")

    def stop(self) -> bool:
        """End the process and all it started; False when it was not running."""
        address = self.address()
        if address is None:
            return False
        stop_group(address.pid)
        return True

    def log_tail(self) -> str:
        """Return the last lines of the log, for error messages."""
        with suppress(FileNotFoundError):
            return "\n".join(self.log_file.read_text(errors="replace").splitlines()[-LOG_TAIL_LINES:])
        return ""


def _ended(process: subprocess.Popen[bytes]) -> bool | None:
    return None if process.poll() is None else True
