"""A batch as an item of the batches table, and back. Attributes that only indexes need are added here."""

from __future__ import annotations

from datetime import UTC
from decimal import Decimal
from typing import TYPE_CHECKING

from payments.domain.batch import Batch, BatchObject, BatchStatus, RowCounts
from payments.domain.identifiers import shard_of
from payments.domain.payment import Status
from payments.domain.timestamps import parsed, rfc3339

if TYPE_CHECKING:
    from datetime import date

    from mypy_boto3_dynamodb.type_defs import AttributeValueTypeDef

    from payments.adapters.dynamodb.attributes import Item

MOVED_BY_TRANSITIONS = (
    "status",
    "begun_at",
    "updated_at",
    "version",
    "owner_token",
    "rows",
    "counts",
    "settled",
    "rejected_key",
    "reason",
    "open_shard",
    "due_at",
)
"""Attributes a transition sets, or removes where the new version has none."""


def day_partition(day: date) -> str:
    """Return the by-day index's partition of ``day`` (UTC): one is enough, for batches are files."""
    return day.isoformat()


def to_item(batch: Batch) -> dict[str, AttributeValueTypeDef]:
    """Return ``batch`` as the table stores it; what is absent is left out."""
    created = batch.created_at.astimezone(UTC)
    texts = {
        "batch_id": batch.batch_id,
        "bucket": batch.source.bucket,
        "key": batch.source.key,
        "object_version": batch.source.version,
        "status": str(batch.status),
        "created_at": rfc3339(created),
        "begun_at": rfc3339(batch.begun_at),
        "updated_at": rfc3339(batch.updated_at),
        "created_day": day_partition(created.date()),
        "owner_token": batch.owner_token,
        "rejected_key": batch.rejected_key,
        "reason": batch.reason,
    }
    item: dict[str, AttributeValueTypeDef] = {name: {"S": text} for name, text in texts.items() if text is not None}
    item["version"] = {"N": str(batch.version)}
    if batch.rows is not None:
        item["rows"] = {"N": str(batch.rows)}
    if batch.counts is not None:
        item["counts"] = {"M": _counts_attributes(batch.counts)}
    if batch.settled:
        item["settled"] = {"M": {str(status): {"N": str(count)} for status, count in batch.settled.items()}}
    if batch.due_at is not None:
        item |= {"open_shard": {"S": shard_of(batch.batch_id)}, "due_at": {"S": rfc3339(batch.due_at)}}
    return item


def from_item(item: Item) -> Batch:
    """Return the batch that ``item`` holds.

    Raises:
        KeyError: an attribute every batch has is missing.
        ValueError, ArithmeticError: an attribute holds what no writer of this package stores.
    """
    return Batch(
        batch_id=item["batch_id"]["S"],
        source=BatchObject(bucket=item["bucket"]["S"], key=item["key"]["S"], version=item["object_version"]["S"]),
        status=BatchStatus(item["status"]["S"]),
        created_at=parsed(item["created_at"]["S"]),
        begun_at=parsed(item.get("begun_at", item["created_at"])["S"]),  # those stored before there was one lack it
        updated_at=parsed(item["updated_at"]["S"]),
        version=int(item["version"]["N"]),
        owner_token=item["owner_token"]["S"],
        rows=int(item["rows"]["N"]) if "rows" in item else None,
        counts=_counts(item["counts"]["M"]) if "counts" in item else None,
        settled={Status(name): int(count["N"]) for name, count in item.get("settled", {}).get("M", {}).items()},
        rejected_key=item["rejected_key"]["S"] if "rejected_key" in item else None,
        reason=item["reason"]["S"] if "reason" in item else None,
        due_at=parsed(item["due_at"]["S"]) if "due_at" in item else None,
    )


def _counts_attributes(counts: RowCounts) -> dict[str, AttributeValueTypeDef]:
    return {
        "received": {"N": str(counts.received)},
        "accepted": {"N": str(counts.accepted)},
        "rejected": {"N": str(counts.rejected)},
        # As text: a number would lose its trailing zeros, and a total may have more digits than DynamoDB keeps.
        "totals": {"M": {currency: {"S": f"{total:f}"} for currency, total in counts.totals.items()}},
    }


def _counts(attributes: Item) -> RowCounts:
    return RowCounts(
        received=int(attributes["received"]["N"]),
        accepted=int(attributes["accepted"]["N"]),
        rejected=int(attributes["rejected"]["N"]),
        totals={currency: Decimal(total["S"]) for currency, total in attributes["totals"]["M"].items()},
    )
