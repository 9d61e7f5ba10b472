"""The request to pay: its fields, declared once, from which the validation and the published schemas are made."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from payments.domain.errors import RequestRefused, Violation
from payments.domain.identifiers import PAYMENT_ID_PATTERN
from payments.domain.money import CURRENCY_EXPONENTS, DEFAULT_CURRENCY, AmountRefused, canonical_text, in_currency
from payments.domain.schema import PRINTABLE, Amount, Choice, Kind, Text, TextMap, unknown_fields
from payments.domain.strict_json import read_json

if TYPE_CHECKING:
    from collections.abc import Mapping
    from decimal import Decimal


@dataclass(frozen=True, kw_only=True)
class Field:
    """One field of the body: what it takes, and what it is for."""

    kind: Kind
    description: str
    required: bool = False
    default: str | None = None


FIELDS: dict[str, Field] = {
    "payment_id": Field(
        kind=Text(
            pattern=PAYMENT_ID_PATTERN,
            shape="1 to 64 ASCII letters, digits, hyphens and underscores, starting with a letter or digit",
            max_length=64,
        ),
        description="The payment's id. Left out, it follows from the Idempotency-Key or is drawn.",
    ),
    "customer_id": Field(
        kind=Text(
            pattern="[A-Za-z0-9][A-Za-z0-9_.:@+|-]{0,127}",
            shape="1 to 128 ASCII letters, digits and any of _ . : @ + | -, starting with a letter or digit",
            max_length=128,
        ),
        description="The paying customer, by which payments can be listed.",
    ),
    "amount": Field(
        kind=Amount(),
        required=True,
        description="Amount in the currency's major unit, above zero, with at most the currency's decimals (ISO 4217). "
        "A decimal string keeps every digit whatever JSON library sends it.",
    ),
    "currency": Field(
        kind=Choice(options=CURRENCY_EXPONENTS.keys(), shape="an active ISO 4217 code in capitals, such as EUR"),
        default=DEFAULT_CURRENCY,
        description="Active ISO 4217 code.",
    ),
    "description": Field(
        kind=Text(
            pattern=PRINTABLE,
            shape="1 to 500 characters without control characters or overrides of writing direction",
            max_length=500,
        ),
        description="What the payment is for. Kept in Unicode NFC. Never card numbers.",
    ),
    "metadata": Field(
        kind=TextMap(
            max_entries=20,
            name=Text(
                pattern="[A-Za-z0-9_.-]{1,40}",
                shape="1 to 40 ASCII letters, digits and any of _ . -",
                max_length=40,
            ),
            value=Text(
                pattern=PRINTABLE,
                shape="at most 500 characters without control characters or overrides of writing direction",
                min_length=0,
                max_length=500,
            ),
        ),
        description="Up to 20 texts of the client's own, by name. Kept in Unicode NFC. Never card numbers.",
    ),
}
"""The body of ``POST /payments``. Names are the attributes of :class:`PaymentRequest`."""


@dataclass(frozen=True, kw_only=True)
class PaymentRequest:
    """A request that keeps every rule. ``amount`` has exactly the decimals of ``currency``."""

    amount: Decimal
    currency: str = DEFAULT_CURRENCY
    payment_id: str | None = None
    customer_id: str | None = None
    description: str | None = None
    metadata: Mapping[str, str] = field(default_factory=dict)

    def canonical(self) -> str:
        """Return the one JSON text of all that was asked: defaults filled in, absent and empty fields left out."""
        said: dict[str, Any] = {**vars(self), "amount": canonical_text(self.amount, self.currency)}
        return json.dumps({name: value for name, value in said.items() if value}, sort_keys=True, separators=(",", ":"))

    @property
    def request_hash(self) -> str:
        """SHA-256 (hex) of :meth:`canonical`: equal for a replay, different for another request."""
        return hashlib.sha256(self.canonical().encode()).hexdigest()


def read_request(body: bytes | str) -> PaymentRequest:
    """Return the request that ``body``, as it came over the wire, holds.

    Raises:
        RequestRefused: ``body`` is no acceptable JSON (see :func:`~payments.domain.strict_json.read_json`) or breaks
            rules of the fields; all of them are named.
    """
    return checked_request(read_json(body))


def checked_request(body: object) -> PaymentRequest:
    """Return the request that ``body``, a value of :func:`~payments.domain.strict_json.read_json`, stands for.

    Raises:
        RequestRefused: with every rule that is broken.
    """
    if not isinstance(body, dict):
        raise RequestRefused([Violation("", "must be a JSON object")])
    violations = list(unknown_fields(body, FIELDS))
    values = {
        name: spec.kind.read(body.get(name, spec.default), f"/{name}", violations)
        for name, spec in FIELDS.items()
        if name in body or spec.default is not None
    }
    violations.extend(
        Violation(f"/{name}", "is required") for name, spec in FIELDS.items() if spec.required and name not in body
    )
    if values.get("amount") is not None and values["currency"]:
        try:
            values["amount"] = in_currency(values["amount"], values["currency"])
        except AmountRefused as error:
            violations.append(Violation("/amount", str(error)))
    if violations:
        raise RequestRefused(violations)
    return PaymentRequest(**values)


def json_schema() -> dict[str, Any]:
    """Return the full schema of the body: draft 2020-12, as OpenAPI 3.1 uses it.

    Beyond it go, because no schema can say them: the decimals of each currency, card numbers, duplicate names, the size
    of the body.
    """
    return {
        "type": "object",
        "required": [name for name, spec in FIELDS.items() if spec.required],
        "additionalProperties": False,
        "properties": {
            name: {
                **spec.kind.schema(),
                "description": spec.description,
                **({"default": spec.default} if spec.default is not None else {}),
            }
            for name, spec in FIELDS.items()
        },
    }


def gateway_model() -> dict[str, Any]:
    """Return the model for API Gateway: draft 4, and only that the body is an object.

    Everything else is left to :func:`checked_request`, which names the fields at fault; API Gateway would not.
    """
    return {
        "$schema": "http://json-schema.org/draft-04/schema#",
        "title": "PaymentRequest",
        "type": "object",
        "properties": {name: {"description": spec.description} for name, spec in FIELDS.items()},
    }
