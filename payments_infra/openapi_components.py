"""What the parts of the API's description have in common: schemas, parameters and problem documents."""

from __future__ import annotations

from typing import Any

from payments.domain.approval import TOKEN_PATTERN
from payments.domain.decision import decision_schema
from payments.domain.listing import DEFAULT_LIMIT, MAX_LIMIT
from payments.domain.notification import NOTIFYING_STATUSES
from payments.domain.public import event_schema, payment_schema
from payments.domain.public_batch import batch_schema
from payments.domain.request import FIELDS, json_schema
from payments.domain.strict_json import MAX_BODY_BYTES

Part = dict[str, Any]

PROBLEMS = {
    400: ("Bad Request", "The request breaks a rule; `errors` names each."),
    403: ("Forbidden", "The API key is missing or wrong."),
    404: ("Not Found", "There is no such payment or batch, or no payment waits under this token."),
    409: ("Conflict", "The payment id belongs to another request; or the approval is decided otherwise, or over."),
    413: ("Content Too Large", f"The body is longer than {MAX_BODY_BYTES} bytes."),
    415: ("Unsupported Media Type", "The body is not announced as JSON."),
    422: ("Unprocessable Content", "The idempotency key came before with another request."),
    429: ("Too Many Requests", "The API key's rate or daily quota is used up."),
    500: ("Internal Server Error", "The request could not be answered. Repeating it with the same key is safe."),
    503: (
        "Service Unavailable",
        "Too much is asked for at the moment. Repeating the request with the same key is safe.",
    ),
    504: ("Gateway Timeout", "The request was not answered in time. Repeating it with the same key is safe."),
}
"""Every error the API answers with: its title, and when it comes."""

_OF_EVERY_REQUEST = (403, 429, 500, 503, 504)

_PASSING = (429, 503)
"""Errors that say when to come again."""


def components() -> Part:
    """Return the ``components`` of the description."""
    return {
        "securitySchemes": {"ApiKey": {"type": "apiKey", "in": "header", "name": "x-api-key"}},
        "schemas": {
            "PaymentRequest": json_schema(),
            "DecisionRequest": decision_schema(),
            "Payment": payment_schema(),
            "PaymentPage": _page("Payment"),
            "Event": event_schema(),
            "EventList": _object(items={"type": "array", "items": schema("Event")}),
            "Batch": batch_schema(),
            "BatchPage": _page("Batch"),
            "Notification": _object(
                type={"enum": sorted(f"payment.{status}" for status in NOTIFYING_STATUSES)},
                timestamp={"type": "string", "format": "date-time"},
                data=schema("Payment"),
            ),
            "Problem": _problem_schema(),
        },
        "parameters": {
            "idempotency_key": _header(
                "Idempotency-Key",
                "Makes repeating the request safe: the same key with the same body is answered alike.",
                {"type": "string", "pattern": "^[!-~]{1,255}$"},
                required=False,
            ),
            "payment_id": {
                "name": "payment_id",
                "in": "path",
                "required": True,
                "schema": FIELDS["payment_id"].kind.schema(),
            },
            "approval_token": {
                "name": "token",
                "in": "path",
                "required": True,
                "description": "What the back office was told. Whoever has it, and an API key, can decide.",
                "schema": {"type": "string", "pattern": f"^{TOKEN_PATTERN}$"},
            },
            "customer_id": _query("customer_id", "Whose payments.", FIELDS["customer_id"].kind.schema()),
            "created_on": _query("created_on", "Payments of this day (UTC).", {"type": "string", "format": "date"}),
            "batch_id": {"name": "batch_id", "in": "path", "required": True, "schema": {"type": "string"}},
            "day": {
                **_query("day", "Batches of this day (UTC).", {"type": "string", "format": "date"}),
                "required": True,
            },
            "limit": _query(
                "limit",
                "Most of them on the page.",
                {"type": "integer", "minimum": 1, "maximum": MAX_LIMIT, "default": DEFAULT_LIMIT},
            ),
            "next_token": _query("next_token", "From the page before, as it came.", {"type": "string", "minLength": 1}),
            "webhook_id": _header("webhook-id", "The event's id: the same at every delivery.", {"type": "string"}),
            "webhook_timestamp": _header("webhook-timestamp", "When this was sent.", {"type": "integer"}),
            "webhook_signature": _header(
                "webhook-signature", "One `v1,` signature or several, parted by spaces.", {"type": "string"}
            ),
        },
        "responses": {f"Problem{status}": _problem(status) for status in PROBLEMS},
    }


