"""Processes that outlive the command that started them, and the file by which later commands find them."""

import fcntl
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from local_aws.waiting import wait_for

START_SECONDS = 60.0
STOP_SECONDS = 10.0
WATCH_SECONDS = 2.0
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
                if _lock(file, shared=True):
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


def announce(address_file: Path, port: int) -> IO[str]:
    """Called by the process itself once it is ready: publish its pid and port, and hold the lock.

    Keep the returned file open until the process ends. A second process for the same file is refused.
    """
    file = address_file.open("a+")
    # A reader holds a shared lock for an instant, so the first try may fail.
    if not wait_for(lambda: _lock(file, shared=False) or None, seconds=1):
        sys.exit(f"{address_file} is held by another process; stop that one first")
    file.truncate(0)
    json.dump({"pid": os.getpid(), "port": port}, file)
    file.flush()
    threading.Thread(target=_end_without, args=(address_file,), daemon=True).start()
    return file


def _end_without(address_file: Path) -> None:
    """End this process soon after its address file was removed: nobody could find it any more to stop it."""
    while address_file.exists():
        time.sleep(WATCH_SECONDS)
    os.killpg(os.getpgrp(), signal.SIGTERM)


def stop_group(pid: int) -> None:
    """End the process group led by `pid`: first politely, then by force."""
    with suppress(ProcessLookupError):
        os.killpg(pid, signal.SIGTERM)
    wait_for(lambda: True if not _group_lives(pid) else None, seconds=STOP_SECONDS)
    with suppress(ProcessLookupError):
        os.killpg(pid, signal.SIGKILL)


def _ended(process: subprocess.Popen[bytes]) -> bool | None:
    return None if process.poll() is None else True


def _group_lives(pid: int) -> bool:
    with suppress(ChildProcessError):
        os.waitpid(pid, os.WNOHANG)
    try:
        os.killpg(pid, 0)
    except ProcessLookupError:
        return False
    return True


def _lock(file: IO[str], *, shared: bool) -> bool:
    try:
        fcntl.flock(file, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
