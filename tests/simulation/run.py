"""One run: many payments at once, any step of any of them next, trouble everywhere, then calm, then the reckoning."""

from __future__ import annotations

import random
import shlex
from contextlib import ExitStack, suppress
from datetime import timedelta
from typing import TYPE_CHECKING
from unittest import mock

from functions.dispatcher import handler as dispatcher
from functions.reconciler import handler as reconciler
from payments.domain.approval import ApprovalState
from payments.domain.batch import BatchStatus
from payments.domain.errors import GatewayRefused
from payments.domain.payment import Claim, Payment, Status
from payments.runtime import batch, telemetry
from tests.fakes import Act
from tests.simulation.invocations import LONGEST_SKEW, Invocations
from tests.simulation.mishaps import Fault
from tests.simulation.people import Order, Upload, an_order, an_upload
from tests.simulation.promises import ALL_PROMISES
from tests.simulation.quiet import QuietLog
from tests.simulation.scheduler import InTurn, Worker
from tests.simulation.site import Site
from tests.simulation.upsets import Upsets
from tests.unit.executions import ENDS
from tests.unit.pipeline import LEASE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from payments.domain.reconciliation import Finding
    from tests.simulation.mutants import Mutant

PAYMENTS_PER_RUN = 25
MINUTE = timedelta(minutes=1)
MOST_WORKERS = 7
ACTS = [Act.APPROVE] * 26 + [Act.DECLINE] * 8 + [Act.REFUSE] * 4
ACTS += [Act.TIME_OUT_BEFORE_CHARGING, Act.TIME_OUT_AFTER_CHARGING]
MOST_STEPS_OF_CALM = 15_000
SHARE_CLOSED = 0.7
"""Share of the repeated orders at which the account they are for turns out to be closed since."""


