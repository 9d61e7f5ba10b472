"""Events that lead each deployed handler through every branch that calls AWS."""

from __future__ import annotations

import json
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from payments.adapters.dynamodb.audit_table import AuditTable
from payments.adapters.dynamodb.payments_table import PaymentsTable
from payments.adapters.gateway_simulator import SimulatorGateway
from payments.domain.messages import encode_message
from payments.runtime import system
from tests.contract.gateway_server import GatewayServer
from tests.contract.loopback import Reply, loopback
from tests.fakes import InMemoryLedger
from tests.samples import accepted, claimed, events, settled
from tests.unit.handlers.events import api_event, body_of, sample

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from types import ModuleType

    from payments.domain.payment import Payment
    from tests.contract.services import Services

Event = dict[str, Any]

ALL_WELL: Event = {"batchItemFailures": []}
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


@dataclass(frozen=True)
class Stage:
    """A handler among what it was deployed with; ``services`` are for the test's own hands and are not recorded."""

    handler: ModuleType
    variables: Mapping[str, str]
    services: Services

    def run(self, event: Event) -> Any:  # noqa: ANN401 - whatever the handler returns
        """Handle ``event`` as Lambda would have it."""
        return self.handler.handler(event, SimpleNamespace(aws_request_id="8f0d3b1c-5d0e-4a53-8a0c-2f3f0f6d3b1c"))

    def store(self, *versions: Payment) -> None:
        """Put a payment into the table, one version after another."""
        table = PaymentsTable(self.services.dynamodb, self.variables["PAYMENTS_TABLE"])
        table.create(versions[0])
        for version in versions[1:]:
            table.advance(version)

    def wake(self, *payment_ids: str) -> Any:  # noqa: ANN401 - whatever the handler returns
        """Handle messages about ``payment_ids``."""
        event = sample("sqs")
        event["Records"] = [
            {**record, "body": encode_message(payment_id)}
            for record, payment_id in zip(event["Records"], payment_ids, strict=False)
        ]
        return self.run(event)


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
    for route in ("api_get_payment", "api_get_events"):
        answers = [stage.run(api_event(route, payment_id=payment_id)) for payment_id in ("pay-0", "nobody")]
        assert [answer["statusCode"] for answer in answers] == [200, 404]
    for listing in ({"customer_id": "cust-1"}, {"created_on": payments[0].created_at.date().isoformat()}):
        first = _page(stage, {**listing, "limit": "2"})
        rest = _page(stage, {**listing, "next_token": first["next_token"]})
        assert len(first["items"]) + len(rest["items"]) == len(payments)


def dispatch(stage: Stage) -> None:
    """A payment to process, one to tell about, and one that asks for neither."""
    assert stage.run(sample("dynamodb_stream")) == ALL_WELL
    for name in ("PROCESSING_QUEUE_URL", "NOTIFICATION_QUEUE_URL"):
        assert stage.services.bodies_in(stage.variables[name]), name


def audit(stage: Stage) -> None:
    """New events, and the same ones again."""
    assert [stage.run(sample("dynamodb_stream")) for _ in range(2)] == [ALL_WELL, ALL_WELL]


def process(stage: Stage) -> None:
    """A new payment, a claim whose lease ran out, one the gateway may have forgotten, and what is settled already."""
    now = system.now()
    stage.store(accepted("new", at=now))
    abandoned, forgotten = accepted("abandoned", at=now - HOUR), accepted("forgotten", at=now - 30 * DAY)
    stage.store(abandoned, claimed(abandoned))
    stage.store(forgotten, claimed(forgotten))
    payment_ids = ("new", "abandoned", "forgotten")
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


BRANCHES: Mapping[str, Callable[[Stage], None]] = {
    "validator": validate,
    "query": query,
    "dispatcher": dispatch,
    "auditor": audit,
    "processor": process,
    "notifier": notify,
    "sweeper": sweep,
}
"""By worker."""


def _page(stage: Stage, parameters: dict[str, str]) -> Event:
    answer = stage.run(api_event("api_get_payments", query=parameters))
    assert answer["statusCode"] == 200, answer["body"]
    page: Event = body_of(answer)
    return page


@contextmanager
def outside_world() -> Iterator[Mapping[str, str]]:
    """Run a payment gateway and a webhook receiver; give their addresses by the variables that name them."""
    ledger = InMemoryLedger()
    with (
        loopback(GatewayServer(SimulatorGateway(ledger), ledger)) as gateway,
        loopback(lambda _: Reply(204)) as receiver,
    ):
        yield {"GATEWAY_URL": gateway.url, "WEBHOOK_URL": receiver.url}
