from __future__ import annotations

import dataclasses
import json
import unicodedata
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft4Validator, Draft202012Validator  # type: ignore[import-untyped] # it ships no types

from payments.domain.errors import RequestRefused
from payments.domain.money import CURRENCY_EXPONENTS, from_minor_units
from payments.domain.request import FIELDS, PaymentRequest, checked_request, gateway_model, json_schema, read_request

CARD = "4111 1111 1111 1111"


def faults(body: object) -> dict[str, str]:
    """Return the violations of ``body`` by pointer."""
    with pytest.raises(RequestRefused) as refusal:
        read_request(json.dumps(body))
    return {violation.pointer: violation.detail for violation in refusal.value.violations}


def request(**body: object) -> PaymentRequest:
    return read_request(json.dumps({"amount": 10, **body}))


def test_everything_a_request_may_say_is_read() -> None:
    body = {
        "payment_id": "order-4711_a",
        "customer_id": "auth0|ada@example.org",
        "amount": "12.50",
        "currency": "EUR",
        "description": "Café 🎉, two cups",
        "metadata": {"order.id": "4711", "note": ""},
        "processing": "orchestrated",
    }
    assert vars(read_request(json.dumps(body))) == {**body, "amount": Decimal("12.50")}


def test_a_request_needs_no_more_than_an_amount() -> None:
    assert read_request('{"amount": 10}') == PaymentRequest(amount=Decimal("10.00"), currency="USD")


def test_the_fields_declared_are_the_fields_of_a_request() -> None:
    assert set(FIELDS) == {field.name for field in dataclasses.fields(PaymentRequest)}


@pytest.mark.parametrize("written", ["10", "10.0", "10.00", '"10"', '"10.0"', '"10.00"', "1e1"])
def test_one_amount_has_one_hash_however_it_is_written(written: str) -> None:
    """Defect: Floats."""
    assert read_request(f'{{"amount": {written}}}').request_hash == request().request_hash


def test_an_amount_has_one_hash_whatever_decimals_its_maker_gave_it() -> None:
    """Defect: Floats."""
    hashes = {PaymentRequest(amount=Decimal(text)).request_hash for text in ("100", "100.0", "100.00", "1E+2")}
    assert len(hashes) == 1


def test_an_absent_default_and_an_absent_empty_field_hash_as_if_they_were_there() -> None:
    assert request(currency="USD", metadata={}).request_hash == request().request_hash


def test_order_of_names_and_composition_of_letters_do_not_change_the_hash() -> None:
    composed, decomposed = "Café", unicodedata.normalize("NFD", "Café")
    first = read_request(json.dumps({"amount": 1, "description": composed, "metadata": {"a": "1", "b": composed}}))
    second = read_request(json.dumps({"metadata": {"b": decomposed, "a": "1"}, "description": decomposed, "amount": 1}))
    assert first == second
    assert first.request_hash == second.request_hash


@pytest.mark.parametrize(
    "change",
    [
        {"amount": "10.01"},
        {"currency": "EUR"},
        {"payment_id": "a"},
        {"customer_id": "a"},
        {"description": "a"},
        {"metadata": {"a": "1"}},
        {"metadata": {"a": ""}},
        {"metadata": {"a": "2"}},
    ],
)
def test_whatever_is_asked_otherwise_has_another_hash(change: dict[str, object]) -> None:
    """Defect: Blind and double writes."""
    hashes = {request().request_hash, request(metadata={"b": "1"}).request_hash, request(**change).request_hash}
    assert len(hashes) == 3


def test_hashes_stay_the_same_from_release_to_release() -> None:
    """A stored hash is compared with one made by later code: a change here turns every replay into a conflict."""
    asked = request(payment_id="order-1", description="Café", metadata={"b": "2", "a": "1"})
    assert asked.canonical() == (
        r'{"amount":"10.00","currency":"USD","description":"Caf\u00e9","metadata":{"a":"1","b":"2"},'
        r'"payment_id":"order-1"}'
    )
    assert asked.request_hash == "84d5184edd25ebc459af1276611f8e5a48073fa03004c415e2b0974c16fa46a2"


def test_every_fault_is_named_at_once() -> None:
    body = {
        "payment_id": "-x",
        "customer_id": 7,
        "amount": "abc",
        "currency": "usd",
        "description": "a\u0000b",
        "metadata": {"ok": 1, "card": CARD},
        "colour": "red",
        "card": "x",
    }
    assert set(faults(body)) == {
        "/payment_id",
        "/customer_id",
        "/amount",
        "/currency",
        "/description",
        "/metadata/ok",
        "/metadata/card",
        "/colour",
        "/card",
    }


def test_a_missing_amount_is_named_beside_the_other_faults() -> None:
    assert faults({"currency": "ZZZ"}).keys() == {"/amount", "/currency"}


