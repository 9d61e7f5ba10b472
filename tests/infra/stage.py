"""A handler among what it was deployed with, and payments to meet it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from payments.adapters.dynamodb.payments_table import PaymentsTable
from payments.domain.messages import encode_message
from payments.runtime import system
from tests.samples import accepted, as_requested, awaiting_approval, claimed
from tests.unit.handlers.events import sample

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import ModuleType

    from payments.domain.payment import Payment
    from tests.contract.services import Services

Event = dict[str, Any]

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


def open_payments(stage: Stage) -> tuple[str, ...]:
    """Store a new payment, a claim whose lease ran out, and one the gateway may have forgotten; return their ids."""
    now = system.now()
    new, abandoned, forgotten = (
        as_requested(accepted(payment_id, at=at))
        for payment_id, at in (("new", now), ("abandoned", now - HOUR), ("forgotten", now - 30 * DAY))
    )
    stage.store(new)
    stage.store(abandoned, claimed(abandoned))
    stage.store(forgotten, claimed(forgotten))
    return "new", "abandoned", "forgotten"


def waiting(payment_id: str, *, task_token: str | None = None) -> Payment:
    """Return a payment that somebody must approve within the hour; asked already, where there is a task token."""
    payment = awaiting_approval(payment_id, task_token=task_token)
    assert payment.approval
    return replace(payment, approval=replace(payment.approval, expires_at=system.now() + HOUR))
