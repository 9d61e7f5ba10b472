"""The background process's own side of `daemon`: it says where it listens, for as long as it lives."""

import json
import os
import signal
import sys
import threading
import time
from pathlib import Path
from typing import IO

from local_aws.file_lock import try_lock
from local_aws.waiting import wait_for

WATCH_SECONDS = 2.0


def announce(address_file: Path, port: int) -> IO[str]:
    """Publish this process's pid and port, and hold the file's lock.

    Keep the returned file open until the process ends. A second process for the same file is refused, and one whose
    file is removed ends by itself.
    """
    file = address_file.open("a+")
    # A reader holds a shared lock for an instant, so the first try may fail.
    if not wait_for(lambda: try_lock(file) or None, seconds=1):
        sys.exit(f"{address_file} is held by another process; stop that one first")
    file.truncate(0)
    json.dump({"pid": os.getpid(), "port": port}, file)
    file.flush()
    threading.Thread(target=_end_without, args=(address_file,), daemon=True).start()
    return file


def _end_without(address_file: Path) -> None:
    # Nobody could find this process any more to stop it.
    while address_file.exists():
        time.sleep(WATCH_SECONDS)
    os.killpg(os.getpgrp(), signal.SIGTERM)
