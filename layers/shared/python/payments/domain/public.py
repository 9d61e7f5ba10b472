"""What a payment shows to the outside, declared once: the rendering and its JSON Schema come from the same table.

Claims, task tokens, idempotency keys, request hashes, owner tokens and the hash chain stay inside: the table has none.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from payments.domain.approval import ApprovalState
from payments.domain.money import CURRENCY_EXPONENTS, canonical_text
from payments.domain.payment import Processing, Status
from payments.domain.timestamps import rfc3339

if TYPE_CHECKING:
    from collections.abc import Callable

    from payments.domain.audit import AuditEvent
    from payments.domain.payment import Payment

    Attribute = tuple[Callable[[Payment], Any], dict[str, Any]]

_TIMESTAMP = {"type": "string", "format": "date-time"}
_OPTIONAL_TEXT = {"type": "string"}

_ATTRIBUTES: dict[str, Attribute] = {
    "payment_id": (lambda p: p.payment_id, {"type": "string"}),
    "customer_id": (lambda p: p.customer_id, _OPTIONAL_TEXT),
    "amount": (
        lambda p: canonical_text(p.amount, p.currency),
        {
            "type": "string",
            "pattern": r"^[0-9]+(\.[0-9]+)?$",
            "description": "Exact decimal in the currency's major unit, with all of its decimals, such as `10.00`.",
        },
    ),
    "currency": (lambda p: p.currency, {"type": "string", "enum": sorted(CURRENCY_EXPONENTS)}),
    "status": (lambda p: str(p.status), {"type": "string", "enum": [str(status) for status in Status]}),
    "version": (lambda p: p.version, {"type": "integer", "minimum": 1}),
    "created_at": (lambda p: rfc3339(p.created_at), _TIMESTAMP),
    "updated_at": (lambda p: rfc3339(p.updated_at), _TIMESTAMP),
    "batch_id": (lambda p: p.batch_id, _OPTIONAL_TEXT),
    "batch_line": (
        lambda p: p.batch_line,
        {"type": "integer", "minimum": 2, "description": "The line of the batch's file, where the header is line 1."},
    ),
    "description": (lambda p: p.description, _OPTIONAL_TEXT),
    "metadata": (
        lambda p: dict(p.metadata) or None,
        {"type": "object", "additionalProperties": {"type": "string"}},
    ),
    "processing": (
        lambda p: str(p.processing),
        {"type": "string", "enum": [str(each) for each in Processing], "description": "Who brings it to its end."},
    ),
    "approval": (
        lambda p: str(p.approval.state) if p.approval else None,
        {
            "type": "string",
            "enum": [str(state) for state in ApprovalState],
            "description": "How far the approval has come, where the payment needs one before it may be charged.",
        },
    ),
    "gateway_reference": (
        lambda p: p.gateway_reference,
        {"type": "string", "description": "What the payment gateway calls the charge."},
    ),
    "failure_code": (
        lambda p: p.failure_code,
        {
            "type": "string",
            "description": "Why the payment was declined or failed: the gateway's word, or `approval_refused`, "
            "`approval_timed_out` or `validation_failed`.",
        },
    ),
}
_ALWAYS_PRESENT = ("payment_id", "amount", "currency", "status", "version", "created_at", "updated_at", "processing")

_EVENT_SCHEMAS: dict[str, dict[str, Any]] = {
    "event_id": {"type": "string"},
    "version": {"type": "integer", "minimum": 1},
    "status": {"type": "string", "enum": [str(status) for status in Status]},
    "at": _TIMESTAMP,
    "actor": {"type": "string"},
    "reason": {"type": "string"},
}


def public_payment(payment: Payment) -> dict[str, Any]:
    """Return the public attributes of ``payment``, JSON-ready; those without a value are left out."""
    shown = {name: show(payment) for name, (show, _) in _ATTRIBUTES.items()}
    return {name: value for name, value in shown.items() if value is not None}


def payment_schema() -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) of what :func:`public_payment` returns."""
    return {
        "type": "object",
        "required": list(_ALWAYS_PRESENT),
        "additionalProperties": False,
        "properties": {name: dict(schema) for name, (_, schema) in _ATTRIBUTES.items()},
    }


def public_event(event: AuditEvent) -> dict[str, Any]:
    """Return the public attributes of one audit event, JSON-ready."""
    return {
        "event_id": event.event_id,
        "version": event.entry.version,
        "status": event.entry.status,
        "at": rfc3339(event.entry.at),
        "actor": event.entry.actor,
        "reason": event.entry.reason,
    }


def event_schema() -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) of what :func:`public_event` returns."""
    return {
        "type": "object",
        "required": list(_EVENT_SCHEMAS),
        "additionalProperties": False,
        "properties": {name: dict(schema) for name, schema in _EVENT_SCHEMAS.items()},
    }
