"""Payments through the deployed API, functions, queues and streams, as a client sees them."""

from __future__ import annotations

import json
import uuid
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from standardwebhooks import Webhook

if TYPE_CHECKING:
    from tests.e2e.client import Client

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("embedded_aws")]


def key() -> dict[str, str]:
    return {"Idempotency-Key": str(uuid.uuid4())}


def test_an_accepted_payment_succeeds_and_its_trail_has_one_event_for_each_change(client: Client) -> None:
    accepted = client.post({"amount": "12.34", "currency": "EUR", "customer_id": "ada"})
    assert accepted.status == 202
    assert accepted.body["status"] == "accepted"
    payment_id = accepted.body["payment_id"]
    assert accepted.headers["Location"].endswith(f"/payments/{payment_id}")

    payment = client.settled(payment_id)
    assert payment["status"] == "succeeded"
    assert Decimal(payment["amount"]) == Decimal("12.34")
    assert payment["currency"] == "EUR"

    events = client.events(payment_id, count=3)
    assert [event["status"] for event in events] == ["accepted", "processing", "succeeded"]
    assert [event["version"] for event in events] == [1, 2, 3]
    assert [event["event_id"] for event in events] == [f"{payment_id}#{version}" for version in (1, 2, 3)]


def test_an_answer_shows_nothing_of_the_inside(client: Client) -> None:
    """Defect: Open doors."""
    payment = client.settled(client.accepted({"amount": "5.00"}))
    inside = {"owner_token", "gateway_key", "lease_expires_at", "request_hash", "history", "due_at", "open_shard"}
    assert not inside & set(payment)


def test_a_payment_the_gateway_says_no_to_is_declined_with_its_code(client: Client) -> None:
    payment = client.settled(client.accepted({"amount": "4000.02"}))
    assert (payment["status"], payment["failure_code"]) == ("declined", "insufficient_funds")


def test_a_payment_the_gateway_can_never_do_fails_with_its_reason(client: Client) -> None:
    payment = client.settled(client.accepted({"amount": "4000.08"}))
    assert payment["status"] == "failed"
    assert payment["failure_code"]


def test_the_same_key_and_body_are_answered_again_and_paid_once(client: Client) -> None:
    headers, body = key(), {"amount": 10, "currency": "USD"}
    first = client.post(body, headers)
    again = client.post({"amount": "10.00"}, headers)
    assert (first.status, again.status) == (202, 202)
    assert first.body["payment_id"] == again.body["payment_id"]
    assert "Idempotent-Replayed" not in first.headers
    assert again.headers["Idempotent-Replayed"] == "true"
    client.settled(first.body["payment_id"])
    assert client.charges_of(first.body["payment_id"]) == 1


def test_the_same_key_with_another_body_is_refused_with_422(client: Client) -> None:
    headers = key()
    assert client.post({"amount": 10}, headers).status == 202
    refused = client.post({"amount": 11}, headers)
    assert refused.status == 422
    assert refused.is_problem


def test_the_same_key_with_another_payment_id_is_refused_with_422(client: Client) -> None:
    headers, ids = key(), [f"order-{uuid.uuid4()}" for _ in range(2)]
    assert client.post({"amount": 10, "payment_id": ids[0]}, headers).status == 202
    refused = client.post({"amount": 10, "payment_id": ids[1]}, headers)
    assert (refused.status, refused.is_problem) == (422, True)
    assert client.get(f"/payments/{ids[1]}").status == 404