@pytest.mark.parametrize("body", [[], "10", 10, None, True])
def test_a_body_that_is_no_object_is_refused(body: object) -> None:
    assert faults(body).keys() == {""}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("amount", -5),
        ("amount", 0),
        ("amount", "abc"),
        ("amount", True),
        ("amount", None),
        ("amount", "1.001"),
        ("amount", [10]),
        ("currency", "ZZZ"),
        ("currency", "eur"),
        ("currency", "XXX"),
        ("currency", ""),
        ("currency", None),
        ("currency", ["EUR"]),
        ("payment_id", ""),
        ("payment_id", "a" * 65),
        ("payment_id", "_a"),
        ("payment_id", "a/b"),
        ("payment_id", "a\n"),
        ("payment_id", "é"),
        ("payment_id", None),
        ("payment_id", 1),
        ("customer_id", ""),
        ("customer_id", "a" * 129),
        ("customer_id", "a b"),
        ("description", ""),
        ("description", "a" * 501),
        ("description", "a\nb"),
        ("description", "a\u007fb"),
        ("description", "a\u0085b"),
        ("description", "a\u2028b"),
        ("description", "a\u202eb"),
        ("description", "a\ud800b"),
        ("description", 5),
        ("metadata", []),
        ("metadata", {str(number): "" for number in range(21)}),
        ("metadata", {"": "a"}),
        ("metadata", {"a" * 41: "a"}),
        ("metadata", {"a b": "a"}),
        ("metadata", {"é": "a"}),
    ],
)
def test_a_field_that_breaks_its_rule_is_named(field: str, value: object) -> None:
    """Defect: Floats."""
    assert faults({"amount": 10, field: value}).keys() == {f"/{field}"}


@pytest.mark.parametrize("value", [1, None, True, {"b": "c"}, ["b"], "a" * 501, "a\u0000"])
def test_metadata_holds_flat_texts_only(value: object) -> None:
    assert faults({"amount": 10, "metadata": {"a": value}}).keys() == {"/metadata/a"}


@pytest.mark.parametrize(
    "body",
    [
        {"payment_id": CARD.replace(" ", "-")},
        {"customer_id": CARD.replace(" ", "")},
        {"description": f"paid with {CARD}"},
        {"metadata": {"pan": CARD}},
        {"metadata": {CARD.replace(" ", "."): "pan"}},
        {"metadata": {CARD: "pan"}},
        {"metadata": {CARD: 1}},
        {CARD.replace(" ", ""): "pan"},
        {"card" + CARD.replace(" ", ""): "pan"},
        {"currency": CARD},
        {"amount": CARD},
        {"amount": int(CARD.replace(" ", "")) * 10_000},
    ],
)
def test_a_card_number_is_refused_and_not_repeated(body: dict[str, object]) -> None:
    """Defect: Open doors."""
    said = " ".join(f"{pointer} {detail}" for pointer, detail in faults({"amount": 10, **body}).items())
    assert "1111" not in said


def test_a_flood_of_unknown_fields_gets_a_short_answer() -> None:
    unknown = faults({"amount": 10, **{f"field{number}": 1 for number in range(1000)}})
    assert len(unknown) == 21
    assert "980 more" in unknown[""]


texts = st.text(st.characters(exclude_categories=("Cc", "Cs", "Zl", "Zp", "Cf", "Nd")), max_size=30)
identifiers = st.from_regex(r"\A[A-Za-z][A-Za-z_-]{0,20}\Z")
bodies = st.sampled_from(sorted(CURRENCY_EXPONENTS)).flatmap(
    lambda currency: st.fixed_dictionaries(
        {
            "amount": st.integers(1, 10**15).map(lambda count: format(from_minor_units(count, currency), "f")),
            "currency": st.just(currency),
        },
        optional={
            "payment_id": identifiers,
            "customer_id": identifiers,
            "description": texts.filter(bool),
            "metadata": st.dictionaries(identifiers, texts, max_size=5),
        },
    )
)


@given(bodies)
def test_what_is_taken_keeps_the_published_schema(body: dict[str, Any]) -> None:
    read_request(json.dumps(body))
    assert Draft202012Validator(json_schema()).is_valid(body)


@given(
    st.dictionaries(
        st.sampled_from([*FIELDS, "colour"]),
        st.none() | st.booleans() | st.integers(-5, 5) | st.text(max_size=5) | st.dictionaries(st.text(), st.text()),
    )
)
def test_what_the_published_schema_refuses_is_refused(body: dict[str, Any]) -> None:
    """So that nobody is surprised by what a client generated from the schema is allowed to send."""
    if not Draft202012Validator(json_schema()).is_valid(body):
        with pytest.raises(RequestRefused):
            read_request(json.dumps(body))


def test_the_published_schemas_are_schemas() -> None:
    Draft202012Validator.check_schema(json_schema())
    Draft4Validator.check_schema(gateway_model())
    json.dumps([json_schema(), gateway_model()])
    assert list(gateway_model()["properties"]) == list(json_schema()["properties"]) == list(FIELDS)


@pytest.mark.parametrize("body", [[], "x", 1, None])
def test_the_gateways_model_refuses_what_is_no_object_and_nothing_else(body: object) -> None:
    assert not Draft4Validator(gateway_model()).is_valid(body)
    assert Draft4Validator(gateway_model()).is_valid({"amount": "abc", "colour": "red"})


def test_rows_of_a_file_go_through_the_same_rules() -> None:
    assert checked_request({"payment_id": "row-1", "amount": "10.00"}) == request(payment_id="row-1")


def test_a_request_for_the_queue_has_the_hash_it_had_before_there_was_a_choice() -> None:
    assert request(processing="queued").canonical() == '{"amount":"10.00","currency":"USD"}'
    assert request(processing="queued").request_hash == request().request_hash


def test_who_brings_a_payment_to_its_end_is_part_of_what_was_asked() -> None:
    assert request(processing="orchestrated").request_hash != request().request_hash


@pytest.mark.parametrize("processing", ["", "Queued", "batch", None, 1, True])
def test_a_payment_is_queued_or_orchestrated_and_nothing_else(processing: object) -> None:
    assert faults({"amount": 10, "processing": processing}) == {"/processing": "must be queued or orchestrated"}