def leads_to(*operations: str, **parameters: str) -> Part:
    """Return links from an answer to ``operations``, which take ``parameters`` from its body (JSON pointers)."""
    said = {name: f"$response.body#{pointer}" for name, pointer in parameters.items()}
    return {operation: {"operationId": operation, "parameters": said} for operation in operations}


def schema(name: str) -> Part:
    """Return a reference to the schema ``name``."""
    return {"$ref": f"#/components/schemas/{name}"}


def json_answer(description: str, name: str, example: Part) -> Part:
    """Return an answer whose body has the schema ``name``."""
    return {
        "description": description,
        "content": {"application/json": {"schema": schema(name), "example": example}},
    }


def problems(*statuses: int) -> Part:
    """Return the problem documents a route answers with: ``statuses``, and what every route can meet."""
    return {
        str(status): {"$ref": f"#/components/responses/Problem{status}"}
        for status in sorted({*statuses, *_OF_EVERY_REQUEST})
    }


def parameter(name: str) -> Part:
    """Return a reference to the parameter ``name``."""
    return {"$ref": f"#/components/parameters/{name}"}


def _object(**properties: Part) -> Part:
    return {
        "type": "object",
        "required": list(properties),
        "additionalProperties": False,
        "properties": properties,
    }


def _page(name: str) -> Part:
    return _object(
        items={"type": "array", "maxItems": MAX_LIMIT, "items": schema(name)},
        next_token={"type": ["string", "null"], "description": "Continues the listing; null on the last page."},
    )


def _query(name: str, description: str, value: Part) -> Part:
    return {"name": name, "in": "query", "description": description, "schema": value}


def _header(name: str, description: str, value: Part, *, required: bool = True) -> Part:
    return {"name": name, "in": "header", "required": required, "description": description, "schema": value}


def _problem_schema() -> Part:
    return {
        "type": "object",
        "required": ["type", "title", "status", "detail"],
        "properties": {
            "type": {"const": "about:blank"},
            "title": {"enum": [title for title, _ in PROBLEMS.values()]},
            "status": {"enum": list(PROBLEMS)},
            "detail": {"type": "string", "description": "What is wrong here, and how to mend it."},
            "instance": {"type": "string", "description": "The request's id, by which it is found in the logs."},
            "errors": {
                "type": "array",
                "minItems": 1,
                "items": _object(
                    pointer={
                        "type": "string",
                        "description": "JSON pointer (RFC 6901) to what is at fault: in the body, or a parameter or a "
                        "header by its name; empty for the whole request.",
                    },
                    detail={"type": "string"},
                ),
            },
        },
    }


def _problem(status: int) -> Part:
    title, description = PROBLEMS[status]
    example: Part = {"type": "about:blank", "title": title, "status": status, "detail": description.replace("`", "")}
    if status == 400:  # noqa: PLR2004 - the one that names fields of the body
        fault = {"pointer": "/amount", "detail": "must be greater than zero"}
        example |= {"detail": "/amount must be greater than zero", "errors": [fault]}
    response: Part = {
        "description": description,
        "content": {"application/problem+json": {"schema": schema("Problem"), "example": example}},
    }
    if status in _PASSING:
        response["headers"] = {"Retry-After": {"description": "Seconds to wait.", "schema": {"type": "integer"}}}
    return response
