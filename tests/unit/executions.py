"""The payment workflow's walk in memory: the same steps, by the same use cases, each of which may fail and come again.

How the real state machine goes from step to step is tested where the machine itself runs.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum, auto
from typing import TYPE_CHECKING

from payments.domain.errors import ApprovalNotAwaited
from payments.use_cases import Verdict, examine_payment, request_approval, settle_payment
from tests.fakes import ProcessDied

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.unit.pipeline import Pipeline

WAIT = timedelta(hours=2)
PAUSE = timedelta(seconds=60)
MOST_TRIES = 5


class Step(Enum):
    EXAMINE = auto()
    ASK = auto()
    WAIT = auto()
    CHARGE = auto()
    SUCCEEDED = auto()
    FAILED = auto()


ENDS = {Step.SUCCEEDED, Step.FAILED}


@dataclass
class Execution:
    """One run of the workflow. Nothing happens in it before ``not_before``."""

    payment_id: str
    not_before: datetime
    step: Step = Step.EXAMINE
    entered_at: datetime = field(init=False)
    tries: int = 0
    task_token: str = ""

    def __post_init__(self) -> None:
        self.entered_at = self.not_before

    def go_to(self, step: Step, now: datetime) -> None:
        self.step, self.entered_at, self.not_before, self.tries = step, now, now, 0


class Executions:
    """Every workflow that was started, one a payment."""

    def __init__(self, pipeline: Pipeline) -> None:
        self.of: dict[str, Execution] = {}
        self._pipeline = pipeline
        self._waits = 0

    @property
    def now(self) -> datetime:
        return self._pipeline.gateway_clock.now

    def alarms(self) -> Sequence[datetime]:
        """Return when each execution that has not ended goes on by itself."""
        self._take_up()
        return [execution.not_before for execution in self.of.values() if execution.step not in ENDS]

    def step(self) -> bool:
        """Let the next execution that can go on do one step; return whether there was any."""
        ready = next(iter(self.ready()), None)
        if ready is None:
            return False
        self.go_on(ready)
        return True

    def ready(self) -> Sequence[Execution]:
        """Return the executions that can go on now."""
        self._take_up()
        return list(filter(self._can_go_on, self.of.values()))

    def lose(self, payment_id: str) -> None:
        """Abort an execution, as an operator or a lost region would."""
        self.of[payment_id].step = Step.FAILED

    def _take_up(self) -> None:
        for payment_id in self._pipeline.workflow.started:
            self.of.setdefault(payment_id, Execution(payment_id, self.now))

    def _can_go_on(self, execution: Execution) -> bool:
        if execution.step in ENDS:
            return False
        return execution.not_before <= self.now or self._answer_to(execution) is not None

    def _answer_to(self, execution: Execution) -> bool | None:
        return self._pipeline.workflow.answers.get(execution.task_token) if execution.step is Step.WAIT else None

    def go_on(self, execution: Execution) -> None:
        """Let ``execution`` do its next step; what ended it rises, and the step is tried again after a pause."""
        does = {
            Step.EXAMINE: self._examine,
            Step.ASK: self._ask,
            Step.WAIT: self._wait,
            Step.CHARGE: self._charge,
        }[execution.step]
        try:
            execution.go_to(does(execution), self.now)
        except (Exception, ProcessDied):
            execution.tries += 1
            execution.not_before = self.now + PAUSE
            if execution.tries == MOST_TRIES:
                execution.go_to(Step.FAILED, self.now)
            raise
        if execution.step is Step.WAIT:
            execution.not_before = self.now + WAIT

    def _examine(self, execution: Execution) -> Step:
        pipeline = self._pipeline
        found = examine_payment(
            execution.payment_id, store=pipeline.store, clock=pipeline.clock, tokens=pipeline.tokens
        )
        return {
            Verdict.PROCESS: Step.CHARGE,
            Verdict.AWAIT_APPROVAL: Step.ASK,
            Verdict.REFUSED: Step.FAILED,
            Verdict.SETTLED: Step.SUCCEEDED if found.payment.status == "succeeded" else Step.FAILED,
        }[found.verdict]

    def _ask(self, execution: Execution) -> Step:
        # Every try is a wait of its own, with a token of its own.
        self._waits += 1
        execution.task_token = f"wait-{self._waits}"
        pipeline = self._pipeline
        try:
            request_approval(
                execution.payment_id,
                task_token=execution.task_token,
                expires_at=execution.entered_at + WAIT,
                store=pipeline.store,
                requests=pipeline.requests,
                clock=pipeline.clock,
                tokens=pipeline.tokens,
            )
        except ApprovalNotAwaited:
            return Step.CHARGE
        return Step.WAIT

    def _wait(self, execution: Execution) -> Step:
        return Step.FAILED if self._answer_to(execution) is False else Step.CHARGE

    def _charge(self, execution: Execution) -> Step:
        pipeline = self._pipeline
        payment = settle_payment(
            execution.payment_id,
            store=pipeline.store,
            gateway=pipeline.gateway,
            clock=pipeline.clock,
            tokens=pipeline.tokens,
            lease=pipeline.lease,
            measure=pipeline.measure,
        )
        return Step.SUCCEEDED if payment.status == "succeeded" else Step.FAILED
