"""One payment through the real handlers and the real adapters, the stream and the queues played by hand."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from functions.query import handler as query
from functions.sweeper import handler as sweeper
from functions.validator import handler as validator
from payments.runtime import system
from tests.contract.deployment import CONTEXT, flow, get
from tests.unit.handlers.events import api_event, body_of, sample

if TYPE_CHECKING:
    from tests.contract.deployment import Deployment


@pytest.mark.parametrize(
    ("amount", "status", "versions"), [("12.50", "succeeded", 3), ("4000.02", "declined", 3), ("4000.08", "failed", 3)]
)
def test_a_payment_comes_to_its_end_and_its_trail_tells_how(
    deployment: Deployment, amount: str, status: str, versions: int
) -> None:
    body = json.dumps({"amount": amount, "currency": "EUR", "payment_id": "order-1", "customer_id": "cust-1"})
    answer = validator.handler(api_event("api_post_payments", body=body), CONTEXT)
    assert answer["statusCode"] == 202
    flow(deployment)
    payment = get("api_get_payment", "order-1")
    assert (payment["status"], payment["version"], payment["amount"]) == (status, versions, amount)
    trail = get("api_get_events", "order-1")["items"]
    assert [event["status"] for event in trail] == ["accepted", "processing", status]
    listed = body_of(query.handler(api_event("api_get_payments"), CONTEXT))
    assert listed == {"items": [payment], "next_token": None}
    again = validator.handler(api_event("api_post_payments", body=body), CONTEXT)
    assert (again["statusCode"], again["body"]) == (202, answer["body"])
    assert again["headers"]["Idempotent-Replayed"] == "true"


def test_a_payment_nobody_was_woken_for_is_woken_by_the_sweeper(
    deployment: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    validator.handler(api_event("api_post_payments", body='{"amount": 1, "payment_id": "order-1"}'), CONTEXT)
    later = system.now().replace(year=2100)
    monkeypatch.setattr(system, "now", lambda: later)
    sweeper.handler(sample("schedule"), CONTEXT)
    event = deployment.messages("PROCESSING_QUEUE_URL")
    assert [json.loads(record["body"])["payment_id"] for record in event["Records"]] == ["order-1"]
