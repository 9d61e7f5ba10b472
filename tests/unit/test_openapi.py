"""The API's description is valid, true, and made of the definitions the handlers use."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from openapi_schema_validator import OAS31Validator, oas31_format_checker
from openapi_spec_validator import OpenAPIV31SpecValidator

from payments.domain import batch_listing
from payments.domain.listing import PARAMETERS
from payments.domain.notification import notification_of
from payments.domain.public import payment_schema, public_event, public_payment
from payments.domain.public_batch import batch_schema, public_batch
from payments.domain.request import checked_request, json_schema
from payments.runtime.problems import STATUS_OF, problem
from payments_infra.openapi import openapi_document, openapi_text
from payments_infra.openapi_components import PROBLEMS
from tests.batch_samples import batch_failed, batch_settled, completed, ingesting, registered
from tests.samples import accepted, claimed, events, rich, settled

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from payments.domain.batch import Batch
    from payments.domain.payment import Payment

ROOT = Path(__file__).parents[2]
DOCUMENT = openapi_document()


def violations(value: object, schema: Mapping[str, Any]) -> list[str]:
    whole = {**schema, "components": DOCUMENT["components"]}
    return [error.message for error in OAS31Validator(whole, format_checker=oas31_format_checker).iter_errors(value)]


def of(name: str) -> Mapping[str, Any]:
    return {"$ref": f"#/components/schemas/{name}"}


def media_types(part: object) -> Iterator[Mapping[str, Any]]:
    """Find every media type object, wherever it stands."""
    if isinstance(part, dict):
        yield from part.get("content", {}).values()
        for value in part.values():
            yield from media_types(value)


def test_the_description_that_is_kept_is_the_one_the_code_gives() -> None:
    assert (ROOT / "openapi.json").read_text("utf-8") == openapi_text(), "write it anew with: make docs"


def test_the_description_is_valid_openapi() -> None:
    OpenAPIV31SpecValidator(DOCUMENT).validate()


def test_every_example_keeps_its_schema() -> None:
    seen = 0
    for content in media_types(DOCUMENT):
        examples = [content["example"]] if "example" in content else []
        examples += [example["value"] for example in content.get("examples", {}).values()]
        for example in examples:
            assert violations(example, content["schema"]) == []
            seen += 1
    assert seen >= 6 + len(PROBLEMS)


def test_every_example_of_a_request_is_accepted() -> None:
    content = DOCUMENT["paths"]["/payments"]["post"]["requestBody"]["content"]["application/json"]
    for example in content["examples"].values():
        assert checked_request(example["value"])


@pytest.mark.parametrize(
    "batch",
    [
        registered(),
        ingesting(registered()),
        completed(ingesting(registered())),
        batch_settled(completed(ingesting(registered()))),
        batch_failed(registered()),
    ],
    ids=lambda batch: str(batch.status),
)
def test_what_is_shown_of_a_batch_is_what_is_described(batch: Batch) -> None:
    assert violations(public_batch(batch), of("Batch")) == []


def test_requests_and_answers_are_described_by_the_definitions_that_make_them() -> None:
    schemas = DOCUMENT["components"]["schemas"]
    assert schemas["Batch"] == batch_schema()
    assert schemas["PaymentRequest"] == json_schema()
    assert schemas["Payment"] == payment_schema()


@pytest.mark.parametrize("payment", [accepted(), claimed(accepted()), rich()], ids=lambda payment: str(payment.status))
def test_what_is_shown_of_a_payment_is_what_is_described(payment: Payment) -> None:
    assert violations(public_payment(payment), of("Payment")) == []
    assert violations({"items": [public_payment(payment)], "next_token": "token"}, of("PaymentPage")) == []
    assert violations({"items": [public_event(event) for event in events(payment)]}, of("EventList")) == []


def test_what_customers_are_told_is_what_is_described() -> None:
    told = notification_of(settled(claimed(accepted())))
    assert told
    assert violations(told.payload(), of("Notification")) == []


@pytest.mark.parametrize("status", STATUS_OF.values(), ids=str)
def test_every_problem_a_handler_answers_with_is_described(status: Any) -> None:  # noqa: ANN401 - an HTTPStatus
    said = problem(status, "detail", instance="request")
    assert violations(said.body, of("Problem")) == []
    assert said.body["title"] == PROBLEMS[status][0]


@pytest.mark.parametrize(("path", "parameters"), [("/payments", PARAMETERS), ("/batches", batch_listing.PARAMETERS)])
def test_every_parameter_of_a_listing_is_described(path: str, parameters: Sequence[str]) -> None:
    listed = [reference["$ref"].rsplit("/")[-1] for reference in DOCUMENT["paths"][path]["get"]["parameters"]]
    assert sorted(listed) == sorted(parameters)


def test_every_operation_needs_an_api_key() -> None:
    """Defect: Open doors."""
    assert DOCUMENT["security"] == [{"ApiKey": []}]
    for path in DOCUMENT["paths"].values():
        for operation in path.values():
            assert "security" not in operation


def test_every_operation_tells_every_way_it_can_fail() -> None:
    for path in DOCUMENT["paths"].values():
        for method, operation in path.items():
            if method != "parameters":
                assert {"403", "429", "500", "503", "504"} <= operation["responses"].keys()


@pytest.mark.parametrize("name", ["Problem429", "Problem503"])
def test_a_problem_that_passes_says_when_to_come_again(name: str) -> None:
    assert "Retry-After" in DOCUMENT["components"]["responses"][name]["headers"]
