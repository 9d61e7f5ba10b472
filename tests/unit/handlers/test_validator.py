"""POST /payments, from the event API Gateway sends to the answer it gets."""

from __future__ import annotations

import json
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from functions.validator import handler as validator
from functions.validator.handler import Ports
from payments.domain.approval import ApprovalPolicy
from payments.domain.errors import StoreBusy
from payments.domain.identifiers import payment_id_from_key
from payments.runtime.variables import VariablesRefused
from tests.fakes import FakeClock, FakeStore, FakeTokens
from tests.unit.handlers.conftest import counted
from tests.unit.handlers.events import Event, api_event, body_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from aws_lambda_powertools.utilities.typing import LambdaContext

    from payments.domain.payment import Payment
    from payments.ports import KeyRecord
    from tests.unit.handlers.conftest import Line

FIELDS_OF_THE_INSIDE = {"owner_token", "request_hash", "history", "due_at", "claim", "gateway_key", "lease_expires_at"}


@pytest.fixture
def store() -> FakeStore:
    return FakeStore()


def ports_on(store: FakeStore) -> Ports:
    return Ports(
        store=store,
        clock=FakeClock(),
        tokens=FakeTokens(),
        open_deadline=timedelta(minutes=10),
        approvals=ApprovalPolicy(limits={"USD": Decimal(100)}, timeout=timedelta(days=1)),
    )


@pytest.fixture
def send(store: FakeStore, context: LambdaContext, monkeypatch: pytest.MonkeyPatch) -> Callable[[Event], Event]:
    ports = ports_on(store)
    monkeypatch.setattr(validator, "aws_ports", lambda: ports)
    return lambda event: validator.handler(event, context)


@pytest.fixture
def post(send: Callable[[Event], Event]) -> Callable[..., Event]:
    def answer(
        body: dict[str, object] | list[object] | str | bytes | None = None, headers: dict[str, str] | None = None
    ) -> Event:
        text = json.dumps(body) if isinstance(body, dict | list) else body
        return send(api_event("api_post_payments", body=text, headers=headers))

    return answer


def assert_problem(answer: Event, status: int) -> Event:
    problem = body_of(answer)
    assert answer["statusCode"] == status
    assert answer["headers"]["Content-Type"] == "application/problem+json"
    assert problem.keys() >= {"type", "title", "status", "detail", "instance"}
    assert problem["status"] == status
    assert problem["instance"] == "0f6d3b1c-5d0e-4a53-8a0c-2f3f0f6d3b1c"
    assert isinstance(problem, dict)
    return problem


def test_a_payment_is_accepted_stored_and_shown(store: FakeStore, post: Callable[..., Event]) -> None:
    answer = post()
    payment_id = payment_id_from_key("order-1001")
    assert answer["statusCode"] == 202
    assert answer["headers"]["Location"] == f"./payments/{payment_id}"
    assert answer["headers"]["Content-Type"] == "application/json"
    assert "Idempotent-Replayed" not in answer["headers"]
    assert body_of(answer) == {
        "payment_id": payment_id,
        "customer_id": "cust-1",
        "amount": "12.50",
        "currency": "EUR",
        "status": "accepted",
        "version": 1,
        "created_at": "2026-11-22T03:36:42.000Z",
        "updated_at": "2026-11-22T03:36:42.000Z",
        "description": "Zwölf Brötchen",
        "processing": "queued",
    }
    assert store.get(payment_id).due_at == FakeClock().now + timedelta(minutes=10)


def test_an_answer_shows_nothing_of_the_inside(post: Callable[..., Event]) -> None:
    """Defect: Open doors."""
    assert not FIELDS_OF_THE_INSIDE & body_of(post()).keys()


def test_a_replayed_request_is_answered_again_without_a_second_write(
    store: FakeStore, post: Callable[..., Event]
) -> None:
    first, again = post(), post()
    assert (again["statusCode"], again["body"]) == (202, first["body"])
    assert again["headers"]["Location"] == first["headers"]["Location"]
    assert again["headers"]["Idempotent-Replayed"] == "true"
    assert store.writes == 1


def test_the_same_key_with_another_body_is_refused_with_422(store: FakeStore, post: Callable[..., Event]) -> None:
    post({"amount": 1})
    problem = assert_problem(post({"amount": 2}), 422)
    assert problem["title"] == "Unprocessable Content"
    assert store.writes == 1


