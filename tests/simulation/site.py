"""The whole product on in-memory ports: every handler, invoked as its event source invokes it."""

from __future__ import annotations

import base64
import json
from collections import Counter
from datetime import UTC, datetime, timedelta
from functools import partial
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

from standardwebhooks import Webhook

from functions.approver import handler as approver
from functions.auditor import handler as auditor
from functions.charger import handler as charger
from functions.dispatcher import handler as dispatcher
from functions.examiner import handler as examiner
from functions.ingestor import handler as ingestor
from functions.notifier import handler as notifier
from functions.processor import handler as processor
from functions.reconciler import handler as reconciler
from functions.requester import handler as requester
from functions.settler import handler as settler
from functions.sweeper import handler as sweeper
from functions.validator import handler as validator
from payments.adapters.every_notifier import EveryNotifier
from payments.adapters.https import Answer
from payments.adapters.webhooks import WebhookNotifier
from payments.domain.errors import ApprovalNotAwaited, GatewayRefused
from payments.domain.identifiers import SHARDS, shard_of
from payments.domain.timestamps import rfc3339
from payments.runtime.batch import each_message
from payments.runtime.http import Request
from payments.runtime.stream import all_changes, each_change
from payments.use_cases import Queue
from tests.batch_fakes import FakeIntake, FakeSettledPayments
from tests.fakes import START, FakeClock, FakeGateway
from tests.simulation.delivery import Reader, SimulatedQueue
from tests.simulation.ledger import WatchedLedger
from tests.simulation.mishaps import Mishaps
from tests.simulation.scheduler import Scheduler
from tests.simulation.trace import Trace
from tests.unit.batch_site import LONGEST_RUN, BatchSite
from tests.unit.executions import WAIT, Execution, Executions, Step
from tests.unit.pipeline import APPROVALS, LEASE, OPEN_DEADLINE, Pipeline

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Mapping

    from aws_lambda_powertools.utilities.typing import LambdaContext

    from payments.domain.batch import BatchObject, ByteRange, RowCounts
    from payments.ports import Charge, Notifier, OverdueBatches, SettledPayments
    from payments.runtime.http import Response

FUNCTION_TIMEOUT = timedelta(seconds=45)
"""Shorter than a lease by the margin that the deployed functions keep."""

CONTEXT = cast("LambdaContext", SimpleNamespace(aws_request_id="request-1"))
SECRET = "whsec_" + base64.b64encode(b"k" * 32).decode()
STREAM_SHARDS = 2


class WorkersClock(FakeClock):
    """What the clock of whoever is at work shows: the true time, and that worker's own error."""

    def __init__(self, true: FakeClock, scheduler: Scheduler) -> None:
        self._true, self._scheduler = true, scheduler

    @property
    def now(self) -> Any:  # noqa: ANN401 - a property in the place of an attribute
        return self._true.now

    @now.setter
    def now(self, moment: Any) -> None:  # noqa: ANN401 - likewise
        self._true.now = moment

    def __call__(self) -> Any:  # noqa: ANN401 - likewise
        worker = self._scheduler.current
        return self._true.now + (worker.skew if worker else timedelta(0))  # whole milliseconds, both


class WatchedGateway(FakeGateway):
    """Tells ``watch`` of every request that reaches it: for which payment, and whether money may move."""

    watch: Callable[[str], None]

    def __init__(self, clock: FakeClock, *, key_retention: timedelta, faults: Mishaps) -> None:
        super().__init__(clock, key_retention=key_retention, faults=faults)
        self.orders: Counter[str] = Counter()
        """How often each payment was ordered to be charged, late requests and repeats included."""
        self.closed: set[str] = set()
        """Payments whose account was closed: their orders are refused from then on, repeats of taken ones too."""

    def find(self, *, reference: str) -> Charge | None:
        self.watch(reference)
        return super().find(reference=reference)

    def _once(self, idempotency_key: str, reference: str, new: Charge) -> Charge:
        self.watch(reference)
        if reference in self.closed:
            raise GatewayRefused("account_closed", "it was open before")
        self.orders[reference] += 1
        return super()._once(idempotency_key, reference, new)


