"""Ending a child process that takes longer than it may, or is not wanted any more, together with all it started."""

import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Timer

from local_aws.process_group import stop_group

CLEAN_UP_SECONDS = 60.0
"""How long a child may go on to finish what it is at, once it was told to end."""


@dataclass
class TimeLimit:
    """Whether the child's time ran out."""

    is_over: bool = False


@contextmanager
def time_limit(process: subprocess.Popen[str], *, seconds: float) -> Iterator[TimeLimit]:
    """End `process`, which leads a process group, after `seconds`, and also where the block is left by an exception."""
    limit = TimeLimit()

    def end() -> None:
        limit.is_over = True
        _end(process)

    timer = Timer(seconds, end)
    timer.daemon = True
    timer.start()
    try:
        yield limit
    except BaseException:
        _end(process)
        raise
    finally:
        timer.cancel()


def _end(process: subprocess.Popen[str]) -> None:
    """Tell `process` alone, which knows how to end its helpers in good order; end them all where it does not end."""
    process.send_signal(signal.SIGINT)
    try:
        process.wait(CLEAN_UP_SECONDS)
    except subprocess.TimeoutExpired:
        stop_group(process.pid)
