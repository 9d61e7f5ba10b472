"""Events that lead the functions of an orchestrated payment through every branch that calls AWS."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest

from payments.domain.approval import approval_token
from payments.domain.errors import PaymentNotFound, PaymentUnsettled
from payments.domain.timestamps import rfc3339
from payments.runtime import system
from tests.infra.stage import open_payments, waiting
from tests.samples import WAIT
from tests.unit.handlers.events import api_event

if TYPE_CHECKING:
    from tests.infra.stage import Stage


def examine(stage: Stage) -> None:
    """A payment that was altered, before and after that was found out, and one there is none of."""
    stage.store(waiting("altered"))
    assert stage.run({"payment_id": "altered"})["verdict"] == "refused"
    assert stage.run({"payment_id": "altered"})["verdict"] == "settled"
    with pytest.raises(PaymentNotFound):
        stage.run({"payment_id": "nobody"})


def request(stage: Stage) -> None:
    """A payment somebody must approve, asked for twice."""
    stage.store(waiting("waits"))
    event = {
        "payment_id": "waits",
        "task_token": WAIT,
        "entered_at": rfc3339(system.now()),
        "timeout_seconds": 3600,
    }
    for _ in range(2):
        stage.run(event)


def approve(stage: Stage) -> None:
    """A payment that is approved, again and then refused, and one nobody knows."""
    stage.store(waiting("waits"), waiting("waits", task_token=WAIT))

    def decide(payment_id: str, decision: str) -> int:
        event = api_event("api_post_payments", body=json.dumps({"decision": decision, "actor": "ada"}))
        event["pathParameters"] = {"token": approval_token(payment_id, WAIT)}
        status: int = stage.run({**event, "resource": "/approvals/{token}"})["statusCode"]
        return status

    assert [decide("waits", "approve"), decide("waits", "approve"), decide("waits", "refuse")] == [200, 200, 409]
    assert decide("nobody", "approve") == 404


def charge(stage: Stage) -> None:
    """What the processor meets: a new payment, an abandoned one, a forgotten one, and one that is settled."""
    for payment_id in open_payments(stage):
        with suppress(PaymentUnsettled):
            stage.run({"payment_id": payment_id})
    assert stage.run({"payment_id": "new"})["status"] == "succeeded"
