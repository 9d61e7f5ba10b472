"""Locks on files: the kernel drops them with the process that holds them, so none is ever left behind."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from local_aws.progress import Report, silent


def try_lock(file: IO[str], *, shared: bool = False) -> bool:
    """Lock an open file, for this process alone or shared; False when another one holds it."""
    try:
        fcntl.flock(file, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


@contextmanager
def alone_in(folder: Path, report: Report = silent) -> Iterator[None]:
    """Let one process at a time work in `folder`, which is made; the others wait, and say so."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as file:
        if not try_lock(file):
            report(f"waiting for another command that is at work in {folder}")
            fcntl.flock(file, fcntl.LOCK_EX)
        yield
