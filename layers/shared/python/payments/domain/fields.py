"""Bodies of requests as tables of fields: each declared once, for the validation and for the JSON Schema alike."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from payments.domain.errors import RequestRefused, Violation
from payments.domain.schema import Kind, unknown_fields

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, kw_only=True)
class Field:
    """One field of a body: what it takes, and what it is for."""

    kind: Kind
    description: str
    required: bool = False
    default: str | None = None


def read_fields(body: object, fields: Mapping[str, Field]) -> tuple[dict[str, Any], list[Violation]]:
    """Return what ``body`` says of ``fields``, defaults filled in, beside every rule that is broken.

    Values at fault are in the result too, in whatever form they were read.

    Raises:
        RequestRefused: ``body`` is no JSON object.
    """
    if not isinstance(body, dict):
        raise RequestRefused([Violation("", "must be a JSON object")])
    violations = list(unknown_fields(body, fields))
    values = {
        name: spec.kind.read(body.get(name, spec.default), f"/{name}", violations)
        for name, spec in fields.items()
        if name in body or spec.default is not None
    }
    violations.extend(
        Violation(f"/{name}", "is required") for name, spec in fields.items() if spec.required and name not in body
    )
    return values, violations


def object_schema(fields: Mapping[str, Field]) -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) of a body with ``fields`` and no others."""
    return {
        "type": "object",
        "required": [name for name, spec in fields.items() if spec.required],
        "additionalProperties": False,
        "properties": {
            name: {
                **spec.kind.schema(),
                "description": spec.description,
                **({"default": spec.default} if spec.default is not None else {}),
            }
            for name, spec in fields.items()
        },
    }


def gateway_model_of(fields: Mapping[str, Field], *, title: str) -> dict[str, Any]:
    """Return the model for API Gateway: draft 4, and only that the body is an object.

    Everything else is left to the handler, which names the fields at fault; API Gateway would not.
    """
    return {
        "$schema": "http://json-schema.org/draft-04/schema#",
        "title": title,
        "type": "object",
        "properties": {name: {"description": spec.description} for name, spec in fields.items()},
    }
