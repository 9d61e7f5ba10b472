"""Ending a child process that takes longer than it may, together with all it started."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Timer

from local_aws.process_group import stop_group


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
        stop_group(process.pid)

    timer = Timer(seconds, end)
    timer.daemon = True
    timer.start()
    try:
        yield limit
    except BaseException:
        stop_group(process.pid)
        raise
    finally:
        timer.cancel()
