"""The API's description (OpenAPI 3.1), made of the definitions that validate requests and render answers."""

from __future__ import annotations

import json
from typing import Any

from payments_infra import openapi_examples as examples
from payments_infra.openapi_batches import batch_paths
from payments_infra.openapi_components import components, json_answer, leads_to, parameter, problems, schema

Part = dict[str, Any]


def openapi_text() -> str:
    """Return the description as it is kept in ``openapi.json``."""
    return json.dumps(openapi_document(), indent=2, ensure_ascii=False) + "\n"


def openapi_document() -> Part:
    """Return the description as an OpenAPI 3.1 object."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Payments",
            "version": "1.0.0",
            "description": "Takes payments in, brings each to its end exactly once, and shows what became of it. "
            "Amounts are exact decimals in the currency's major unit. Every error is a problem document (RFC 9457).",
        },
        "servers": [
            {
                "url": "https://{api_id}.execute-api.{region}.amazonaws.com/{stage}",
                "variables": {
                    "api_id": {"default": "api", "description": "The API's id, part of the output `api_url`."},
                    "region": {"default": "us-east-1"},
                    "stage": {"default": "dev", "description": "The environment's suffix."},
                },
            }
        ],
        "security": [{"ApiKey": []}],
        "paths": _paths(),
        "webhooks": {"payment": {"post": _webhook()}},
        "components": components(),
    }


def _paths() -> Part:
    return {
        "/payments": {"post": _accept(), "get": _list()},
        "/payments/{payment_id}": {
            "parameters": [parameter("payment_id")],
            "get": {
                "operationId": "getPayment",
                "summary": "A payment as it is now",
                "responses": {"200": json_answer("The payment.", "Payment", examples.SETTLED), **problems(404)},
            },
        },
        "/payments/{payment_id}/events": {
            "parameters": [parameter("payment_id")],
            "get": {
                "operationId": "getPaymentEvents",
                "summary": "The payment's audit trail: one event for each change, in order",
                "responses": {"200": json_answer("The trail.", "EventList", examples.EVENTS), **problems(404)},
            },
        },
        **batch_paths(),
        "/approvals/{token}": {"parameters": [parameter("approval_token")], "post": _decide()},
    }


def _decide() -> Part:
    return {
        "operationId": "decideApproval",
        "summary": "Approve or refuse an orchestrated payment that waits for it",
        "description": "The first decision stands; the same one again is answered alike. A token is worthless once "
        "another was given out for the payment.",
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": schema("DecisionRequest"), "examples": examples.DECISIONS}},
        },
        "responses": {
            "200": json_answer("The payment, decided.", "Payment", examples.APPROVED),
            **problems(400, 404, 409, 413, 415),
        },
    }


def _accept() -> Part:
    accepted = json_answer("Accepted; what becomes of it is told by the payment itself.", "Payment", examples.ACCEPTED)
    accepted["headers"] = {
        "Location": {
            "description": "Where the payment is, relative to this request's address.",
            "schema": {"type": "string", "format": "uri-reference"},
        },
        "Idempotent-Replayed": {
            "description": "Present where an earlier request had asked the same; this is its answer again.",
            "schema": {"const": "true"},
        },
    }
    accepted["links"] = leads_to("getPayment", "getPaymentEvents", payment_id="/payment_id")
    return {
        "operationId": "createPayment",
        "summary": "Take a payment in, once",
        "parameters": [parameter("idempotency_key")],
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": schema("PaymentRequest"), "examples": examples.REQUESTS}},
        },
        "responses": {"202": accepted, **problems(400, 409, 413, 415, 422)},
    }


def _list() -> Part:
    page = json_answer("A page.", "PaymentPage", examples.PAGE)
    page["links"] = leads_to("getPayment", "getPaymentEvents", payment_id="/items/0/payment_id")
    return {
        "operationId": "listPayments",
        "summary": "Payments of a customer or of a day, newest first",
        "description": "Name either `customer_id` or `created_on`.",
        "parameters": [parameter(name) for name in ("customer_id", "created_on", "limit", "next_token")],
        "responses": {"200": page, **problems(400)},
    }


def _webhook() -> Part:
    return {
        "summary": "What customers are told when a payment comes to its end or waits for a person",
        "description": "Signed after the Standard Webhooks specification and delivered at least once. Answer with 2xx; "
        "drop repeats by `webhook-id`.",
        "security": [],
        "parameters": [parameter(name) for name in ("webhook_id", "webhook_timestamp", "webhook_signature")],
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": schema("Notification"), "example": examples.NOTIFICATION}},
        },
        "responses": {"2XX": {"description": "Taken."}},
    }
