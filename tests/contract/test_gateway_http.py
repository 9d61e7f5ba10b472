"""What the HTTP gateway sends, and what it makes of every kind of answer."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import islice
from threading import Event
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from payments.adapters.gateway_http import LEDGER_PAGE, LONGEST_LEDGER_PAGE_BYTES, HttpGateway
from payments.adapters.https import HttpsClient
from payments.adapters.secrets import RotatingSecret
from payments.domain.errors import GatewayAmbiguous, GatewayRefused
from payments.ports import Charge
from tests.contract.faults import failing
from tests.contract.loopback import HANG_UP, Asked, Loopback, Reply, loopback

if TYPE_CHECKING:
    from collections.abc import Iterator

    from payments.ports import LedgerEntry
    from tests.contract.services import Services

APPROVED = {"id": "ch-1", "status": "approved", "reference": "pay-1", "amount": "12.50", "currency": "EUR"}
DECLINED = {**APPROVED, "status": "declined", "decline_code": "expired_card"}


@pytest.fixture
def server() -> Iterator[Loopback]:
    with loopback(lambda _: Reply(201, json.dumps(APPROVED))) as running:
        yield running


@pytest.fixture
def gateway(server: Loopback) -> HttpGateway:
    return gateway_at(server.url)


def gateway_at(url: str, *, timeout: timedelta = timedelta(seconds=10)) -> HttpGateway:
    return HttpGateway(HttpsClient(url, timeout=timeout), secret=lambda: "t0ken", key_retention=timedelta(hours=24))


def charge(gateway: HttpGateway, amount: Decimal = Decimal("12.50"), currency: str = "EUR") -> Charge:
    return gateway.charge(idempotency_key="key-1", reference="pay-1", amount=amount, currency=currency)


def answering(server: Loopback, status: int, body: Any, headers: dict[str, str] | None = None) -> None:  # noqa: ANN401
    text = body if isinstance(body, str) else json.dumps(body)
    server.reply = lambda _: Reply(status, text, headers or {})


def test_a_charge_is_asked_for_once_with_its_key_and_an_exact_amount(server: Loopback, gateway: HttpGateway) -> None:
    """Defect: Floats."""
    charge(gateway)
    (asked,) = server.asked
    assert (asked.method, asked.path) == ("POST", "/charges")
    assert asked.headers["idempotency-key"] == "key-1"
    assert asked.headers["authorization"] == "Bearer t0ken"
    assert json.loads(asked.body) == {"reference": "pay-1", "amount": "12.50", "currency": "EUR"}


def test_an_amount_is_sent_with_all_decimals_of_its_currency(server: Loopback, gateway: HttpGateway) -> None:
    answering(server, 201, {**APPROVED, "amount": "10"})
    for amount, currency in ((Decimal("10.0"), "EUR"), (Decimal(10), "JPY"), (Decimal("10.000"), "KWD")):
        charge(gateway, amount, currency)
    assert [json.loads(asked.body)["amount"] for asked in server.asked] == ["10.00", "10", "10.000"]


def test_an_amount_echoed_as_a_number_is_as_exact_as_one_echoed_as_text(server: Loopback, gateway: HttpGateway) -> None:
    """Defect: Floats."""
    answering(
        server, 200, '{"id": "ch-1", "status": "approved", "reference": "pay-1", "amount": 0.1, "currency": "EUR"}'
    )
    assert charge(gateway).amount == Decimal("0.1")


def test_a_declined_charge_is_declined_whichever_status_it_comes_with(server: Loopback, gateway: HttpGateway) -> None:
    declined = Charge(
        approved=False, reference="ch-1", amount=Decimal("12.50"), currency="EUR", decline_code="expired_card"
    )
    for status in (200, 402):
        answering(server, status, DECLINED)
        assert charge(gateway) == declined


@pytest.mark.parametrize("status", [400, 422])
def test_a_refusal_with_a_code_is_final(server: Loopback, gateway: HttpGateway, status: int) -> None:
    answering(server, status, {"code": "unknown_account", "detail": "no such account"})
    with pytest.raises(GatewayRefused) as refusal:
        charge(gateway)
    assert refusal.value.code == "unknown_account"


@pytest.mark.parametrize(
    "status", [202, 301, 302, 307, 308, 401, 403, 404, 405, 408, 409, 410, 413, 415, 418, 425, 429]
)
def test_an_answer_that_says_nothing_of_the_charge_is_ambiguous(
    server: Loopback, gateway: HttpGateway, status: int
) -> None:
    answering(server, status, {"code": "some_code"})
    with pytest.raises(GatewayAmbiguous):
        charge(gateway)
    assert len(server.asked) == 1


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_a_server_error_is_ambiguous_and_not_repeated_here(server: Loopback, gateway: HttpGateway, status: int) -> None:
    answering(server, status, APPROVED, {"Retry-After": "0"})
    with pytest.raises(GatewayAmbiguous):
        charge(gateway)
    assert len(server.asked) == 1


@pytest.mark.parametrize(
    "body",
    [
        "",
        "<html>",
        "[]",
        "null",
        "[" * 5000,
        {**APPROVED, "status": "pending"},
        {**APPROVED, "status": ["approved"]},
        {**APPROVED, "id": ""},
        {**APPROVED, "id": "x" * 256},
        {**APPROVED, "amount": True},
        {**APPROVED, "amount": "NaN"},
        {**APPROVED, "amount": "12,50"},
        {**APPROVED, "currency": None},
        {**APPROVED, "reference": "pay-2"},
        {name: value for name, value in APPROVED.items() if name != "amount"},
        {**DECLINED, "decline_code": None},
        '{"id": "ch-1", "status": "approved", "reference": "pay-1", "amount": NaN, "currency": "EUR"}',
        json.dumps({**APPROVED, "note": "x" * 70_000}),
    ],
)
def test_a_success_that_cannot_be_read_is_ambiguous(server: Loopback, gateway: HttpGateway, body: Any) -> None:  # noqa: ANN401
    answering(server, 201, body)
    with pytest.raises(GatewayAmbiguous):
        charge(gateway)


@pytest.mark.parametrize("body", ["", "<html>Bad Request</html>", {}, {"code": 7}, {"code": ""}])
def test_a_refusal_without_a_code_may_be_anybodys_and_is_ambiguous(
    server: Loopback,
    gateway: HttpGateway,
    body: Any,  # noqa: ANN401
) -> None:
    answering(server, 400, body)
    with pytest.raises(GatewayAmbiguous):
        charge(gateway)


def test_402_and_an_approved_charge_contradict_each_other(server: Loopback, gateway: HttpGateway) -> None:
    answering(server, 402, APPROVED)
    with pytest.raises(GatewayAmbiguous):
        charge(gateway)


def test_a_connection_that_is_cut_is_ambiguous_and_not_tried_again_here(server: Loopback, gateway: HttpGateway) -> None:
    server.reply = lambda _: HANG_UP
    with pytest.raises(GatewayAmbiguous):
        charge(gateway)
    with pytest.raises(GatewayAmbiguous):
        gateway.find(reference="pay-1")
    assert [asked.method for asked in server.asked] == ["POST", "GET"]


def test_an_answer_that_does_not_come_in_time_is_ambiguous(server: Loopback) -> None:
    over = Event()

    def never(_: Asked) -> None:
        over.wait()

    server.reply = never
    try:
        with pytest.raises(GatewayAmbiguous, match="Timeout"):
            charge(gateway_at(server.url, timeout=timedelta(seconds=0.2)))
    finally:
        over.set()


def test_a_gateway_that_is_not_there_is_ambiguous() -> None:
    with loopback(lambda _: HANG_UP) as gone:
        url = gone.url
    with pytest.raises(GatewayAmbiguous):
        charge(gateway_at(url))


def test_a_redirect_takes_token_and_order_nowhere(server: Loopback, gateway: HttpGateway) -> None:
    """Defect: Open doors."""
    with loopback(lambda _: Reply(201, json.dumps(APPROVED))) as elsewhere:
        answering(server, 307, "", {"Location": f"{elsewhere.url}/charges"})
        with pytest.raises(GatewayAmbiguous):
            charge(gateway)
        assert elsewhere.asked == []


def test_an_error_repeats_neither_token_nor_answer(server: Loopback, gateway: HttpGateway) -> None:
    """Defect: Open doors."""
    answering(server, 500, "card 4111111111111111")
    with pytest.raises(GatewayAmbiguous) as ambiguity:
        charge(gateway)
    assert "t0ken" not in str(ambiguity.value)
    assert "4111" not in str(ambiguity.value)


def test_a_look_up_asks_by_reference(server: Loopback, gateway: HttpGateway) -> None:
    answering(server, 200, {"charges": [APPROVED]})
    found = gateway.find(reference="pay-1")
    assert found
    assert found.reference == "ch-1"
    (asked,) = server.asked
    assert (asked.method, asked.path) == ("GET", "/charges?reference=pay-1")


def test_an_approved_charge_counts_more_than_declined_ones(server: Loopback, gateway: HttpGateway) -> None:
    answering(server, 200, {"charges": [DECLINED, {**APPROVED, "id": "ch-2"}]})
    found = gateway.find(reference="pay-1")
    assert found
    assert found.reference == "ch-2"


def test_two_approved_charges_are_for_a_person_to_judge(server: Loopback, gateway: HttpGateway) -> None:
    answering(server, 200, {"charges": [APPROVED, {**APPROVED, "id": "ch-2"}]})
    with pytest.raises(GatewayAmbiguous, match="2 approved charges"):
        gateway.find(reference="pay-1")


@pytest.mark.parametrize(
    ("status", "body"),
    [(404, {"charges": []}), (500, ""), (200, ""), (200, {}), (200, {"charges": {}}), (200, {"charges": [{}]})],
)
def test_only_an_empty_list_says_that_there_is_no_charge(
    server: Loopback,
    gateway: HttpGateway,
    status: int,
    body: Any,  # noqa: ANN401
) -> None:
    answering(server, status, body)
    with pytest.raises(GatewayAmbiguous):
        gateway.find(reference="pay-1")


def test_requests_share_a_connection(server: Loopback, gateway: HttpGateway) -> None:
    charge(gateway)
    charge(gateway)
    assert len({asked.connection for asked in server.asked}) == 1


def test_the_secret_is_asked_for_at_every_request_so_that_a_rotated_one_is_used(server: Loopback) -> None:
    secrets = iter(["old", "new"])
    gateway = HttpGateway(
        HttpsClient(server.url, timeout=timedelta(seconds=10)),
        secret=lambda: next(secrets),
        key_retention=timedelta(hours=24),
    )
    charge(gateway)
    charge(gateway)
    assert [asked.headers["authorization"] for asked in server.asked] == ["Bearer old", "Bearer new"]


@pytest.mark.parametrize("url", ["http://gateway.example", "ftp://127.0.0.1", "http://127.0.0.1.example", "//x", ""])
def test_an_address_that_is_not_https_is_refused(url: str) -> None:
    """Defect: Open doors."""
    with pytest.raises(ValueError, match="must be https"):
        HttpsClient(url, timeout=timedelta(seconds=1))


def test_a_secret_that_cannot_be_read_leaves_charge_and_look_up_unclear_and_nothing_is_sent(
    services: Services, server: Loopback
) -> None:
    arn = services.secrets_manager.create_secret(Name=f"contract/{uuid4()}", SecretString="t0ken")["ARN"]
    gateway = HttpGateway(
        HttpsClient(server.url, timeout=timedelta(seconds=10)),
        secret=RotatingSecret(services.secrets_manager, arn),
        key_retention=timedelta(hours=24),
    )
    with failing(services.secrets_manager, "GetSecretValue", times=2, Code="AccessDeniedException"):
        with pytest.raises(GatewayAmbiguous, match="AccessDeniedException"):
            charge(gateway)
        with pytest.raises(GatewayAmbiguous, match="AccessDeniedException"):
            gateway.find(reference="pay-1")
    assert not server.asked
    assert charge(gateway).approved


NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
TIMED = {**APPROVED, "created_at": "2026-11-22T12:00:00.000Z"}


def listed(gateway: HttpGateway) -> list[LedgerEntry]:
    return list(gateway.charges_between(NOON, NOON + timedelta(hours=1)))


def test_a_list_of_charges_asks_for_a_span_of_time_page_after_page(server: Loopback, gateway: HttpGateway) -> None:
    def page(asked: Asked) -> Reply:
        last = "after=" in asked.path
        entry = {**TIMED, "id": "ch-2" if last else "ch-1"}
        return Reply(200, json.dumps({"charges": [entry], "next": None if last else "page two/=?"}))

    server.reply = page
    assert [entry.charge.reference for entry in listed(gateway)] == ["ch-1", "ch-2"]
    first = "/charges?from=2026-11-22T12%3A00%3A00.000Z&to=2026-11-22T13%3A00%3A00.000Z&limit=500"
    assert [asked.path for asked in server.asked] == [first, f"{first}&after=page+two%2F%3D%3F"]
    assert {asked.headers["authorization"] for asked in server.asked} == {"Bearer t0ken"}


def test_a_page_is_asked_for_when_it_is_wanted_and_not_before(server: Loopback, gateway: HttpGateway) -> None:
    answering(server, 200, {"charges": [TIMED], "next": "more"})
    entries = gateway.charges_between(NOON, NOON + timedelta(hours=1))
    assert not server.asked
    assert next(entries).payment_id == "pay-1"
    assert len(server.asked) == 1


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (404, {"charges": [], "next": None}),
        (500, ""),
        (200, ""),
        (200, {"charges": []}),
        (200, {"charges": [], "next": 7}),
        (200, {"charges": [], "next": ""}),
        (200, {"charges": {}, "next": None}),
        (200, {"charges": [APPROVED], "next": None}),
        (200, {"charges": [{**TIMED, "created_at": "2026-11-22T13:00:00.000Z"}], "next": None}),
        (200, {"charges": [{**TIMED, "created_at": "2026-11-22T11:59:59.999Z"}], "next": None}),
        (200, {"charges": [{**TIMED, "created_at": "2026-11-22T12:00:00"}], "next": None}),
        (200, {"charges": [{**TIMED, "created_at": 1795348800}], "next": None}),
        (200, {"charges": [{**TIMED, "created_at": "yesterday"}], "next": None}),
        (200, {"charges": [{**TIMED, "reference": None}], "next": None}),
        (200, {"charges": [{**TIMED, "reference": "x" * 256}], "next": None}),
        (200, {"charges": [{**TIMED, "amount": "NaN"}], "next": None}),
        (200, {"charges": [{**TIMED, "status": "pending"}], "next": None}),
        (200, {"charges": ["ch-1"], "next": None}),
    ],
)
def test_a_ledger_that_cannot_be_read_or_be_true_is_ambiguous(
    server: Loopback,
    gateway: HttpGateway,
    status: int,
    body: Any,  # noqa: ANN401
) -> None:
    answering(server, status, body)
    with pytest.raises(GatewayAmbiguous):
        listed(gateway)


def test_a_list_that_goes_on_with_itself_comes_to_an_end(server: Loopback, gateway: HttpGateway) -> None:
    answering(server, 200, {"charges": [TIMED], "next": "the same"})
    with pytest.raises(GatewayAmbiguous, match="same page"):
        listed(gateway)
    assert len(server.asked) == 2


def test_a_page_as_long_as_a_page_may_be_is_read_where_the_ledger_is(server: Loopback) -> None:
    longest = {**TIMED, "id": "i" * 255, "reference": "r" * 255, "status": "declined", "decline_code": "d" * 255}
    answering(server, 200, {"charges": [longest] * LEDGER_PAGE, "next": "n" * 255})
    client = HttpsClient(server.url, timeout=timedelta(seconds=10), longest_answer_bytes=LONGEST_LEDGER_PAGE_BYTES)
    gateway = HttpGateway(client, secret=lambda: "t0ken", key_retention=timedelta(hours=24))
    assert len(list(islice(gateway.charges_between(NOON, NOON + timedelta(hours=1)), LEDGER_PAGE))) == LEDGER_PAGE
    with pytest.raises(GatewayAmbiguous, match="more than 65536 bytes"):
        listed(gateway_at(server.url))