def test_an_id_of_another_request_is_refused_with_409(store: FakeStore, post: Callable[..., Event]) -> None:
    """Defect: Blind and double writes."""
    without_key = {"Idempotency-Key": ""}
    post({"amount": 1, "payment_id": "order-1"}, headers=without_key)
    problem = assert_problem(post({"amount": 2, "payment_id": "order-1"}, headers=without_key), 409)
    assert problem["title"] == "Conflict"
    assert store.writes == 1


def test_a_request_without_key_and_id_is_a_new_payment_every_time(post: Callable[..., Event]) -> None:
    answers = [post({"amount": 1}, headers={"Idempotency-Key": ""}) for _ in range(2)]
    assert len({body_of(answer)["payment_id"] for answer in answers}) == 2


@pytest.mark.parametrize("name", ["idempotency-key", "IDEMPOTENCY-KEY", "Idempotency-key"])
def test_the_key_is_found_however_its_header_is_spelt(post: Callable[..., Event], name: str) -> None:
    answer = post({"amount": 1}, headers={"Idempotency-Key": "", name: "order-1001"})
    assert body_of(answer)["payment_id"] == payment_id_from_key("order-1001")


@pytest.mark.parametrize("key", ["two words", "ключ", "k" * 256, "4111111111111111", "order-4111-1111-1111-1111"])
def test_a_key_of_another_shape_or_with_a_card_number_is_refused(
    store: FakeStore, post: Callable[..., Event], key: str
) -> None:
    problem = assert_problem(post({"amount": 1}, headers={"Idempotency-Key": key}), 400)
    assert [error["pointer"] for error in problem["errors"]] == ["/Idempotency-Key"]
    assert key not in json.dumps(problem)
    assert store.writes == 0


@pytest.mark.parametrize(
    "keys",
    [
        {"Idempotency-Key": ["order-1001", "order-1002"]},
        {"Idempotency-Key": ["order-1001", "order-1001"]},
        {"Idempotency-Key": ["order-1001"], "idempotency-key": ["order-1002"]},
    ],
)
def test_two_keys_in_one_request_are_refused(
    store: FakeStore, send: Callable[[Event], Event], keys: dict[str, list[str]]
) -> None:
    event = api_event("api_post_payments")
    event["multiValueHeaders"] |= keys
    problem = assert_problem(send(event), 400)
    assert problem["detail"] == "/Idempotency-Key is given more than once"
    assert store.writes == 0


def test_a_body_announced_twice_is_refused(store: FakeStore, send: Callable[[Event], Event]) -> None:
    event = api_event("api_post_payments")
    event["multiValueHeaders"]["content-type"] = ["text/plain"]
    assert assert_problem(send(event), 400)["errors"][0]["pointer"] == "/Content-Type"
    assert store.writes == 0


@pytest.mark.parametrize(
    ("amount", "stored"),
    [
        ("99.99", "99.99"),
        ('"99.99"', "99.99"),
        ("0.1", "0.10"),
        ("1e1", "10.00"),
        ("123456789012345.67", "123456789012345.67"),
    ],
)
def test_an_amount_is_kept_to_the_cent(store: FakeStore, post: Callable[..., Event], amount: str, stored: str) -> None:
    """Defect: Floats."""
    answer = post(f'{{"amount": {amount}}}')
    assert answer["statusCode"] == 202
    assert body_of(answer)["amount"] == stored
    (payment,) = store.payments.values()
    assert str(payment.amount) == stored


