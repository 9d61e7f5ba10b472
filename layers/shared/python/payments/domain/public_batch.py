"""What a batch shows to the outside, declared once: the rendering and its JSON Schema come from the same table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from payments.domain.batch import BatchStatus
from payments.domain.money import CURRENCY_EXPONENTS, canonical_text
from payments.domain.payment import OPEN_STATUSES, Status
from payments.domain.timestamps import rfc3339

if TYPE_CHECKING:
    from collections.abc import Callable

    from payments.domain.batch import Batch

    Attribute = tuple[Callable[[Batch], Any], dict[str, Any]]

_TIMESTAMP = {"type": "string", "format": "date-time"}
_COUNT = {"type": "integer", "minimum": 0}
_SETTLED = tuple(status for status in Status if status not in OPEN_STATUSES)


def _counts(batch: Batch) -> dict[str, int] | None:
    if batch.counts is None:
        return None
    rows = {name: getattr(batch.counts, name) for name in ("received", "accepted", "rejected")}
    if batch.is_dry_run:
        return rows
    settled = {str(status): batch.settled.get(status, 0) for status in _SETTLED}
    return {**rows, "open": batch.counts.accepted - sum(settled.values()), **settled}


def _totals(batch: Batch) -> list[dict[str, str]] | None:
    if batch.counts is None:
        return None
    return [
        {"currency": currency, "amount": canonical_text(total, currency)}
        for currency, total in sorted(batch.counts.totals.items())
    ]


_ATTRIBUTES: dict[str, Attribute] = {
    "batch_id": (lambda b: b.batch_id, {"type": "string"}),
    "status": (lambda b: str(b.status), {"type": "string", "enum": [str(status) for status in BatchStatus]}),
    "file": (lambda b: b.source.key, {"type": "string", "description": "The key of the uploaded object."}),
    "version": (lambda b: b.source.version, {"type": "string", "description": "The version of the uploaded object."}),
    "dry_run": (lambda b: b.is_dry_run, {"type": "boolean", "description": "Validated and reported on, not entered."}),
    "created_at": (lambda b: rfc3339(b.created_at), _TIMESTAMP),
    "updated_at": (lambda b: rfc3339(b.updated_at), _TIMESTAMP),
    "rows": (lambda b: b.rows, {**_COUNT, "description": "Rows in the file, once it was read."}),
    "counts": (
        _counts,
        {
            "type": "object",
            "required": ["received", "accepted", "rejected"],
            "additionalProperties": False,
            "properties": dict.fromkeys(("received", "accepted", "rejected", "open", *map(str, _SETTLED)), _COUNT),
            "description": "What the rows came to, once all were read: `received` is `accepted` and `rejected` "
            "together; where payments were entered, `accepted` is `open` and what follows it, as last counted.",
        },
    ),
    "totals": (
        _totals,
        {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["currency", "amount"],
                "additionalProperties": False,
                "properties": {
                    "currency": {"type": "string", "enum": sorted(CURRENCY_EXPONENTS)},
                    "amount": {"type": "string", "pattern": r"^[0-9]+(\.[0-9]+)?$"},
                },
            },
            "description": "Sum of the accepted rows in each currency.",
        },
    ),
    "rejected_file": (
        lambda b: b.rejected_key,
        {"type": "string", "description": "The key of the report on the rejected rows, in the same bucket."},
    ),
    "reason": (lambda b: b.reason, {"type": "string", "description": "Why the batch failed."}),
}
_ALWAYS_PRESENT = ("batch_id", "status", "file", "version", "dry_run", "created_at", "updated_at")


def public_batch(batch: Batch) -> dict[str, Any]:
    """Return the public attributes of ``batch``, JSON-ready; those without a value are left out."""
    shown = {name: show(batch) for name, (show, _) in _ATTRIBUTES.items()}
    return {name: value for name, value in shown.items() if value is not None}


def batch_schema() -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) of what :func:`public_batch` returns."""
    return {
        "type": "object",
        "required": list(_ALWAYS_PRESENT),
        "additionalProperties": False,
        "properties": {name: dict(schema) for name, (_, schema) in _ATTRIBUTES.items()},
    }


def batch_notice(batch: Batch) -> dict[str, Any]:
    """Return what the back office is told of ``batch``: its event, and what it shows."""
    return {"event": f"batch.{batch.status}", **public_batch(batch)}