class Run:
    """One seed's run over ``payments`` payments. ``mutant`` puts something wrong in the place of something right."""

    def __init__(self, seed: int, *, payments: int, mutant: Mutant | None = None, is_traced: bool = False) -> None:
        self.chance = random.Random(seed)  # noqa: S311 - a simulation's dice
        self.seed, self.payments = seed, payments
        self.site = Site(
            self.chance,
            key_retention=timedelta(hours=self.chance.choice([1, 24])),
            is_traced=is_traced,
        )
        self.has_honest_clocks = self.chance.random() < 0.5
        self.orders: list[Order] = []
        self.uploads: list[Upload] = []
        self.violations: list[tuple[str, str, str]] = []
        self.reviews: dict[str, datetime] = {}
        self.found: list[Finding] = []
        self._mutant = mutant
        self._leases: dict[str, tuple[Worker, datetime]] = {}
        self.gateway_is_down_until = self.now
        self._acts: dict[str, Act] = {}
        self._is_compared = False
        self._later: list[tuple[datetime, Callable[[], object]]] = []
        self._ask_for(payments)
        self.invocations = Invocations(self)
        self._upsets = Upsets(self)
        self.site.gateway.watch = self._watch_gateway
        self.site.gateway.decide = self._decide

    @property
    def command(self) -> str:
        """The command that does this very run again and tells every step of it."""
        options = [f"--seed {self.seed}"]
        if self.payments != PAYMENTS_PER_RUN:
            options.append(f"--payments {self.payments}")
        if self._mutant:
            options.append(f"--mutant {shlex.quote(self._mutant.name)}")
        return " ".join([".venv/bin/python -m tests.simulation", *options])

    @property
    def now(self) -> datetime:
        return self.site.gateway_clock.now

    def run(self) -> None:
        """Do everything; what did not hold is in ``violations`` then."""
        with ExitStack() as stack:
            for module, name, instead in (
                (batch, "ThreadPoolExecutor", InTurn),
                (dispatcher, "ThreadPoolExecutor", InTurn),
                (telemetry, "log", QuietLog.the_one),
                (reconciler, "_report", self.found.append),
                (telemetry, "EmittedMetrics", lambda: self.site.measure),
            ):
                stack.enter_context(mock.patch.object(module, name, instead))
            if self._mutant:
                self._mutant.put_in(self, stack)
            try:
                self._trouble()
                self._calm()
            finally:
                self.site.scheduler.stop()
            self.site.stream()

    def broken(self, promise: str, about: str, said: str) -> None:
        """Note that ``promise`` did not hold of ``about``.

        Raises:
            ValueError: it is none of those that are counted, and that mutants must break.
        """
        if promise not in ALL_PROMISES:
            raise ValueError(f"nobody promised {promise}")
        self.violations.append((promise, about, said))
        self.site.trace.add(self.site.scheduler.current, f"!! {promise}", f"{about}: {said}")

    # What there is to ask for.

    def _ask_for(self, payments: int) -> None:
        rows = payments // 4
        self.orders = [an_order(self.chance, number) for number in range(payments - rows)]
        if rows:
            files = self.chance.choice([1, 2]) if rows > 3 else 1
            self.uploads = [an_upload(self.chance, number, rows // files, self.orders) for number in range(files)]
            for upload in self.uploads:
                self.site.batches.upload(upload.content, key=f"incoming/{upload.number}.csv")

    def _decide(self, reference: str) -> Act:
        self._watch_gateway(reference)
        if reference not in self._acts:
            self._acts[reference] = self.chance.choice(ACTS)
            if self._acts[reference] in {Act.TIME_OUT_BEFORE_CHARGING, Act.TIME_OUT_AFTER_CHARGING}:
                self.site.mishaps.note(Fault.AMBIGUOUS, reference)
        if self._is_gateway_down:
            return Act.TIME_OUT_BEFORE_CHARGING
        self._close_account(reference)
        return Act.REFUSE if reference in self.site.gateway.closed else self._acts[reference]

    def _close_account(self, reference: str) -> None:
        gateway, mishaps = self.site.gateway, self.site.mishaps
        is_open_and_charged = gateway.charges_of(reference) and reference not in gateway.closed
        if is_open_and_charged and mishaps.strikes(Fault.ACCOUNT_CLOSED, share=SHARE_CLOSED):
            mishaps.note(Fault.ACCOUNT_CLOSED, reference)
            gateway.closed.add(reference)

    @property
    def _is_gateway_down(self) -> bool:
        return self.gateway_is_down_until > self.now and not self.site.mishaps.are_over

    def _watch_gateway(self, reference: str) -> None:
        payment = self.site.store.payments.get(reference)
        if payment is None:
            self.broken("has_no_ghosts", reference, "the gateway was asked about a payment nobody knows")
            return
        if payment.approval and payment.approval.state is not ApprovalState.GRANTED:
            self.broken("is_never_charged_without_its_approval", reference, f"its approval is {payment.approval.state}")
        worker = self.site.scheduler.current
        holder, until = self._leases.get(reference, (worker, self.now))
        if self.has_honest_clocks and worker and holder is not worker and self.now < until:
            self.broken("is_left_to_the_holder_of_its_lease", reference, f"{worker.name} asked, {holder} holds it")

    # Time with trouble.

    def _trouble(self) -> None:
        limit = 400 * (len(self.orders) + 4)
        for step in range(limit):
            if step > limit // 6 and self._has_nothing_left():
                break
            self._upsets.maybe()
            self._step()

    def _has_nothing_left(self) -> bool:
        return (
            all(order.is_done for order in self.orders)
            and all(upload.executions for upload in self.uploads)
            and not any(payment.is_open for payment in self.site.store.payments.values())
        )

    def _step(self) -> None:
        self._note_late_requests()
        awake = [worker for worker in self.site.scheduler.workers if worker.wakes_at <= self.now]
        draw = self.chance.random()
        if awake and (draw < 0.7 or self.is_crowded):
            self._go_on(self.chance.choice(awake))
            return
        starts = [] if self.is_crowded else self.invocations.startable()
        if starts and draw < 0.95:
            self.chance.choice(starts)()
        elif awake and draw < 0.97:
            self._go_on(self.chance.choice(awake))
        else:
            self._pass_time(awake or starts)

    def _pass_time(self, anything: object) -> None:
        edges = [moment for moment in self._edges() if moment > self.now]
        if edges and (not anything or self.site.mishaps.strikes(Fault.TIME_JUMPED, share=0.15)):
            edge = min(edges)
            if anything:
                forgotten = [moment for moment in self._ends_of_retention() if moment > self.now + LEASE]
                edge = self.chance.choice(forgotten if forgotten and self.chance.random() < 0.3 else edges)
                edge += timedelta(milliseconds=self.chance.choice([-60_001, -20_000, -1, 0, 1, 900, 100_000]))
                self.site.mishaps.note(Fault.TIME_JUMPED)
            self._move_to(edge)
        else:
            self._move_to(self.now + timedelta(milliseconds=self.chance.choice([1, 20, 300, 2_000, 9_000])))

    def _edges(self) -> Iterator[datetime]:
        """Yield when something is due by itself."""
        for worker in self.site.scheduler.workers:
            yield worker.wakes_at
        for queue in self.site.queues.values():
            yield from (message.visible_at for message in queue.waiting)
        for payment in self.site.store.payments.values():
            if payment.due_at:
                yield payment.due_at
            if payment.claim and payment.is_open:
                yield payment.claim.lease_expires_at
        yield from self.site.executions.alarms()
        yield from self.invocations.stops()
        for batch_ in self.site.batches.batches.batches.values():
            if batch_.due_at and batch_.status is BatchStatus.COMPLETED:
                yield batch_.due_at + timedelta(milliseconds=1)

    def _ends_of_retention(self) -> Iterator[datetime]:
        """Yield when the gateway may forget the key of a payment that is still open."""
        for payment in self.site.store.payments.values():
            if payment.claim and payment.is_open:
                yield payment.claim.first_claimed_at + self.site.gateway.key_retention

    def _move_to(self, moment: datetime) -> None:
        self._note_late_requests()
        while due := min((each for each in self._later if each[0] <= moment), key=lambda each: each[0], default=None):
            self._later.remove(due)
            self._set_time(due[0])
            self.site.trace.add(None, "late request", "reaches the gateway")
            with suppress(GatewayRefused):
                due[1]()
        self._set_time(moment)
        self.site.gateway.finds_nothing_out = self._is_gateway_down

    def _set_time(self, moment: datetime) -> None:
        by = max(moment - self.now, timedelta(0))
        self.site.gateway_clock.move(timedelta(milliseconds=-(-by // timedelta(milliseconds=1))))

    def _note_late_requests(self) -> None:
        later = self.site.mishaps.later
        while later:
            after, effect = later.pop()
            self._later.append((self.now + after, effect))

    def _go_on(self, worker: Worker) -> None:
        if self.now > worker.dies_at and not worker.is_doomed:
            worker.is_doomed = True
            self.site.mishaps.counts[Fault.TIMED_OUT] += 1
            self.site.trace.add(worker, f"** {Fault.TIMED_OUT}")
        self.site.scheduler.go_on(worker)
        for old, new in self.site.stream():
            self._watch_claims(worker, old, new)
        if worker.has_ended:
            if worker.error:
                self.site.trace.add(worker, "ended", repr(worker.error))
            worker.then(worker)

    def _watch_claims(self, worker: Worker, old: Payment | None, new: Payment) -> None:
        self.site.trace.add(worker, "  wrote", new)
        claim: Claim | None = new.claim
        if claim and (old is None or claim != old.claim):
            self._leases[new.payment_id] = (worker, claim.lease_expires_at)
        if new.status is Status.NEEDS_REVIEW:
            self.reviews[new.payment_id] = self.now

    # Calm.

    def _calm(self) -> None:
        self.site.mishaps.are_over = True
        self.site.trace.add(None, "calm")
        for step in range(MOST_STEPS_OF_CALM):
            if step % 50 == 0:
                self.invocations.bring_back()
            self._note_late_requests()
            awake = [worker for worker in self.site.scheduler.workers if worker.wakes_at <= self.now]
            if awake:
                self._go_on(self.chance.choice(awake))
                continue
            starts = self.invocations.startable()
            if starts:
                self.chance.choice(starts)()
                continue
            if self._is_at_rest() and self._is_compared:
                return
            if self._is_at_rest():
                self._compare()
                continue
            self._move_to(min(moment for moment in [*self._edges(), self.now + MINUTE] if moment > self.now))
        self.broken("comes_to_rest", "", "there is still something to do")

    def _compare(self) -> None:
        """Compare every day a last time, once nobody holds anything any more by any clock."""
        self._is_compared = True
        self._move_to(self.now + LEASE + 2 * LONGEST_SKEW)
        self.invocations.compare_every_day()

    @property
    def is_crowded(self) -> bool:
        return len(self.site.scheduler.workers) >= MOST_WORKERS

    def is_unread(self, upload: Upload) -> bool:
        """Return whether the file's rows have not all been entered yet."""
        key = f"incoming/{upload.number}.csv"
        batches = [each for each in self.site.batches.batches.batches.values() if each.source.key == key]
        return not batches or batches[0].status not in {BatchStatus.COMPLETED, BatchStatus.SETTLED}

    def _is_at_rest(self) -> bool:
        site = self.site
        return not (
            site.scheduler.workers
            or self._later
            or any(queue.waiting or queue.set_aside for queue in site.queues.values())
            or any(reader.backlog or reader.set_aside for reader in site.dispatchers + site.auditors)
            or any(payment.is_open for payment in site.store.payments.values())
            or any(execution.step not in ENDS for execution in site.executions.of.values())
            or any(self.is_unread(upload) for upload in self.uploads)
            or self._settler_is_awaited()
        )

    def _settler_is_awaited(self) -> bool:
        for each in self.site.batches.batches.batches.values():
            payments = [one for one in self.site.store.payments.values() if one.batch_id == each.batch_id]
            if each.due_at and not any(one.status is Status.NEEDS_REVIEW for one in payments):
                return True
        return False
