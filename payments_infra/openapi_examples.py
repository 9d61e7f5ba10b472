"""Examples in the API's description. The tests hold each to its schema."""

from __future__ import annotations

from typing import Any

Example = dict[str, Any]

REQUESTS: dict[str, Example] = {
    "smallest": {"summary": "As little as can be; the currency is USD", "value": {"amount": "10.00"}},
    "whole": {
        "summary": "All that can be said",
        "value": {
            "payment_id": "order-4711",
            "customer_id": "ada",
            "amount": "12.34",
            "currency": "EUR",
            "description": "Two books",
            "metadata": {"basket": "b-77"},
            "processing": "queued",
        },
    },
    "orchestrated": {
        "summary": "A high amount, which a person must approve before it is charged",
        "value": {"payment_id": "order-4712", "amount": "25000.00", "currency": "EUR", "processing": "orchestrated"},
    },
}

ACCEPTED: Example = {
    "payment_id": "order-4711",
    "customer_id": "ada",
    "amount": "12.34",
    "currency": "EUR",
    "status": "accepted",
    "version": 1,
    "created_at": "2026-11-22T03:36:42.123Z",
    "updated_at": "2026-11-22T03:36:42.123Z",
    "description": "Two books",
    "metadata": {"basket": "b-77"},
    "processing": "queued",
}

SETTLED: Example = {
    **ACCEPTED,
    "status": "succeeded",
    "version": 3,
    "updated_at": "2026-11-22T03:36:43.456Z",
    "gateway_reference": "ch_1f0c2d",
}

DECISIONS: dict[str, Example] = {
    "approve": {
        "summary": "Let the payment be charged",
        "value": {"decision": "approve", "actor": "ada", "reason": "called the customer"},
    },
    "refuse": {"summary": "Let the payment fail, uncharged", "value": {"decision": "refuse", "actor": "ada"}},
}

APPROVED: Example = {
    "payment_id": "order-4712",
    "amount": "25000.00",
    "currency": "EUR",
    "status": "accepted",
    "version": 3,
    "created_at": "2026-11-22T03:36:42.123Z",
    "updated_at": "2026-11-22T04:12:07.890Z",
    "processing": "orchestrated",
    "approval": "granted",
}

PAGE: Example = {"items": [SETTLED], "next_token": None}

EVENTS: Example = {
    "items": [
        {
            "event_id": "order-4711#1",
            "version": 1,
            "status": "accepted",
            "at": "2026-11-22T03:36:42.123Z",
            "actor": "api",
            "reason": "accepted over the API",
        },
        {
            "event_id": "order-4711#2",
            "version": 2,
            "status": "processing",
            "at": "2026-11-22T03:36:43.001Z",
            "actor": "processor",
            "reason": "attempt 1",
        },
        {
            "event_id": "order-4711#3",
            "version": 3,
            "status": "succeeded",
            "at": "2026-11-22T03:36:43.456Z",
            "actor": "processor",
            "reason": "approved by the gateway",
        },
    ]
}

NOTIFICATION: Example = {
    "type": "payment.succeeded",
    "timestamp": "2026-11-22T03:36:43.456Z",
    "data": SETTLED,
}
