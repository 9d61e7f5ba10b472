"""The processes in which the embedded AWS runs the deployed functions, and their sudden deaths."""

from __future__ import annotations

import os
import signal
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import random
    from collections.abc import Iterator, Mapping

PROCESSES = Path("/proc")

LOOK_SECONDS = 0.005
LONGEST_DELAY_SECONDS = 0.06
LONGEST_PAUSE_SECONDS = 0.3


class Workers:
    """Finds the processes of one deployment's functions by the folders of their code, and no others.

    Args:
        folder: the local environment's folder.
        suffix: the deployment's suffix.
    """

    def __init__(self, folder: Path, suffix: str) -> None:
        self._code = f"{folder}/emulator/tmp/ministack-lambda-payments-"
        self._suffix = f"-{suffix}-"
        self.killed: Counter[str] = Counter()

    def at_work(self) -> list[tuple[str, int]]:
        """Return the workers that are in the middle of an invocation: function and process, in order.

        One that waits for its next event sleeps, and reads and writes nothing. One that has yet to connect may still be
        starting: a death then makes the embedded AWS end all workers of the function, which AWS does not.
        """
        before = {worker: _calls(worker[1]) for worker in self._all() if _has_connected(worker[1])}
        time.sleep(LOOK_SECONDS)
        return sorted(worker for worker, calls in before.items() if _runs(worker[1]) or calls != _calls(worker[1]))

    def kill_at_work(self, times: Mapping[str, int], *, chance: random.Random, timeout_seconds: float) -> None:
        """Kill workers of each function ``times`` often, each at some moment of an invocation.

        Where several are at work, a function that is named earlier comes first.
        """
        order = list(times)
        deadline = time.monotonic() + timeout_seconds
        left = Counter(times)
        while left.total() and time.monotonic() < deadline:
            busy = [worker for worker in self.at_work() if left[worker[0]]]
            if not busy:
                continue
            part = min((part for part, _ in busy), key=order.index)
            process = chance.choice([process for one, process in busy if one == part])
            time.sleep(chance.random() * LONGEST_DELAY_SECONDS)
            if self._kill(part, process):
                left[part] -= 1
                time.sleep(chance.random() * LONGEST_PAUSE_SECONDS)

    def _kill(self, part: str, process: int) -> bool:
        # It may have ended meanwhile, and its number may be another's.
        if self._part(process) != part:
            return False
        with suppress(ProcessLookupError):
            os.kill(process, signal.SIGKILL)
            self.killed[part] += 1
            return True
        return False

    def _all(self) -> Iterator[tuple[str, int]]:
        for folder in PROCESSES.iterdir():
            if folder.name.isdecimal() and (part := self._part(int(folder.name))):
                yield part, int(folder.name)

    def _part(self, process: int) -> str | None:
        """Return which function the process runs; None when it runs none of this deployment's."""
        with suppress(OSError):
            command = (PROCESSES / str(process) / "cmdline").read_text("utf-8", "replace")
            _, found, name = command.partition(self._code)
            if found and self._suffix in name:
                return name.partition(self._suffix)[0]
        return None


def _has_connected(process: int) -> bool:
    with suppress(OSError):
        files = (PROCESSES / str(process) / "fd").iterdir()
        return any(file.readlink().name.startswith("socket:") for file in files)
    return False


def _runs(process: int) -> bool:
    with suppress(OSError):
        # The state follows the command's name, which is in parentheses.
        return (PROCESSES / str(process) / "stat").read_text().rpartition(") ")[2].startswith("R")
    return False


def _calls(process: int) -> str | None:
    """Return what the process has read and written so far; None when it is gone."""
    with suppress(OSError):
        return (PROCESSES / str(process) / "io").read_text()
    return None
