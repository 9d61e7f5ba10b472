"""GET, from the event API Gateway sends to the answer it gets."""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import TYPE_CHECKING

import pytest

from functions.query import handler as query
from functions.query.handler import Ports
from payments.domain.audit import events_since
from payments.runtime.http import Response, proxied
from tests.batch_fakes import FakeBatchStore, FakeSettledPayments
from tests.fakes import FakeAuditLog, FakeStore
from tests.samples import MINUTE, START, accepted, claimed, rich, settled
from tests.unit.handlers.events import Event, api_event, body_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from aws_lambda_powertools.utilities.typing import LambdaContext

    from tests.unit.handlers.conftest import Line

FIELDS_OF_THE_INSIDE = ("owner_token", "request_hash", "history", "due_at", "claim", "gateway_key", "lease", "hash")


@pytest.fixture
def store() -> FakeStore:
    return FakeStore()


@pytest.fixture
def log() -> FakeAuditLog:
    return FakeAuditLog()


@pytest.fixture
def send(
    store: FakeStore, log: FakeAuditLog, context: LambdaContext, monkeypatch: pytest.MonkeyPatch
) -> Callable[[Event], Event]:
    monkeypatch.setattr(
        query,
        "aws_ports",
        lambda: Ports(reader=store, trail=log, batches=FakeBatchStore(), settled=FakeSettledPayments(store)),
    )
    return lambda event: query.handler(event, context)


@pytest.fixture
def get(send: Callable[[Event], Event]) -> Callable[..., Event]:
    def answer(name: str, *, query: dict[str, str] | None = None, payment_id: str | None = None) -> Event:
        return send(api_event(name, query=query, payment_id=payment_id))

    return answer


def assert_problem(answer: Event, status: int) -> Event:
    problem = body_of(answer)
    assert answer["statusCode"] == problem["status"] == status
    assert answer["headers"]["Content-Type"] == "application/problem+json"
    assert problem["instance"] == "0f6d3b1c-5d0e-4a53-8a0c-2f3f0f6d3b1c"
    assert isinstance(problem, dict)
    return problem


def test_a_payment_is_shown_as_it_is_now(store: FakeStore, get: Callable[..., Event]) -> None:
    store.payments["pay-1"] = rich()
    answer = get("api_get_payment")
    assert answer["statusCode"] == 200
    payment = body_of(answer)
    assert (payment["status"], payment["version"], payment["amount"]) == ("declined", 3, "12.50")
    assert payment["failure_code"] == "insufficient_funds"


def test_no_answer_shows_anything_of_the_inside(store: FakeStore, log: FakeAuditLog, get: Callable[..., Event]) -> None:
    """Defect: Open doors."""
    store.payments["pay-1"] = claimed(accepted(customer_id="cust-1"))
    for event in events_since(claimed(accepted()), version=0):
        log.append(event)
    for name in ("api_get_payment", "api_get_payments", "api_get_events"):
        answer = get(name)
        assert answer["statusCode"] == 200
        for inside in FIELDS_OF_THE_INSIDE:
            assert f'{inside}"' not in answer["body"]


@pytest.mark.parametrize("payment_id", ["pay-2", "idempotency-key#1", "../etc", "é", "x" * 500, ""])
def test_an_unknown_payment_is_a_404_whatever_its_id_looks_like(get: Callable[..., Event], payment_id: str) -> None:
    for name in ("api_get_payment", "api_get_events"):
        assert_problem(get(name, payment_id=payment_id), 404)


def test_an_id_nobody_has_is_not_printed(get: Callable[..., Event], printed: Callable[[], list[Line]]) -> None:
    """Defect: Open doors: card numbers printed."""
    get("api_get_payment", payment_id="4111111111111111")
    assert "4111" not in json.dumps(printed())


def test_the_trail_has_one_event_for_each_change_in_order(
    store: FakeStore, log: FakeAuditLog, get: Callable[..., Event]
) -> None:
    payment = settled(claimed(accepted()))
    store.payments["pay-1"] = payment
    for event in reversed(events_since(payment, version=0)):
        log.append(event)
    answer = get("api_get_events")
    assert answer["statusCode"] == 200
    items = body_of(answer)["items"]
    assert [item["event_id"] for item in items] == ["pay-1#1", "pay-1#2", "pay-1#3"]
    assert [item["status"] for item in items] == ["accepted", "processing", "succeeded"]
    assert items[0] == {
        "event_id": "pay-1#1",
        "version": 1,
        "status": "accepted",
        "at": "2026-11-22T03:36:42.123Z",
        "actor": "api",
        "reason": "accepted over the API",
    }


def test_a_payment_whose_trail_is_still_on_its_way_has_an_empty_one(
    store: FakeStore, get: Callable[..., Event]
) -> None:
    store.payments["pay-1"] = accepted()
    assert body_of(get("api_get_events")) == {"items": []}