class Receiver:
    """A customer's address for webhooks: keeps what came, where it was signed well."""

    def __init__(self, mishaps: Mishaps) -> None:
        self.received: list[tuple[str, dict[str, Any]]] = []
        self.badly_signed = 0
        self._mishaps = mishaps

    def request(self, method: str, path: str, *, headers: Mapping[str, str], body: bytes) -> Answer:  # noqa: ARG002
        self._mishaps.around("webhook", lambda: self._receive(headers, body))
        return Answer(204, b"")

    def _receive(self, headers: Mapping[str, str], body: bytes) -> None:

        sent_at = datetime.fromtimestamp(int(headers["webhook-timestamp"]), UTC)
        expected = Webhook(SECRET).sign(headers["webhook-id"], sent_at, body.decode())
        self.badly_signed += headers["webhook-signature"] != expected
        self.received.append((headers["webhook-id"], json.loads(body)))


class HandledExecutions(Executions):
    """The payment workflow's walk, by the functions that the state machine invokes."""

    def __init__(self, site: Site) -> None:
        super().__init__(site)
        self._site = site

    def _examine(self, execution: Execution) -> Step:
        site = self._site
        ports = examiner.Ports(store=site.store, clock=site.clock, tokens=site.tokens)
        said = examiner.run({"payment_id": execution.payment_id}, ports)
        if said["verdict"] == "settled":
            return _end(said["status"])
        return {"process": Step.CHARGE, "await_approval": Step.ASK, "refused": Step.FAILED}[said["verdict"]]

    def _ask(self, execution: Execution) -> Step:
        site = self._site
        self._waits += 1
        execution.task_token = f"wait-{self._waits}"
        event = {
            "payment_id": execution.payment_id,
            "task_token": execution.task_token,
            "entered_at": rfc3339(execution.entered_at),
            "timeout_seconds": int(WAIT.total_seconds()),
        }
        try:
            requester.run(
                event,
                requester.Ports(store=site.store, requests=site.requests, clock=site.clock, tokens=site.tokens),
            )
        except ApprovalNotAwaited:
            return Step.CHARGE
        return Step.WAIT

    def _charge(self, execution: Execution) -> Step:
        said = charger.run({"payment_id": execution.payment_id}, charger.Ports(**self._site.charging()))
        return _end(str(said["status"]))


def _end(status: str) -> Step:
    return Step.SUCCEEDED if status == "succeeded" else Step.FAILED


class HandledBatches(BatchSite):
    """The batch workflow over the payments of ``site``."""

    def __init__(self, site: Site) -> None:
        super().__init__(faults=site.mishaps, lines_per_range=4)
        self.clock, self.tokens, self.measure = site.clock, site.tokens, site.measure
        self.payments, self.gateway = site.store, site.gateway
        self.intake = FakeIntake(site.store, site.mishaps, at_once=3)
        self.settled = FakeSettledPayments(site.store, site.mishaps)

    def ingest(self, source: BatchObject, batch_id: str, part: ByteRange) -> RowCounts:
        ports = ingestor.Ports(
            files=self.files, work=self.work, intake=self.intake, clock=self.clock, open_deadline=timedelta(minutes=10)
        )
        ingestor.run({"batch_id": batch_id, **vars(source), **vars(part)}, ports)
        return self.work.outcomes_written[batch_id, part.number]

    def settle(self, *, overdue: OverdueBatches | None = None, payments: SettledPayments | None = None) -> int:
        return settler.react(
            settler.Ports(
                overdue=overdue or self.batches,
                store=self.batches,
                payments=payments or self.settled,
                notices=self.notices,
                clock=self.clock,
                tokens=self.tokens,
                measure=self.measure,
                longest_run=LONGEST_RUN,
            )
        )


