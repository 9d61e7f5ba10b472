"""Ending a process together with all it started."""

import os
import signal
from contextlib import suppress

from local_aws.waiting import wait_for

STOP_SECONDS = 10.0


def stop_group(pid: int) -> None:
    """End the process group led by `pid`: first politely, then by force."""
    with suppress(ProcessLookupError):
        os.killpg(pid, signal.SIGTERM)
    wait_for(lambda: None if _lives(pid) else True, seconds=STOP_SECONDS)
    with suppress(ProcessLookupError):
        os.killpg(pid, signal.SIGKILL)


def _lives(pid: int) -> bool:
    # A child that has ended still counts until its parent has asked for it.
    with suppress(ChildProcessError):
        os.waitpid(pid, os.WNOHANG)
    try:
        os.killpg(pid, 0)
    except ProcessLookupError:
        return False
    return True
