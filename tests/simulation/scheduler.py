"""Workers that take turns: each runs in a thread of its own until its next step, where it hands the baton back.

Only the holder of the baton runs, and who gets it is for the scheduler's caller to say. So one seed gives one order of
steps, on every machine and in every run, however the operating system schedules the threads.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from threading import Lock, Thread
from typing import TYPE_CHECKING, Self

from tests.fakes import ProcessDied

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime, timedelta


@dataclass(eq=False)
class Worker:
    """One invocation of a function, or whoever else acts. ``skew`` is how far its clock is ahead of the true time."""

    name: str
    work: Callable[[], object]
    dies_at: datetime
    skew: timedelta
    wakes_at: datetime
    then: Callable[[Worker], None] = lambda _: None
    """What whoever started it does about its end."""
    is_doomed: bool = False
    has_ended: bool = False
    result: object = None
    error: BaseException | None = None
    thread: _Thread | None = field(default=None, repr=False)


class _Thread:
    """A thread that runs one worker after the other."""

    def __init__(self, back: Lock) -> None:
        self._go, self._back = Lock(), back
        self._go.acquire()
        self._worker: Worker | None = None
        self._thread = Thread(target=self._run, daemon=True)
        self._thread.start()

    def give(self, worker: Worker | None) -> None:
        self._worker = worker

    def go(self) -> None:
        self._go.release()

    def wait(self) -> None:
        self._back.release()
        self._go.acquire()

    def join(self) -> None:
        self.give(None)
        self.go()
        self._thread.join()

    def _run(self) -> None:
        self._go.acquire()
        while worker := self._worker:
            try:
                worker.result = worker.work()
            except BaseException as error:  # noqa: BLE001 - whatever ends a worker is for whoever started it to judge
                worker.error = error
            worker.has_ended = True
            self.wait()


class Scheduler:
    """Gives the baton to one worker at a time. ``current`` is who has it; None while the caller runs."""

    def __init__(self) -> None:
        self.current: Worker | None = None
        self.workers: list[Worker] = []
        self._back = Lock()
        self._back.acquire()
        self._idle: list[_Thread] = []

    def start(self, worker: Worker) -> None:
        """Let ``worker`` take part; it does nothing before it first gets the baton."""
        worker.thread = self._idle.pop() if self._idle else _Thread(self._back)
        worker.thread.give(worker)
        self.workers.append(worker)

    def go_on(self, worker: Worker) -> None:
        """Give ``worker`` the baton until its next step or its end."""
        if worker.thread is None:
            raise ValueError(f"{worker.name} was never started")
        self.current = worker
        worker.thread.go()
        self._back.acquire()
        self.current = None
        if worker.has_ended:
            self.workers.remove(worker)
            self._idle.append(worker.thread)

    def pause(self) -> None:
        """Hand the baton back, from inside a worker, and wait for it; whoever was doomed meanwhile dies here."""
        worker = self.current
        if worker is None or worker.thread is None:
            return
        worker.thread.wait()
        if worker.is_doomed:
            raise ProcessDied(worker.name)

    def stop(self) -> None:
        """End every worker where it stands, and its thread."""
        while self.workers:
            self.workers[0].is_doomed = True
            self.go_on(self.workers[0])
        for thread in self._idle:
            thread.join()
        self._idle.clear()


class InTurn:
    """Stands in for a pool of threads: does one thing after the other, in the worker that asks for it."""

    def __init__(self, _: int) -> None:
        pass

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def map(self, work: Callable[..., object], *arguments: list[object]) -> list[object]:
        return [work(*each) for each in zip(*arguments, strict=False)]
