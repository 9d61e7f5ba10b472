"""A payment as an item of the payments table, and back; the images in the table's stream have the same shape.

Attributes that only indexes and the processor's claim need are added here and nowhere else.
"""

from __future__ import annotations

from datetime import UTC
from decimal import Decimal
from typing import TYPE_CHECKING

from payments.adapters.dynamodb.approval_attributes import approval_attributes, approval_from
from payments.adapters.dynamodb.attributes import entry_attributes, entry_from
from payments.domain.identifiers import shard_of
from payments.domain.money import canonical_text
from payments.domain.payment import Claim, Payment, Processing, Status
from payments.domain.timestamps import parsed, rfc3339

if TYPE_CHECKING:
    from datetime import date

    from mypy_boto3_dynamodb.type_defs import AttributeValueTypeDef

    from payments.adapters.dynamodb.attributes import Item

MOVED_BY_TRANSITIONS = (
    "status",
    "updated_at",
    "version",
    "owner_token",
    "gateway_reference",
    "failure_code",
    "gateway_key",
    "lease_expires_at",
    "attempt",
    "first_claimed_at",
    "approval",
    "open_shard",
    "due_at",
    "batch_shard",
)
"""Attributes a transition sets, or removes where the new version has none; ``history`` grows beside them."""


def day_shard(day: date, shard: str) -> str:
    """Return the by-day index's partition of ``day`` (UTC) and ``shard``, such as ``2026-11-22#07``."""
    return f"{day.isoformat()}#{shard}"


def batch_shard(batch_id: str, shard: str) -> str:
    """Return the settled-by-batch index's partition of ``batch_id`` and ``shard``."""
    return f"{batch_id}#{shard}"


def to_item(payment: Payment) -> dict[str, AttributeValueTypeDef]:
    """Return ``payment`` as the table stores it; what is absent is left out, for an index key may not be empty."""
    created = payment.created_at.astimezone(UTC)
    texts = {
        "payment_id": payment.payment_id,
        "currency": payment.currency,
        "status": str(payment.status),
        "created_at": rfc3339(created),
        "updated_at": rfc3339(payment.updated_at),
        "created_shard": day_shard(created.date(), shard_of(payment.payment_id)),
        "request_hash": payment.request_hash,
        "owner_token": payment.owner_token,
        "customer_id": payment.customer_id,
        "description": payment.description,
        "batch_id": payment.batch_id,
        # Left out where it is the default, as every payment was stored before there was a choice.
        "processing": None if payment.processing is Processing.QUEUED else str(payment.processing),
        "gateway_reference": payment.gateway_reference,
        "failure_code": payment.failure_code,
    }
    item: dict[str, AttributeValueTypeDef] = {name: {"S": text} for name, text in texts.items() if text is not None}
    # DynamoDB keeps a number's value and not its trailing zeros; the currency tells how many there were.
    item["amount"] = {"N": f"{payment.amount.normalize():f}"}
    item["version"] = {"N": str(payment.version)}
    item["history"] = {"L": [{"M": entry_attributes(entry)} for entry in payment.history]}
    if payment.metadata:
        item["metadata"] = {"M": {name: {"S": text} for name, text in payment.metadata.items()}}
    if payment.approval:
        item["approval"] = {"M": approval_attributes(payment.approval)}
    return item | _batch_attributes(payment) | _claim_attributes(payment.claim) | _open_attributes(payment)


def is_payment(item: Item) -> bool:
    """Whether ``item`` is a payment; the same table keeps records of idempotency keys, which have no status."""
    return "status" in item


def from_item(item: Item) -> Payment:
    """Return the payment that ``item`` holds.

    Raises:
        KeyError: an attribute every payment has is missing.
        ValueError, ArithmeticError: an attribute holds what no writer of this package stores.
    """
    return Payment(
        payment_id=item["payment_id"]["S"],
        amount=Decimal(canonical_text(Decimal(item["amount"]["N"]), item["currency"]["S"])),
        currency=item["currency"]["S"],
        status=Status(item["status"]["S"]),
        created_at=parsed(item["created_at"]["S"]),
        updated_at=parsed(item["updated_at"]["S"]),
        request_hash=item["request_hash"]["S"],
        version=int(item["version"]["N"]),
        owner_token=item["owner_token"]["S"],
        history=tuple(entry_from(entry["M"]) for entry in item["history"]["L"]),
        customer_id=_text(item, "customer_id"),
        description=_text(item, "description"),
        metadata={name: text["S"] for name, text in item.get("metadata", {}).get("M", {}).items()},
        batch_id=_text(item, "batch_id"),
        batch_line=int(item["batch_line"]["N"]) if "batch_line" in item else None,
        processing=Processing(_text(item, "processing") or Processing.QUEUED),
        approval=approval_from(item["approval"]["M"]) if "approval" in item else None,
        gateway_reference=_text(item, "gateway_reference"),
        failure_code=_text(item, "failure_code"),
        claim=_claim(item),
        due_at=parsed(item["due_at"]["S"]) if "due_at" in item else None,
    )


def payment_in(image: Item | None) -> Payment | None:
    """Return the payment a stream record's image holds; None where there is no image or it is none of a payment.

    Raises:
        KeyError, ValueError, ArithmeticError: as :func:`from_item`.
    """
    return from_item(image) if image and is_payment(image) else None


def _text(item: Item, name: str) -> str | None:
    return item[name]["S"] if name in item else None


def _open_attributes(payment: Payment) -> dict[str, AttributeValueTypeDef]:
    """Return the open index's keys: present only while the payment is open, which is what keeps that index small."""
    if not payment.is_open or payment.due_at is None:
        return {}
    return {"open_shard": {"S": shard_of(payment.payment_id)}, "due_at": {"S": rfc3339(payment.due_at)}}


def _batch_attributes(payment: Payment) -> dict[str, AttributeValueTypeDef]:
    """Return the row's line, and the settled index's key: there from the settlement on, so that it is written once."""
    line: dict[str, AttributeValueTypeDef] = (
        {} if payment.batch_line is None else {"batch_line": {"N": str(payment.batch_line)}}
    )
    if payment.batch_id is None or payment.is_open:
        return line
    return {**line, "batch_shard": {"S": batch_shard(payment.batch_id, shard_of(payment.payment_id))}}


def _claim_attributes(claim: Claim | None) -> dict[str, AttributeValueTypeDef]:
    if claim is None:
        return {}
    return {
        "gateway_key": {"S": claim.gateway_key},
        "lease_expires_at": {"S": rfc3339(claim.lease_expires_at)},
        "attempt": {"N": str(claim.attempt)},
        "first_claimed_at": {"S": rfc3339(claim.first_claimed_at)},
    }


def _claim(item: Item) -> Claim | None:
    if "gateway_key" not in item:
        return None
    return Claim(
        gateway_key=item["gateway_key"]["S"],
        lease_expires_at=parsed(item["lease_expires_at"]["S"]),
        attempt=int(item["attempt"]["N"]),
        first_claimed_at=parsed(item["first_claimed_at"]["S"]),
    )