@pytest.mark.parametrize(
    ("body", "pointers"),
    [
        ({"amount": -5}, ["/amount"]),
        ({"amount": "abc"}, ["/amount"]),
        ({"amount": True}, ["/amount"]),
        ({"amount": "1.001"}, ["/amount"]),
        ({"amount": 1, "colour": "red"}, ["/colour"]),
        ({}, ["/amount"]),
        ({"amount": 0, "currency": "ZZZ", "customer_id": 7}, ["/amount", "/currency", "/customer_id"]),
        ({"amount": 1, "metadata": {"a": 1}}, ["/metadata/a"]),
        ({"amount": 1, "description": "\ud800"}, ["/description"]),
        ([], [""]),
    ],
)
def test_every_field_at_fault_is_named_and_nothing_is_written(
    store: FakeStore,
    post: Callable[..., Event],
    body: dict[str, object],
    pointers: list[str],
) -> None:
    """Defect: Floats: "-5" and "abc" accepted with 200."""
    problem = assert_problem(post(body), 400)
    assert sorted(error["pointer"] for error in problem["errors"]) == pointers
    assert all(error["detail"] for error in problem["errors"])
    assert store.writes == 0


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "{",
        '"10"',
        "null",
        '{"amount": NaN}',
        '{"amount": Infinity}',
        '{"amount": 1, "amount": 2}',
        '{"amount": 1e999999999999}',
        '{"amount": ' + "9" * 5000 + "}",
        "[" * 60_000,
        b"\xff\xfe",
        b'{"amount": 1, "description": "\xed\xa0\x80"}',
    ],
)
def test_a_body_that_is_no_acceptable_json_is_the_clients_mistake(
    store: FakeStore, post: Callable[..., Event], text: str | bytes
) -> None:
    """Defect: Floats: 99.99 answered with 500."""
    assert_problem(post(text), 400)
    assert store.writes == 0


def test_a_body_that_is_too_long_is_refused_with_413(store: FakeStore, post: Callable[..., Event]) -> None:
    problem = assert_problem(post({"amount": 1, "description": "x" * 70_000}), 413)
    assert problem["title"] == "Content Too Large"
    assert store.writes == 0


def test_a_request_without_a_body_is_the_clients_mistake(send: Callable[[Event], Event]) -> None:
    event = api_event("api_post_payments")
    event["body"] = None
    assert_problem(send(event), 400)


def test_a_body_that_came_in_base64_is_read(post: Callable[..., Event]) -> None:
    assert body_of(post(b'{"amount": "7.77", "description": "\xc3\xa4"}'))["description"] == "ä"


def test_a_body_that_is_broken_base64_is_the_clients_mistake(send: Callable[[Event], Event]) -> None:
    event = api_event("api_post_payments", body="{not base64}")
    event["isBase64Encoded"] = True
    assert_problem(send(event), 400)


@pytest.mark.parametrize(
    "media_type", ["", "application/x-www-form-urlencoded", "text/plain", "application/jsonp", "json"]
)
def test_a_body_that_is_not_announced_as_json_is_refused_with_415(
    store: FakeStore, post: Callable[..., Event], media_type: str
) -> None:
    problem = assert_problem(post({"amount": 1}, headers={"Content-Type": media_type}), 415)
    assert "application/json" in problem["detail"]
    assert store.writes == 0


@pytest.mark.parametrize("media_type", ["application/json", "Application/JSON", "application/json; charset=utf-8"])
def test_json_is_json_however_it_is_announced(post: Callable[..., Event], media_type: str) -> None:
    assert post({"amount": 1}, headers={"Content-Type": media_type})["statusCode"] == 202


class BrokenStore(FakeStore):
    """Fails as a table does that nobody may write to."""

    def create(self, payment: Payment, *, key_record: KeyRecord | None = None) -> Payment:
        raise RuntimeError(f"may not write {payment.payment_id} {key_record} to arn:aws:dynamodb:us-east-1:1:table/p")


def test_a_table_that_takes_no_more_is_a_503_that_says_when_to_come_again_and_counts_as_no_fault(
    store: FakeStore, post: Callable[..., Event], printed: Callable[[], list[Line]], monkeypatch: pytest.MonkeyPatch
) -> None:
    def busy(_payment: Payment, *, key_record: KeyRecord | None = None) -> Payment:
        raise StoreBusy("secret-table", key_record)

    monkeypatch.setattr(store, "create", busy)
    answer = post()
    assert_problem(answer, 503)
    assert int(answer["headers"]["Retry-After"]) > 0
    assert "secret" not in answer["body"]
    assert counted(printed()) == {}


def test_an_unexpected_error_is_a_500_that_tells_nothing_is_logged_and_counted(
    context: LambdaContext,
    monkeypatch: pytest.MonkeyPatch,
    printed: Callable[[], list[Line]],
) -> None:
    """Defect: Open doors. Defect: Dead alarms."""
    ports = ports_on(BrokenStore())
    monkeypatch.setattr(validator, "aws_ports", lambda: ports)
    answer = validator.handler(api_event("api_post_payments"), context)
    assert_problem(answer, 500)
    for inside in ("may not write", "arn:", "RuntimeError", "Traceback", "handler.py"):
        assert inside not in json.dumps(answer)
    lines = printed()
    (failure,) = [line for line in lines if line.get("level") == "ERROR"]
    assert "may not write" in failure["exception"]
    assert failure["request_id"] == "0f6d3b1c-5d0e-4a53-8a0c-2f3f0f6d3b1c"
    assert counted(lines) == {"UnexpectedErrors": 1}