class Site(Pipeline):
    """Ports, queues and streams of one run, and one method an invocation."""

    gateway: WatchedGateway

    def __init__(self, chance: random.Random, *, key_retention: timedelta, is_traced: bool) -> None:
        true = FakeClock(START)
        self.scheduler = Scheduler()
        self.trace = Trace(true, is_kept=is_traced)
        self.mishaps = Mishaps(chance, self.scheduler, true, self.trace)
        super().__init__(
            faults=self.mishaps,
            clock=WorkersClock(true, self.scheduler),
            gateway_clock=true,
            key_retention=key_retention,
        )
        self.gateway = WatchedGateway(true, key_retention=key_retention, faults=self.mishaps)
        self.ledger = WatchedLedger(self.gateway, self.mishaps)
        self.queues = {
            Queue.PROCESSING: SimulatedQueue(self.mishaps, true, chance, may_lose=True),
            Queue.NOTIFICATION: SimulatedQueue(self.mishaps, true, chance, may_lose=False),
        }
        self.receiver = Receiver(self.mishaps)
        self.told: Notifier = EveryNotifier(
            [self.notifier, WebhookNotifier(cast("Any", self.receiver), secrets=lambda: SECRET, clock=self.clock)]
        )
        self.executions = HandledExecutions(self)
        self.batches = HandledBatches(self)
        self.shards: list[list[Any]] = [[] for _ in range(STREAM_SHARDS)]
        self.dispatchers = [Reader(shard) for shard in self.shards]
        self.auditors = [Reader(shard) for shard in self.shards]
        self.streamed = 0
        self.each_message, self.each_change, self.all_changes = each_message, each_change, all_changes
        self.dispatch_all: Any = dispatcher.react
        self.process_one: Any = processor.process
        self.sweep_all: Any = sweeper.react
        self.compare: Any = reconciler.react

    def stream(self) -> list[Any]:
        """Pass on what was written since the last call, each payment's changes in order; return it."""
        new = self.store.changes[self.streamed :]
        for change in new:
            self.shards[SHARDS.index(shard_of(change[1].payment_id)) % STREAM_SHARDS].append(change)
        self.streamed += len(new)
        return new

    def charging(self) -> dict[str, Any]:
        return {
            "store": self.store,
            "gateway": self.gateway,
            "clock": self.clock,
            "tokens": self.tokens,
            "measure": self.measure,
            "lease": LEASE,
        }

    def post(self, body: Mapping[str, Any], *, key: str | None) -> Response:
        headers = {"content-type": "application/json", **({"idempotency-key": key} if key else {})}
        ports = validator.Ports(
            store=self.store,
            clock=self.clock,
            tokens=self.tokens,
            open_deadline=OPEN_DEADLINE,
            approvals=APPROVALS,
        )
        return validator.respond(_request("/payments", headers=headers, body=body), ports)

    def post_decision(self, token: str, body: Mapping[str, Any]) -> Response:
        ports = approver.Ports(store=self.store, clock=self.clock, tokens=self.tokens, open_deadline=OPEN_DEADLINE)
        headers = {"content-type": "application/json"}
        parameters = {"token": token}
        return approver.respond(
            _request("/approvals/{token}", headers=headers, body=body, parameters=parameters), ports
        )

    def process_messages(self, event: dict[str, Any]) -> Any:  # noqa: ANN401 - an answer to Lambda
        ports = processor.Ports(**self.charging())
        return self.each_message(event, CONTEXT, lambda body: self.process_one(body, ports))

    def notify_messages(self, event: dict[str, Any]) -> Any:  # noqa: ANN401 - likewise
        ports = notifier.Ports(reader=self.store, notifier=self.told)
        return self.each_message(event, CONTEXT, partial(notifier.process, ports=ports))

    def dispatch(self, event: dict[str, Any]) -> Any:  # noqa: ANN401 - likewise
        ports = dispatcher.Ports(queues=self.queues, workflow=self.workflow, measure=self.measure)
        return self.all_changes(event, CONTEXT, read=_as_it_is, react=lambda changes: self.dispatch_all(changes, ports))

    def audit(self, event: dict[str, Any]) -> Any:  # noqa: ANN401 - likewise
        ports = auditor.Ports(log=self.log)
        return self.each_change(event, CONTEXT, read=_as_it_is, react=lambda change: auditor.react(change, ports))

    def sweep(self) -> int:
        ports = sweeper.Ports(
            overdue=self.store, queue=self.queues[Queue.PROCESSING], clock=self.clock, measure=self.measure
        )
        swept: int = self.sweep_all(ports)
        return swept

    def reconcile(self, event: dict[str, Any]) -> Any:  # noqa: ANN401 - likewise
        ports = reconciler.Ports(
            ledger=self.ledger,
            payments=self.store,
            store=self.store,
            clock=self.clock,
            tokens=self.tokens,
            measure=self.measure,
        )
        return self.compare(event, ports)


def _as_it_is(image: Any) -> Any:  # noqa: ANN401 - a payment in the place of an image
    return image


def _request(
    resource: str, *, headers: Mapping[str, str], body: Mapping[str, Any], parameters: Mapping[str, str] | None = None
) -> Request:
    return Request(
        method="POST",
        resource=resource,
        path=resource,
        request_id="request-1",
        path_parameters=parameters or {},
        headers={name: (value,) for name, value in headers.items()},
        body=json.dumps(body).encode(),
    )
