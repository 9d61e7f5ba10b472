"""Who can begin to do something now, and what each does: one method a function, a person or a workflow."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from functools import partial
from itertools import chain
from typing import TYPE_CHECKING, Any

from payments.domain.errors import PaymentError
from payments.domain.history import next_entry
from payments.domain.payment import Payment, Status
from payments.use_cases import Queue, settle_review
from payments.use_cases.review import LATEST_ARRIVAL
from tests.fakes import START
from tests.simulation.delivery import Reader, change_event, message_event
from tests.simulation.mishaps import Fault
from tests.simulation.scheduler import Worker
from tests.simulation.site import FUNCTION_TIMEOUT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import date, datetime

    from tests.simulation.people import Order, Upload
    from tests.simulation.run import Run
    from tests.unit.executions import Execution

    Start = Callable[[], None]
    Invoke = Callable[[dict[str, Any]], Any]

MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)
RECONCILER_TIMEOUT = timedelta(minutes=15)
LONGEST_SKEW = timedelta(minutes=4)
"""How far a worker's clock may be off, either way: two of them are less than the product's tolerance apart."""


class Invocations:
    """Starts the workers of ``run``."""

    def __init__(self, run: Run) -> None:
        self._run, self._site = run, run.site
        self._stopped: dict[str, datetime] = {}
        self._busy: set[str] = set()
        self._undecided: set[str] = set()
        self._swept_at = self._settled_at = run.now
        self._started = 0

    def startable(self) -> list[Start]:
        """Return one way to begin for each thing that can be begun now."""
        return list(
            chain(
                self._requests(),
                self._deliveries(),
                self._readings(),
                self._ticks(),
                self._workflows(),
                self._decisions(),
                self._reviews(),
                self._comparisons(),
            )
        )

    def compare_every_day(self) -> None:
        """Let the reconciler compare each day of the run, and those around it, as it does in the days that follow."""
        day = START.date() - DAY
        while day <= self._run.now.date() + DAY:
            self._compare(day)
            day += DAY

    def stop(self, name: str, until: datetime) -> None:
        """Let nothing of the consumer ``name`` begin before ``until``."""
        self._stopped[name] = until

    def is_busy(self, execution: Execution) -> bool:
        return execution.payment_id in self._busy

    def stops(self) -> list[datetime]:
        """Return when consumers go on that were stopped."""
        return list(self._stopped.values())

    def bring_back(self) -> None:
        """Do what operators do after an incident: bring back what was set aside, run failed files again."""
        for queue in self._site.queues.values():
            queue.redrive()
        for name, readers, invoke in self._readers():
            for reader in readers:
                records, reader.set_aside = reader.set_aside, []
                for record in records:
                    self.start(f"{name}, again", partial(invoke, change_event([record])))
        for upload in self._run.uploads:
            if self._run.is_unread(upload) and not any("batch" in each.name for each in self._site.scheduler.workers):
                self.execute(upload)

    def forge(self) -> None:
        """Show the auditor a change that never happened: a sound history that says something else."""
        changes = [new for shard in self._site.shards for _, new in shard if new.event_id in self._site.log.events]
        if not changes:
            return
        new = self._run.chance.choice(changes)
        last = new.history[-1]
        entry = next_entry(
            new.payment_id, new.history[:-1], status=last.status, at=last.at, actor=last.actor, reason="forged"
        )
        self._site.mishaps.note(Fault.CHANGE_FORGED, new.event_id)
        forged = replace(new, history=(*new.history[:-1], entry))
        self.start("auditor, forged", lambda: self._site.audit(change_event([(None, forged)])))

    def _requests(self) -> Iterator[Start]:
        waiting = [order for order in self._run.orders if not order.is_done and not order.is_under_way]
        if waiting:
            yield partial(self._post, waiting[0])
        for upload in self._run.uploads:
            if not upload.executions:
                yield partial(self.execute, upload)
        done = [order for order in self._run.orders if order.answers and not order.is_under_way]
        if done and self._site.mishaps.strikes(Fault.CLIENT_REPEATED, Fault.CLIENT_CONTRADICTED, share=0.1):
            yield partial(self._post_again, self._run.chance.choice(done))

    def _deliveries(self) -> Iterator[Start]:
        for name, queue, invoke in (
            ("processor", Queue.PROCESSING, self._site.process_messages),
            ("notifier", Queue.NOTIFICATION, self._site.notify_messages),
        ):
            if not self._is_stopped(name) and self._site.queues[queue].visible():
                yield partial(self._consume, queue, invoke)

    def _readings(self) -> Iterator[Start]:
        for name, readers, invoke in self._readers():
            for reader in readers:
                if reader.backlog and not reader.is_at_work and not self._is_stopped(name):
                    yield partial(self._read, name, reader, invoke)

    def _readers(self) -> list[tuple[str, list[Reader], Invoke]]:
        site = self._site
        return [("dispatcher", site.dispatchers, site.dispatch), ("auditor", site.auditors, site.audit)]

    def _ticks(self) -> Iterator[Start]:
        if self._run.now >= self._swept_at + MINUTE and not self._is_stopped("sweeper"):
            yield self._sweep
        if self._run.now >= self._settled_at + MINUTE and self._site.batches.batches.batches:
            yield self._settle

    def _workflows(self) -> Iterator[Start]:
        ready = [each for each in self._site.executions.ready() if not self.is_busy(each)]
        if ready and not self._is_stopped("workflow"):
            yield partial(self._execute_payment, self._run.chance.choice(ready))

    def _decisions(self) -> Iterator[Start]:
        asked, payments = self._site.requests.asked, self._site.store.payments
        waiting = [
            each
            for each in asked
            if payments[each.payment_id].awaits_approval and each.payment_id not in self._undecided
        ]
        if waiting or (asked and self._site.mishaps.strikes(Fault.PERSON_DECIDED_AGAIN, share=0.05)):
            yield partial(self._decide_approval, waiting)

    def _reviews(self) -> Iterator[Start]:
        reviews = [
            each
            for each in self._site.store.payments.values()
            if each.status is Status.NEEDS_REVIEW
            and self._run.now > self._run.reviews[each.payment_id] + LATEST_ARRIVAL
        ]
        if reviews and not self._site.mishaps.are_over and self._run.chance.random() < 0.05:
            yield partial(self._settle_review, self._run.chance.choice(reviews))

    def _comparisons(self) -> Iterator[Start]:
        if self._site.mishaps.are_over:
            return
        left = any(self._is_left(payment) for payment in self._site.store.payments.values())
        if self._run.chance.random() < (0.08 if left else 0.01):
            yield partial(self._compare, self._run.chance.choice([None, self._run.now.date()]))

    def _is_left(self, payment: Payment) -> bool:
        """Return whether nobody seems to be at the payment, which somebody claimed: whoever comes now meets others."""
        is_due = payment.due_at is None or payment.due_at <= self._run.now
        return is_due and payment.claim is not None and not payment.is_terminal

    def _is_stopped(self, name: str) -> bool:
        return not self._site.mishaps.are_over and self._stopped.get(name, self._run.now) > self._run.now

    def start(
        self,
        name: str,
        work: Callable[[], object],
        then: Callable[[Worker], None] = lambda _: None,
        lifetime: timedelta = FUNCTION_TIMEOUT,
    ) -> None:
        self._started += 1
        worker = Worker(
            name=f"{name} {self._started}",
            work=work,
            dies_at=self._run.now + lifetime,
            skew=self._skew(),
            wakes_at=self._run.now,
            then=then,
        )
        self._site.scheduler.start(worker)

    def _skew(self) -> timedelta:
        if self._run.has_honest_clocks:
            return timedelta(0)
        fault = self._site.mishaps.strikes(Fault.FAST_CLOCK, Fault.SLOW_CLOCK, share=0.2)
        if fault is None:
            return timedelta(0)
        self._site.mishaps.note_once(fault)
        off = timedelta(milliseconds=self._run.chance.randrange(1, LONGEST_SKEW // timedelta(milliseconds=1)))
        return off if fault is Fault.FAST_CLOCK else -off

    def _post(self, order: Order) -> None:
        order.sent += 1
        order.is_under_way = True

        def then(worker: Worker) -> None:
            order.is_under_way = False
            if worker.error is None:
                order.answers.append(dict(worker.result.body))  # type: ignore[attr-defined]
            elif isinstance(worker.error, PaymentError):
                order.is_refused = True
                self._run.broken(
                    "is_answered_alike", order.customer_id, f"its own request was refused: {worker.error!r}"
                )

        self.start(f"validator {order.customer_id}", lambda: self._site.post(order.body(), key=order.key), then)

    def _post_again(self, order: Order) -> None:
        if not order.may_repeat or self._run.chance.random() < 0.5:
            self._contradict(order)
            return
        self._site.mishaps.note(Fault.CLIENT_REPEATED)
        self._post(order)

    def _contradict(self, order: Order) -> None:
        if not order.may_repeat:
            return
        self._site.mishaps.note(Fault.CLIENT_CONTRADICTED, order.customer_id)

        def then(worker: Worker) -> None:
            if worker.error is None:
                self._run.broken("has_no_ghosts", order.customer_id, "something else was accepted under its key or id")

        self.start(
            f"validator {order.customer_id}", lambda: self._site.post(order.contradiction(), key=order.key), then
        )

    def _consume(self, name: Queue, invoke: Callable[[dict[str, Any]], Any]) -> None:
        queue = self._site.queues[name]
        messages = queue.receive()

        def then(worker: Worker) -> None:
            failed = {each.number for each in messages}
            if worker.error is None and isinstance(worker.result, dict):
                failed = {int(each["itemIdentifier"]) for each in worker.result["batchItemFailures"]}
            queue.delete(each for each in messages if each.number not in failed)
            queue.give_back(each for each in messages if each.number in failed)

        self.start(f"{name} consumer", lambda: invoke(message_event(messages)), then)

    def _read(self, name: str, reader: Reader, invoke: Callable[[dict[str, Any]], Any]) -> None:
        count = min(reader.backlog, self._run.chance.choice([1, 2, 5]))
        start, event = reader.position, reader.next_event(count)
        reader.is_at_work = True

        def then(worker: Worker) -> None:
            reader.is_at_work = False
            handled = 0
            if worker.error is None and isinstance(worker.result, dict):
                failures = worker.result["batchItemFailures"]
                handled = int(failures[0]["itemIdentifier"]) - start if failures else count
            if self._site.mishaps.are_over:
                reader.tries.clear()
            if reader.advance(start, handled, count):
                self._site.mishaps.note(Fault.RECORD_SET_ASIDE)

        self.start(name, lambda: invoke(event), then)

    def _sweep(self) -> None:
        self._swept_at = self._run.now
        self.start("sweeper", self._site.sweep)

    def _settle(self) -> None:
        self._settled_at = self._run.now
        self.start("settler", self._site.batches.settle)

    def _compare(self, day: date | None) -> None:
        event = {"day": day.isoformat()} if day else {}
        self.start("reconciler", lambda: self._site.reconcile(event), lifetime=RECONCILER_TIMEOUT)

    def _execute_payment(self, execution: Execution) -> None:
        self._busy.add(execution.payment_id)

        def then(_: Worker) -> None:
            self._busy.discard(execution.payment_id)

        self.start(f"workflow {execution.step.name}", lambda: self._site.executions.go_on(execution), then)

    def _decide_approval(self, waiting: list[Any]) -> None:
        again = not waiting or self._site.mishaps.strikes(Fault.PERSON_DECIDED_AGAIN, share=0.2)
        if again:
            self._site.mishaps.note(Fault.PERSON_DECIDED_AGAIN)
        asked = self._run.chance.choice(self._site.requests.asked if again else waiting)
        if not again and self._run.chance.random() < 0.15:
            self._undecided.add(asked.payment_id)
            return
        decision = self._run.chance.choice(["approve", "approve", "refuse"])
        body = {"decision": decision, "actor": "ada"}
        self.start("approver", lambda: self._site.post_decision(asked.approval_token, body))

    def execute(self, upload: Upload) -> None:
        upload.executions += 1
        source = next(each for each in self._site.batches.files.objects if each.key == f"incoming/{upload.number}.csv")

        def work() -> None:
            for _ in self._site.batches.execution(source):
                self._site.scheduler.pause()

        self.start(f"batch workflow {upload.number}", work, lifetime=timedelta(days=999))

    def _settle_review(self, payment: Payment) -> None:
        site = self._site

        def work() -> None:
            charge = next(iter(site.gateway.charges_of(payment.payment_id)), None)
            to = Status.FAILED
            if charge:
                to = Status.SUCCEEDED if charge.approved else Status.DECLINED
            settle_review(
                payment.payment_id,
                to=to,
                gateway_reference=charge.reference if charge else None,
                actor="grace",
                reason="looked it up at the gateway",
                store=site.store,
                clock=site.clock,
                tokens=site.tokens,
            )

        self.start("operator", work)
