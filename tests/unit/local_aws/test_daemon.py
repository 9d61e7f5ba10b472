from __future__ import annotations

import json
import os
import sys
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from local_aws.announcement import announce
from local_aws.credentials import bare
from local_aws.daemon import Daemon, DaemonError
from local_aws.waiting import wait_for

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[3]
LISTENS = """
    import subprocess, sys, time
    from pathlib import Path
    from local_aws.announcement import announce
    child = subprocess.Popen(["sleep", "60"])
    Path(sys.argv[2]).write_text(str(child.pid))
    file = announce(Path(sys.argv[1]), 4711)
    time.sleep(60)
"""


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[Daemon]:
    daemon = Daemon("the daemon", tmp_path / "daemon.json", tmp_path / "daemon.log")
    yield daemon
    daemon.stop()


def start(daemon: Daemon, code: str = LISTENS) -> None:
    arguments = [str(daemon.address_file), str(daemon.address_file.with_name("child"))]
    daemon.start([sys.executable, "-c", textwrap.dedent(code), *arguments], environment=bare(), folder=ROOT)


def lives(pid: int) -> bool:
    status = Path(f"/proc/{pid}/status")
    return status.exists() and "zombie" not in status.read_text()


def test_a_started_process_is_found_until_it_is_stopped(daemon: Daemon) -> None:
    assert daemon.address() is None
    start(daemon)
    address = daemon.address()
    assert address is not None
    assert address.url == "http://127.0.0.1:4711"
    assert daemon.stop()
    assert daemon.address() is None
    assert not daemon.stop()


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="processes are looked up in /proc")
def test_stopping_ends_what_the_process_started_too(daemon: Daemon) -> None:
    start(daemon)
    child = int(daemon.address_file.with_name("child").read_text())
    assert lives(child)
    daemon.stop()
    assert wait_for(lambda: None if lives(child) else True, seconds=5)


def test_a_file_left_from_before_a_restart_is_not_taken_for_a_running_process(daemon: Daemon) -> None:
    daemon.address_file.write_text(json.dumps({"pid": os.getpid(), "port": 4711}))
    assert daemon.address() is None
    assert daemon.last_port() == 4711


def test_a_process_that_ends_at_once_is_an_error_with_its_last_words(daemon: Daemon) -> None:
    with pytest.raises(DaemonError, match="no more ports"):
        start(daemon, "raise SystemExit('no more ports')")


def test_a_second_process_for_the_same_file_is_refused(daemon: Daemon) -> None:
    start(daemon)
    with pytest.raises(SystemExit, match="held by another process"):
        announce(daemon.address_file, 4712)


def test_a_process_whose_file_is_removed_ends_by_itself(daemon: Daemon) -> None:
    start(daemon)
    address = daemon.address()
    assert address is not None
    daemon.address_file.unlink()
    assert wait_for(lambda: os.waitpid(address.pid, os.WNOHANG)[0] or None, seconds=10)
