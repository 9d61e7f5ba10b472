"""Events that lead each deployed handler through every branch that calls AWS."""

from __future__ import annotations

import json
from contextlib import contextmanager
from typing import TYPE_CHECKING

from payments.adapters.dynamodb.audit_table import AuditTable
from payments.adapters.dynamodb.batches_table import BatchesTable
from payments.adapters.dynamodb.payment_item import to_item
from payments.adapters.dynamodb.payments_table import PaymentsTable
from payments.adapters.gateway_http import HttpGateway
from payments.adapters.gateway_ledger import DynamoDbLedger
from payments.adapters.gateway_simulator import SimulatorGateway
from payments.adapters.https import HttpsClient
from payments.domain.payment import Status
from payments.runtime import system
from tests.batch_samples import completed, ingesting, registered
from tests.contract.gateway_server import GatewayServer
from tests.contract.loopback import Reply, loopback
from tests.fakes import InMemoryLedger
from tests.infra import batch_branches, workflow_branches
from tests.infra.stage import HOUR, open_payments, waiting
from tests.samples import START, accepted, as_requested, claimed, events, granted, settled
from tests.unit.handlers.events import api_event, body_of, sample

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from payments.ports import PaymentGateway
    from tests.infra.stage import Event, Stage

ALL_WELL: Event = {"batchItemFailures": []}


def validate(stage: Stage) -> None:
    """New, replayed and conflicting requests, with a key, with an id, with both, and with the key only later."""

    def post(key: str, **body: str) -> int:
        body = {"amount": "12.50", **body}
        answer = stage.run(api_event("api_post_payments", body=json.dumps(body), headers={"Idempotency-Key": key}))
        status: int = answer["statusCode"]
        return status

    assert [post("key-1"), post("key-1"), post("key-1", amount="13.00")] == [202, 202, 422]
    assert [post("", payment_id="id-1"), post("", payment_id="id-1", amount="13.00")] == [202, 409]
    assert [post("key-2", payment_id="id-2"), post("key-2", payment_id="id-2")] == [202, 202]
    assert [post("key-2", payment_id="id-3"), post("key-3", payment_id="id-2", amount="13.00")] == [422, 409]
    assert [post("key-4", payment_id="id-1"), post("key-4", payment_id="id-4")] == [202, 422]


def query(stage: Stage) -> None:
    """Every route, with and without something to show, and listings of more than one page."""
    payments = [accepted(f"pay-{number}", customer_id="cust-1") for number in range(3)]
    for payment in payments:
        stage.store(payment)
    for event in events(payments[0]):
        AuditTable(stage.services.dynamodb, stage.variables["AUDIT_TABLE"]).append(event)
    for batch in (registered("batch-0"), registered("batch-1"), completed(ingesting(registered("batch-2")))):
        BatchesTable(stage.services.dynamodb, stage.variables["BATCHES_TABLE"]).create(batch)
    found = [
        stage.run({**sample("api_get_batch"), "pathParameters": {"batch_id": batch_id}})
        for batch_id in ("batch-0", "batch-2", "nobody")
    ]
    assert [answer["statusCode"] for answer in found] == [200, 200, 404]
    for route in ("api_get_payment", "api_get_events"):
        answers = [stage.run(api_event(route, payment_id=payment_id)) for payment_id in ("pay-0", "nobody")]
        assert [answer["statusCode"] for answer in answers] == [200, 404]
    day = payments[0].created_at.date().isoformat()
    for route, listing in (
        ("api_get_payments", {"customer_id": "cust-1"}),
        ("api_get_payments", {"created_on": day}),
        ("api_get_batches", {"day": day}),
    ):
        first = _page(stage, route, {**listing, "limit": "2"})
        rest = _page(stage, route, {**listing, "next_token": first["next_token"]})
        assert len(first["items"]) + len(rest["items"]) == len(payments)


