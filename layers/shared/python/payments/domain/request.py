"""The request to pay: its fields, declared once, from which the validation and the published schemas are made."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from payments.domain.errors import RequestRefused, Violation
from payments.domain.fields import Field, gateway_model_of, object_schema, read_fields
from payments.domain.identifiers import PAYMENT_ID_PATTERN
from payments.domain.money import CURRENCY_EXPONENTS, DEFAULT_CURRENCY, AmountRefused, canonical_text, in_currency
from payments.domain.payment import Processing
from payments.domain.schema import PRINTABLE, Amount, Choice, Text, TextMap
from payments.domain.strict_json import read_json

if TYPE_CHECKING:
    from collections.abc import Mapping
    from decimal import Decimal

# Made once: json.dumps makes one at every call, and files have millions of rows.
_JSON = json.JSONEncoder(sort_keys=True, separators=(",", ":"))

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
    "processing": Field(
        kind=Choice(options=tuple(map(str, Processing)), shape="queued or orchestrated"),
        default=str(Processing.QUEUED),
        description="Who brings the payment to its end: the queue, or a workflow that has a person approve amounts "
        "above a limit. Either way it is charged once.",
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
    processing: Processing = Processing.QUEUED

    def canonical(self) -> str:
        """Return the one JSON text of all that was asked: defaults filled in, absent and empty fields left out.

        A request for the queue does not name it: its text, and so its hash, is older than the choice.
        """
        said: dict[str, Any] = {**vars(self), "amount": canonical_text(self.amount, self.currency)}
        if self.processing is Processing.QUEUED:
            del said["processing"]
        return _JSON.encode({name: value for name, value in said.items() if value})

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
    values, violations = read_fields(body, FIELDS)
    if values.get("amount") is not None and values["currency"]:
        try:
            values["amount"] = in_currency(values["amount"], values["currency"])
        except AmountRefused as error:
            violations.append(Violation("/amount", str(error)))
    if violations:
        raise RequestRefused(violations)
    return PaymentRequest(**{**values, "processing": Processing(values["processing"])})


def json_schema() -> dict[str, Any]:
    """Return the full schema of the body: draft 2020-12, as OpenAPI 3.1 uses it.

    Beyond it go, because no schema can say them: the decimals of each currency, card numbers, duplicate names, the size
    of the body.
    """
    return object_schema(FIELDS)


def gateway_model() -> dict[str, Any]:
    """Return the model for API Gateway, which leaves all but the body's form to :func:`checked_request`."""
    return gateway_model_of(FIELDS, title="PaymentRequest")
