"""The whole pipeline on in-memory ports: what streams, queues and schedules do, one delivery at a time."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from payments.domain.approval import ApprovalPolicy
from payments.domain.decision import Decision, DecisionRequest
from payments.domain.errors import DeliveryFailed
from payments.domain.payment import Processing
from payments.domain.request import PaymentRequest
from payments.use_cases import (
    Accepted,
    Answer,
    Outcome,
    Queue,
    Start,
    accept_payment,
    decide_approval,
    dispatch_change,
    notify_payment,
    process_payment,
    record_change,
    wake_overdue,
)
from tests.fakes import (
    FakeApprovalRequests,
    FakeAuditLog,
    FakeClock,
    FakeGateway,
    FakeMeasurements,
    FakeNotifier,
    FakeQueue,
    FakeStore,
    FakeTokens,
    FakeWorkflow,
    Faults,
    ProcessDied,
)
from tests.unit.executions import Executions

if TYPE_CHECKING:
    from collections.abc import Callable

    from payments.domain.payment import Payment

LEASE = timedelta(seconds=60)
OPEN_DEADLINE = timedelta(seconds=120)
KEY_RETENTION = timedelta(hours=24)
MAX_ATTEMPTS = 10
APPROVALS = ApprovalPolicy(limits={"USD": Decimal(100)}, timeout=timedelta(hours=2))

ORCHESTRATED = PaymentRequest(amount=Decimal("20.00"), processing=Processing.ORCHESTRATED)
HIGH = PaymentRequest(amount=Decimal("100.01"), processing=Processing.ORCHESTRATED)
"""A payment that somebody must approve."""


class Pipeline:
    """Workers that may die, a stream that delivers in order and again, queues that keep what was not acknowledged.

    ``gateway_clock`` is everybody else's clock: the gateway's, and that of the workflow service.
    """

    def __init__(
        self,
        *,
        faults: Faults | None = None,
        clock: FakeClock | None = None,
        gateway_clock: FakeClock | None = None,
        key_retention: timedelta = KEY_RETENTION,
    ) -> None:
        self.faults = faults or Faults()
        self.clock = clock or FakeClock()
        self.gateway_clock = gateway_clock or FakeClock()
        self.tokens = FakeTokens()
        self.measure = FakeMeasurements()
        self.store = FakeStore(self.faults)
        self.processing = FakeQueue(self.faults)
        self.notification = FakeQueue(self.faults)
        self.log = FakeAuditLog(self.faults)
        self.notifier = FakeNotifier(self.faults)
        self.gateway = FakeGateway(self.gateway_clock, key_retention=key_retention, faults=self.faults)
        self.workflow = FakeWorkflow(self.faults)
        self.requests = FakeApprovalRequests(self.faults)
        self.executions = Executions(self)
        self.lease = LEASE
        self.dispatched = 0
        self.audited = 0

    def accept(self, request: PaymentRequest | None = None, *, key: str | None = "key-1") -> Accepted:
        return accept_payment(
            request or PaymentRequest(amount=Decimal("10.00")),
            idempotency_key=key,
            store=self.store,
            clock=self.clock,
            tokens=self.tokens,
            open_deadline=OPEN_DEADLINE,
            approvals=APPROVALS,
        )

    def accepted(self, request: PaymentRequest | None = None) -> str:
        """Accept one payment and return its id."""
        return self.accept(request).payment.payment_id

    def decide(self, token: str, decision: Decision, *, actor: str = "ada", reason: str | None = None) -> Payment:
        return decide_approval(
            token,
            DecisionRequest(decision=decision, actor=actor, reason=reason),
            store=self.store,
            clock=self.clock,
            tokens=self.tokens,
            open_deadline=OPEN_DEADLINE,
        )

    def process(self, payment_id: str) -> Outcome:
        return process_payment(
            payment_id,
            actor="processor",
            store=self.store,
            gateway=self.gateway,
            clock=self.clock,
            tokens=self.tokens,
            lease=LEASE,
            max_attempts=MAX_ATTEMPTS,
            measure=self.measure,
        )

    def sweep(self) -> int:
        return wake_overdue(
            overdue=self.store, queue=self.processing, clock=self.clock, measure=self.measure, limit=100
        )

    def dispatch_next(self) -> None:
        """Let the dispatcher read the next change; the stream stays where it is when the dispatcher dies."""
        queues = {Queue.PROCESSING: self.processing, Queue.NOTIFICATION: self.notification}
        for asked in dispatch_change(*self.store.changes[self.dispatched]):
            # What a workflow did not take is left to the sweeper.
            match asked:
                case Start(payment_id):
                    with suppress(DeliveryFailed):
                        self.workflow.start(payment_id)
                case Answer(task_token, granted):
                    with suppress(DeliveryFailed):
                        self.workflow.answer(task_token, granted=granted)
                case wake:
                    queues[wake.queue].send([wake.payment_id])
        self.dispatched += 1

    def starts_next(self) -> bool:
        """Return whether the next change asks for a workflow to be started."""
        coming = self.store.changes[self.dispatched :][:1]
        return any(isinstance(asked, Start) for change in coming for asked in dispatch_change(*change))

    def audit_next(self) -> None:
        old, new = self.store.changes[self.audited]
        record_change(old.version if old else None, new, log=self.log)
        self.audited += 1

    def process_next(self) -> None:
        """Deliver the next processing message; it stays unless the processor returns."""
        self._deliver(self.processing, self.process)

    def notify_next(self) -> None:
        self._deliver(
            self.notification, lambda payment_id: notify_payment(payment_id, store=self.store, notifier=self.notifier)
        )

    def step(self) -> bool:
        """Do the next thing there is to do; return whether there was any."""
        if self.dispatched < len(self.store.changes):
            self.dispatch_next()
        elif self.audited < len(self.store.changes):
            self.audit_next()
        elif self.processing.messages:
            self.process_next()
        elif self.notification.messages:
            self.notify_next()
        else:
            return self.executions.step()
        return True

    def run(self) -> None:
        """Start dead and failed workers again until every payment rests and every message and change is dealt with."""
        for _ in range(500):
            try:
                if not self.step() and not self.wake_next():
                    return
            except (Exception, ProcessDied):  # noqa: BLE001, S112 - whatever ended a worker, the next one goes on
                continue
        raise AssertionError("the pipeline did not come to rest")

    def run_until(self, reached: Callable[[], bool]) -> None:
        """Start dead and failed workers again until ``reached`` says yes; no time passes."""
        for _ in range(100):
            if reached():
                return
            with suppress(Exception, ProcessDied):
                self.step()
        raise AssertionError("the pipeline did not get there")

    def wake_next(self) -> int:
        """Wait for the next deadline and sweep; return how many payments and executions there was to wait for."""
        deadlines = [payment.due_at - self.clock.now for payment in self.store.payments.values() if payment.due_at]
        alarms = [moment - self.gateway_clock.now for moment in self.executions.alarms()]
        if deadlines or alarms:
            self.wait(max(min(deadlines + alarms) + timedelta(milliseconds=1), timedelta(0)))
        return self.sweep() + len(alarms)

    def wait(self, duration: timedelta) -> None:
        """Let time pass for everybody."""
        self.clock.move(duration)
        self.gateway_clock.move(duration)

    def wait_for(self, payment_id: str) -> None:
        """Let time pass until the open payment is due."""
        due_at = self.store.get(payment_id).due_at
        if due_at is None:
            raise ValueError(f"{payment_id} is settled; nothing of it will ever be due")
        self.wait(max(due_at - self.clock.now, timedelta(0)))

    @staticmethod
    def _deliver(queue: FakeQueue, consume: Callable[[str], object]) -> None:
        payment_id = queue.messages[0]
        queue.messages.rotate(-1)
        consume(payment_id)
        queue.messages.remove(payment_id)