def dispatch(stage: Stage) -> None:
    """A payment to process, one to tell about, one that asks for neither, a workflow to start and one to answer."""
    assert stage.run(sample("dynamodb_stream")) == ALL_WELL
    for name in ("PROCESSING_QUEUE_URL", "NOTIFICATION_QUEUE_URL"):
        assert stage.services.bodies_in(stage.variables[name]), name
    # A real task token says nothing of its machine; whoever reads the calls finds out by this one which it was.
    asked = waiting("asked", task_token=stage.variables["PAYMENT_WORKFLOW_ARN"])
    for old, new in ((None, asked), (asked, granted(asked))):
        event = sample("dynamodb_stream")
        event["Records"] = event["Records"][:1]
        event["Records"][0]["dynamodb"] |= {"NewImage": to_item(new), **({"OldImage": to_item(old)} if old else {})}
        stage.run(event)


def audit(stage: Stage) -> None:
    """New events, and the same ones again."""
    assert [stage.run(sample("dynamodb_stream")) for _ in range(2)] == [ALL_WELL, ALL_WELL]


def process(stage: Stage) -> None:
    """A new payment, a claim whose lease ran out, one the gateway may have forgotten, and what is settled already."""
    payment_ids = open_payments(stage)
    assert [stage.wake(*payment_ids), stage.wake(*payment_ids)] == [ALL_WELL, ALL_WELL]


def notify(stage: Stage) -> None:
    """A payment there is news of, and one there is none of."""
    payment = accepted("settled")
    stage.store(payment, claimed(payment), settled(claimed(payment)))
    stage.store(accepted("open"))
    assert stage.wake("settled", "open") == ALL_WELL


def sweep(stage: Stage) -> None:
    """A payment that is overdue."""
    stage.store(accepted("overdue", at=system.now() - HOUR))
    stage.run(sample("schedule"))
    assert stage.services.bodies_in(stage.variables["PROCESSING_QUEUE_URL"])


def reconcile(stage: Stage) -> None:
    """A payment whose charge tells its end, one that succeeded by a charge nobody knows, and a charge of nobody."""
    charged, uncharged = as_requested(accepted("charged")), accepted("uncharged")
    stage.store(charged, claimed(charged))
    stage.store(uncharged, claimed(uncharged), settled(claimed(uncharged)))
    for reference in ("charged", "nobody"):
        _gateway(stage).charge(
            idempotency_key=reference, reference=reference, amount=charged.amount, currency=charged.currency
        )
    stage.run({"day": START.date().isoformat()})
    found = PaymentsTable(stage.services.dynamodb, stage.variables["PAYMENTS_TABLE"]).get("charged")
    assert found.status is Status.SUCCEEDED


BRANCHES: Mapping[str, Callable[[Stage], None]] = {
    "validator": validate,
    "query": query,
    "dispatcher": dispatch,
    "auditor": audit,
    "processor": process,
    "notifier": notify,
    "sweeper": sweep,
    "reconciler": reconcile,
    "examiner": workflow_branches.examine,
    "requester": workflow_branches.request,
    "approver": workflow_branches.approve,
    "charger": workflow_branches.charge,
    "registrar": batch_branches.register,
    "planner": batch_branches.plan,
    "ingestor": batch_branches.ingest,
    "collector": batch_branches.collect,
    "settler": batch_branches.settle,
}
"""By worker."""


def _gateway(stage: Stage) -> PaymentGateway:
    if stage.variables["GATEWAY"] == "http":
        server = HttpsClient(stage.variables["GATEWAY_URL"], timeout=HOUR)
        return HttpGateway(server, secret=lambda: "token", key_retention=HOUR)
    ledger = DynamoDbLedger(stage.services.dynamodb, stage.variables["GATEWAY_LEDGER_TABLE"])
    return SimulatorGateway(ledger, clock=lambda: START)


def _page(stage: Stage, route: str, parameters: dict[str, str]) -> Event:
    answer = stage.run(api_event(route, query=parameters))
    assert answer["statusCode"] == 200, answer["body"]
    page: Event = body_of(answer)
    return page


@contextmanager
def outside_world() -> Iterator[Mapping[str, str]]:
    """Run a payment gateway and a webhook receiver; give their addresses by the variables that name them."""
    ledger = InMemoryLedger()
    with (
        loopback(GatewayServer(SimulatorGateway(ledger, clock=lambda: START), ledger)) as gateway,
        loopback(lambda _: Reply(204)) as receiver,
    ):
        yield {"GATEWAY_URL": gateway.url, "WEBHOOK_URL": receiver.url}
