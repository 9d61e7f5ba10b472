"""The body of ``POST /approvals/{token}``: its fields, declared once, as those of the request to pay are."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from payments.domain.errors import RequestRefused
from payments.domain.fields import Field, gateway_model_of, object_schema, read_fields
from payments.domain.schema import PRINTABLE, Choice, Text
from payments.domain.strict_json import read_json

if TYPE_CHECKING:
    from collections.abc import Mapping


class Decision(StrEnum):
    """What a person can say to a payment that waits for approval."""

    APPROVE = "approve"
    REFUSE = "refuse"


FIELDS: Mapping[str, Field] = {
    "decision": Field(
        kind=Choice(options=tuple(map(str, Decision)), shape="approve or refuse"),
        required=True,
        description="Approved, the payment is charged; refused, it fails and never is.",
    ),
    "actor": Field(
        kind=Text(
            pattern=PRINTABLE,
            shape="1 to 100 characters without control characters or overrides of writing direction",
            max_length=100,
        ),
        required=True,
        description="Who decides; the payment's audit trail keeps it.",
    ),
    "reason": Field(
        kind=Text(
            pattern=PRINTABLE,
            shape="1 to 500 characters without control characters or overrides of writing direction",
            max_length=500,
        ),
        description="Why; the payment's audit trail keeps it. Never card numbers.",
    ),
}


@dataclass(frozen=True, kw_only=True)
class DecisionRequest:
    """A decision that keeps every rule of its fields."""

    decision: Decision
    actor: str
    reason: str | None = None

    @property
    def grants(self) -> bool:
        """Whether the payment may be charged."""
        return self.decision is Decision.APPROVE


def read_decision(body: bytes | str) -> DecisionRequest:
    """Return the decision that ``body``, as it came over the wire, holds.

    Raises:
        RequestRefused: ``body`` is no acceptable JSON (see :func:`~payments.domain.strict_json.read_json`) or breaks
            rules of the fields; all of them are named.
    """
    values, violations = read_fields(read_json(body), FIELDS)
    if violations:
        raise RequestRefused(violations)
    return DecisionRequest(**{**values, "decision": Decision(values["decision"])})


def decision_schema() -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) of the body; that card numbers are refused goes beyond what it can say."""
    return object_schema(FIELDS)


def gateway_model() -> dict[str, Any]:
    """Return the model for API Gateway, which leaves all but the body's form to :func:`read_decision`."""
    return gateway_model_of(FIELDS, title="DecisionRequest")