def add_three(store: FakeStore) -> None:
    for number in range(3):
        store.create(accepted(f"pay-{number}", customer_id="cust-1", at=START + number * MINUTE))


def test_a_customers_payments_are_listed_page_by_page(store: FakeStore, get: Callable[..., Event]) -> None:
    add_three(store)
    first = body_of(get("api_get_payments"))
    assert [item["payment_id"] for item in first["items"]] == ["pay-2", "pay-1"]
    second = body_of(
        get(
            "api_get_payments",
            query={"customer_id": "cust-1", "limit": "2", "next_token": first["next_token"]},
        )
    )
    assert [item["payment_id"] for item in second["items"]] == ["pay-0"]
    assert second["next_token"] is None


def test_a_days_payments_are_listed(store: FakeStore, get: Callable[..., Event]) -> None:
    add_three(store)
    listed = body_of(get("api_get_payments", query={"created_on": "2026-11-22"}))
    assert [item["payment_id"] for item in listed["items"]] == ["pay-2", "pay-1", "pay-0"]


def test_a_customer_without_payments_has_an_empty_page(get: Callable[..., Event]) -> None:
    assert body_of(get("api_get_payments")) == {"items": [], "next_token": None}


@pytest.mark.parametrize(
    ("parameters", "pointer"),
    [
        ({"customer_id": "cust-1", "limit": "0"}, "/limit"),
        ({"customer_id": "cust-1", "limit": "101"}, "/limit"),
        ({"customer_id": "cust-1", "limit": "x"}, "/limit"),
        ({"customer_id": "cust-1", "limit": "٣"}, "/limit"),
        ({"customer_id": "cust-1", "next_token": "forged"}, "/next_token"),
        ({"customer_id": ""}, "/customer_id"),
        ({"customer_id": "cust-1", "created_on": "2026-11-22"}, "/created_on"),
        ({"created_on": "yesterday"}, "/created_on"),
        ({"customer_id": "cust-1", "custmer": "x"}, "/custmer"),
        ({}, "/customer_id"),
    ],
)
def test_a_listing_that_asks_for_nonsense_is_refused(
    get: Callable[..., Event], parameters: dict[str, str], pointer: str
) -> None:
    problem = assert_problem(get("api_get_payments", query=parameters), 400)
    assert pointer in [error["pointer"] for error in problem["errors"]]


def test_a_parameter_given_twice_is_refused(send: Callable[[Event], Event]) -> None:
    event = api_event("api_get_payments")
    event["multiValueQueryStringParameters"]["limit"] = ["1", "2"]
    problem = assert_problem(send(event), 400)
    assert problem["errors"] == [{"pointer": "/limit", "detail": "is given more than once"}]
    assert problem["detail"] == "/limit is given more than once"


def test_a_route_this_function_does_not_know_is_our_mistake(send: Callable[[Event], Event]) -> None:
    event = api_event("api_get_payment")
    event["resource"] = "/refunds"
    assert_problem(send(event), 500)


def test_answers_about_payments_are_not_kept_by_caches(store: FakeStore, get: Callable[..., Event]) -> None:
    store.payments["pay-1"] = accepted()
    assert get("api_get_payment")["headers"]["Cache-Control"] == "no-store"


def test_the_connection_is_made_of_the_functions_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PAYMENTS_TABLE", "payments-payments-test")
    monkeypatch.setenv("AUDIT_TABLE", "payments-audit-test")
    monkeypatch.setenv("BATCHES_TABLE", "payments-batches-test")
    assert query.aws_ports.__wrapped__()


@pytest.mark.parametrize("character", ["\N{PILE OF POO}", '"', "\\", "é"])
def test_a_page_of_the_longest_payments_is_one_lambda_may_answer_with(
    store: FakeStore, get: Callable[..., Event], character: str
) -> None:
    """Lambda answers with 6 MB at most, the body written as JSON text once more; beyond that callers get a 502."""
    text = character * 500
    metadata = {f"{number:040d}": text for number in range(20)}
    for number in range(100):
        store.create(accepted(f"{number:064d}", customer_id="c" * 128, description=text, metadata=metadata))
    answer = get("api_get_payments", query={"customer_id": "c" * 128, "limit": "100"})
    assert len(body_of(answer)["items"]) == 100
    assert body_of(answer)["items"][0]["description"] == text
    assert answer["headers"]["Content-Type"] == "application/json"
    assert len(json.dumps(answer, ensure_ascii=False).encode()) < 6 * 1024 * 1024


def test_what_utf_8_cannot_hold_costs_no_answer() -> None:
    body = proxied(Response(status=HTTPStatus.OK, body={"failure_code": "\ud800"}))["body"]
    assert body.encode() == b'{"failure_code":"?"}'
