"""Idempotency keys of requests that name their payment id themselves: one more item of the payments table.

The record has no status, so the stream's readers and every listing pass it by, and it expires by TTL.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from payments.domain.errors import IdempotencyConflict

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import AttributeValueTypeDef

    from payments.adapters.dynamodb.attributes import Item
    from payments.domain.payment import Payment
    from payments.ports import KeyRecord


_LONGEST_REQUEST_TOKEN = 36


def to_item(key_record: KeyRecord, payment: Payment) -> dict[str, AttributeValueTypeDef]:
    """Return the item that binds the key to ``payment``; ``expires_at`` is in whole seconds, as TTL wants it."""
    return {
        "payment_id": {"S": key_record.record_id},
        "request_hash": {"S": key_record.request_hash},
        "owner": {"S": payment.payment_id},
        "owner_token": {"S": payment.owner_token},
        "expires_at": {"N": str(int(key_record.expires_at.timestamp()))},
    }


def check(found: Item, request_hash: str) -> None:
    """Let pass what was left by a request like this one: a key record, a payment derived from the key, or nothing.

    Raises:
        IdempotencyConflict: ``found`` has another request hash.
    """
    if found and found["request_hash"]["S"] != request_hash:
        raise IdempotencyConflict


def request_token(table: str, owner_token: str) -> str:
    """Return the token by which DynamoDB recognises a repeat of one writer's transaction for ten minutes."""
    return hashlib.sha256(f"{table} {owner_token}".encode()).hexdigest()[:_LONGEST_REQUEST_TOKEN]