def test_a_payment_id_that_is_taken_is_refused_with_409_and_keeps_its_amount(client: Client) -> None:
    """Defect: Blind and double writes."""
    payment_id = f"order-{uuid.uuid4()}"
    assert client.post({"amount": 10, "payment_id": payment_id}).status == 202
    refused = client.post({"amount": 999, "payment_id": payment_id})
    assert (refused.status, refused.is_problem) == (409, True)
    assert Decimal(client.settled(payment_id)["amount"]) == 10


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"amount": -5}, "/amount"),
        ({"amount": "abc"}, "/amount"),
        ({"amount": "1.001", "currency": "USD"}, "/amount"),
        ({"amount": True}, "/amount"),
        ({}, "/amount"),
        ({"amount": 1, "currency": "ZZZ"}, "/currency"),
        ({"amount": 1, "colour": "red"}, "/colour"),
        ({"amount": 1, "description": "card 4111 1111 1111 1111"}, "/description"),
        ({"amount": 1, "metadata": {"a": 1}}, "/metadata/a"),
    ],
)
def test_a_field_at_fault_is_named(client: Client, body: dict[str, object], pointer: str) -> None:
    """Defect: Floats."""
    refused = client.post(body)
    assert 400 <= refused.status < 500
    assert refused.is_problem
    assert pointer in [error["pointer"] for error in refused.body["errors"]]


@pytest.mark.parametrize("text", ["", "{", "[]", '"10"', '{"amount": NaN}', '{"amount": 1, "amount": 2}'])
def test_a_body_that_is_not_one_json_object_is_a_problem_and_never_a_5xx(client: Client, text: str) -> None:
    refused = client.post_text(text)
    assert 400 <= refused.status < 500
    assert refused.is_problem


def test_an_unknown_payment_and_an_unknown_path_are_not_found(client: Client) -> None:
    for path in ("/payments/no-such-payment", "/payments/no-such-payment/events", "/nowhere"):
        missing = client.get(path)
        assert (missing.status, missing.is_problem) == (404, True), path


def test_a_caller_without_a_key_is_refused_by_a_problem_document(client: Client) -> None:
    """Defect: Open doors."""
    for api_key in (None, "wrong"):
        refused = client.get("/payments/any", api_key=api_key)
        assert (refused.status, refused.is_problem) == (403, True)


def test_a_content_type_other_than_json_is_refused(client: Client) -> None:
    refused = client.post_text("amount=10", {"Content-Type": "application/x-www-form-urlencoded"})
    assert (refused.status, refused.is_problem) == (415, True)


def test_a_customers_payments_are_listed_newest_first_page_by_page(client: Client) -> None:
    customer = f"customer-{uuid.uuid4()}"
    ids = [client.accepted({"amount": number + 1, "customer_id": customer}) for number in range(3)]
    first = client.get(f"/payments?customer_id={customer}&limit=2").body
    second = client.get(f"/payments?customer_id={customer}&limit=2&next_token={first['next_token']}").body
    assert [item["payment_id"] for item in first["items"] + second["items"]] == ids[::-1]
    assert second["next_token"] is None


@pytest.mark.parametrize("query", ["limit=0", "limit=101", "limit=x", "next_token=forged"])
def test_a_listing_that_asks_for_nonsense_is_refused(client: Client, query: str) -> None:
    refused = client.get(f"/payments?customer_id=ada&{query}")
    assert (refused.status, refused.is_problem) == (400, True)


def test_the_notification_is_signed_and_verifies_with_the_standard_library(client: Client) -> None:
    payment_id = client.accepted({"amount": "7.77", "customer_id": "ada"})
    notification = client.notification_of(payment_id)
    said = Webhook(client.webhook_secret).verify(notification.body, notification.headers)
    assert said["type"] == "payment.succeeded"
    assert said["data"]["payment_id"] == payment_id
    assert json.loads(notification.body) == said


def test_a_charge_whose_answer_was_lost_is_settled_and_charged_once(client: Client, lost_answer: str) -> None:
    payment = client.settled(lost_answer, timeout_seconds=240)
    assert payment["status"] == "succeeded"
    assert client.charges_of(lost_answer) == 1
    trail = [event["status"] for event in client.events(lost_answer, count=payment_versions(client, lost_answer))]
    assert trail[:3] == ["accepted", "processing", "processing"]
    assert trail[-1] == "succeeded"


def payment_versions(client: Client, payment_id: str) -> int:
    stored = client.stored(payment_id)
    return int(stored["version"]["N"])
