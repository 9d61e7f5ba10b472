"""What goes wrong with the world around the workers: with streams, queues, the gateway and workflows."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from tests.simulation.delivery import Message
from tests.simulation.mishaps import Fault
from tests.unit.executions import ENDS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tests.simulation.run import Run

SHARE = 0.02
"""Share of the steps before which something of this kind is tried."""

CONSUMERS = ("processor", "notifier", "dispatcher", "auditor", "sweeper", "workflow")
DAY_MINUTES = 24 * 60


class Upsets:
    """Upsets the world of ``run``, now and then."""

    def __init__(self, run: Run) -> None:
        self._run, self._site, self._chance = run, run.site, run.chance
        self._happens: Mapping[Fault, Callable[[], None]] = {
            Fault.STREAM_REPLAYED: self._replay,
            Fault.CHANGE_FORGED: run.invocations.forge,
            Fault.CONSUMER_STOPPED: self._stop,
            Fault.GATEWAY_DOWN: self._take_gateway_down,
            Fault.EXECUTION_LOST: self._lose_execution,
            Fault.EXECUTION_DOUBLED: self._double_execution,
            Fault.MESSAGE_DUPLICATED: self._duplicate_message,
        }

    def maybe(self) -> None:
        """Let one of them happen, or none."""
        fault = self._site.mishaps.strikes(*self._happens, share=SHARE)
        if fault:
            self._happens[fault]()

    def _replay(self) -> None:
        readers = [each for each in self._site.dispatchers + self._site.auditors if each.position]
        if readers:
            reader = self._chance.choice(readers)
            reader.position = self._chance.randrange(max(0, reader.position - 12), reader.position)
            self._site.mishaps.note(Fault.STREAM_REPLAYED)

    def _stop(self) -> None:
        name = self._chance.choice(CONSUMERS)
        pause = timedelta(minutes=self._chance.choice([1, 10, 58, 61, DAY_MINUTES - 2, DAY_MINUTES + 5]))
        self._run.invocations.stop(name, self._run.now + pause)
        self._site.mishaps.note(Fault.CONSUMER_STOPPED, f"{name} for {pause}")

    def _take_gateway_down(self) -> None:
        pause = timedelta(minutes=self._chance.choice([5, 5, 62, 62, 7 * 60]))
        self._run.gateway_is_down_until = self._run.now + pause
        self._site.mishaps.note(Fault.GATEWAY_DOWN, f"for {pause}")

    def _lose_execution(self) -> None:
        executions = self._site.executions.of.values()
        running = [each for each in executions if each.step not in ENDS and not self._run.invocations.is_busy(each)]
        if running:
            lost = self._chance.choice(running).payment_id
            self._site.executions.lose(lost)
            self._site.mishaps.note(Fault.EXECUTION_LOST, lost)

    def _double_execution(self) -> None:
        uploads = [upload for upload in self._run.uploads if upload.executions]
        if uploads and not self._run.is_crowded:
            self._site.mishaps.note(Fault.EXECUTION_DOUBLED)
            self._run.invocations.execute(self._chance.choice(uploads))

    def _duplicate_message(self) -> None:
        queue = self._chance.choice(list(self._site.queues.values()))
        if queue.waiting:
            message = self._chance.choice(queue.waiting)
            queue.waiting.append(Message(-message.number, message.body, self._run.now))
            self._site.mishaps.note(Fault.MESSAGE_DUPLICATED)