def test_a_function_deployed_without_its_variables_answers_500_and_logs_what_is_missing(
    context: LambdaContext,
    monkeypatch: pytest.MonkeyPatch,
    printed: Callable[[], list[Line]],
) -> None:
    monkeypatch.setattr(validator, "aws_ports", validator.aws_ports.__wrapped__)
    assert_problem(validator.handler(api_event("api_post_payments"), context), 500)
    (failure,) = [line for line in printed() if line.get("level") == "ERROR"]
    assert "PAYMENTS_TABLE is missing" in failure["exception"]
    assert "OPEN_DEADLINE_SECONDS is missing" in failure["exception"]


def test_what_a_client_sent_is_not_printed(post: Callable[..., Event], printed: Callable[[], list[Line]]) -> None:
    """Defect: Open doors: card numbers printed."""
    card = "4111 1111 1111 1111"
    post({"amount": 1, "description": "a private matter", "metadata": {"note": "another"}})
    post({"amount": 1, "description": f"card {card}"})
    post({"amount": 1, "payment_id": card.replace(" ", "")})
    post({"amount": 1, card.replace(" ", ""): "x"})
    post(f'{{"amount": {card}}}')
    lines = json.dumps(printed())
    for private in ("4111", "private matter", "another", "not-a-real-key", "order-1001"):
        assert private not in lines


def test_every_line_of_a_request_names_it_and_its_payment(
    post: Callable[..., Event], printed: Callable[[], list[Line]]
) -> None:
    payment_id = body_of(post())["payment_id"]
    (line,) = printed()
    assert line["payment_id"] == payment_id
    assert line["request_id"] == "0f6d3b1c-5d0e-4a53-8a0c-2f3f0f6d3b1c"
    assert line["function_request_id"] == "8f0d3b1c-5d0e-4a53-8a0c-2f3f0f6d3b1c"
    assert (line["message"], line["route"], line["status"]) == ("answered", "POST /payments", 202)


def test_nothing_of_one_request_is_left_for_the_lines_of_the_next(
    post: Callable[..., Event], printed: Callable[[], list[Line]]
) -> None:
    post()
    post({})
    accepted, refused = printed()
    assert "payment_id" in accepted
    assert "payment_id" not in refused


def test_the_connection_is_made_of_the_functions_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PAYMENTS_TABLE", "payments-payments-test")
    monkeypatch.setenv("OPEN_DEADLINE_SECONDS", "600")
    monkeypatch.setenv("APPROVAL_LIMITS", "USD=10000, EUR=7500.50")
    monkeypatch.setenv("APPROVAL_TIMEOUT_SECONDS", "86400")
    connected = validator.aws_ports.__wrapped__()
    assert connected.open_deadline == timedelta(minutes=10)
    assert connected.approvals == ApprovalPolicy(
        limits={"USD": Decimal(10000), "EUR": Decimal("7500.50")}, timeout=timedelta(days=1)
    )


def test_every_missing_variable_is_named_at_once() -> None:
    with pytest.raises(VariablesRefused) as refused:
        validator.aws_ports.__wrapped__()
    assert refused.value.problems == (
        "PAYMENTS_TABLE is missing",
        "OPEN_DEADLINE_SECONDS is missing",
        "APPROVAL_TIMEOUT_SECONDS is missing",
    )


def test_limits_nobody_can_read_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("APPROVAL_LIMITS", "USD: 10000")
    with pytest.raises(VariablesRefused, match=r"APPROVAL_LIMITS must list limits .*got 'USD: 10000'"):
        validator.aws_ports.__wrapped__()


def test_an_orchestrated_payment_above_the_limit_is_shown_to_need_an_approval(post: Callable[..., Event]) -> None:
    above = body_of(post({"amount": "100.01", "processing": "orchestrated"}))
    assert (above["processing"], above["approval"]) == ("orchestrated", "required")
    below = body_of(post({"amount": "100.00", "processing": "orchestrated"}, headers={"Idempotency-Key": "another"}))
    assert (below["processing"], below.get("approval")) == ("orchestrated", None)
