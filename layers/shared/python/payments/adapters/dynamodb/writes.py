"""The writes this package makes, each under a condition that is named here with its reason.

Every one asks for what it met (``ALL_OLD``): the SDK sends a request again when its answer was lost, so a conditional
write can meet its own first try and must be able to tell.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from payments.adapters.dynamodb import batch_item
from payments.adapters.dynamodb.attributes import entry_attributes
from payments.adapters.dynamodb.payment_item import MOVED_BY_TRANSITIONS, to_item

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime, timedelta

    from mypy_boto3_dynamodb.type_defs import AttributeValueTypeDef, PutTypeDef, UpdateTypeDef

    from payments.domain.batch import Batch
    from payments.domain.payment import Payment

# A put replaces silently, so only an id that nothing has yet may be added. A key record whose time is over counts as
# nothing, for DynamoDB removes it up to days late; payments have no such time, so none is ever replaced this way.
IS_FREE = "attribute_not_exists(payment_id) OR expires_at <= :now"

# A key record is only ever replaced as it was met: by then its id may be another payment's.
IS_UNCHANGED = "expires_at = :seen"

# Naming the version that is replaced lets one of two writers win. It also fails where there is no item, so that an
# update can never create a payment out of nothing.
REPLACES_VERSION = "#version = :replaced_version"

# Audit events are never altered. The partition key stands for the whole item, version included.
IS_UNRECORDED = "attribute_not_exists(payment_id)"

# A batch is registered once; who registers it again is told what became of it.
IS_UNREGISTERED = "attribute_not_exists(batch_id)"


def addition(table: str, item: Mapping[str, AttributeValueTypeDef], *, now: datetime) -> PutTypeDef:
    """Return the put of a payment or key record that may only be added."""
    return {
        "TableName": table,
        "Item": item,
        "ConditionExpression": IS_FREE,
        "ExpressionAttributeValues": {":now": {"N": str(int(now.timestamp()))}},
        "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
    }


def prolongation(table: str, key_record: Mapping[str, Any], *, by: timedelta) -> dict[str, Any]:
    """Return the put that lets ``key_record`` expire later, unless something else has happened to it."""
    seen = int(key_record["expires_at"]["N"])
    return {
        "TableName": table,
        "Item": {
            **key_record,
            "expires_at": {"N": str(seen + int(by.total_seconds()))},
            "kept_for_file": {"BOOL": True},
        },
        "ConditionExpression": IS_UNCHANGED,
        "ExpressionAttributeValues": {":seen": {"N": str(seen)}},
        "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
    }


def replacement(table: str, payment: Payment) -> UpdateTypeDef:
    """Return the update that makes the version before ``payment`` into ``payment``, its history grown by one entry."""
    entry: AttributeValueTypeDef = {"L": [{"M": entry_attributes(payment.history[-1])}]}
    return _next_version(
        table,
        to_item(payment),
        key="payment_id",
        moved=MOVED_BY_TRANSITIONS,
        grown={"history": entry},
        version=payment.version,
    )


def registration(table: str, batch: Batch) -> PutTypeDef:
    """Return the put of a batch that may only be added."""
    return {
        "TableName": table,
        "Item": batch_item.to_item(batch),
        "ConditionExpression": IS_UNREGISTERED,
        "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
    }


def batch_replacement(table: str, batch: Batch) -> UpdateTypeDef:
    """Return the update that makes the version before ``batch`` into ``batch``."""
    return _next_version(
        table,
        batch_item.to_item(batch),
        key="batch_id",
        moved=batch_item.MOVED_BY_TRANSITIONS,
        grown={},
        version=batch.version,
    )


def _next_version(
    table: str,
    item: Mapping[str, AttributeValueTypeDef],
    *,
    key: str,
    moved: Sequence[str],
    grown: Mapping[str, AttributeValueTypeDef],
    version: int,
) -> UpdateTypeDef:
    """Return the update to ``version``: sets or removes what is ``moved``, and appends to the lists in ``grown``."""
    kept = {name: item[name] for name in moved if name in item}
    gone = [name for name in moved if name not in item]
    sets = [*(f"#{name} = :{name}" for name in kept), *(f"#{name} = list_append(#{name}, :{name})" for name in grown)]
    removes = f" REMOVE {', '.join(f'#{name}' for name in gone)}" if gone else ""
    return {
        "TableName": table,
        "Key": {key: item[key]},
        "UpdateExpression": f"SET {', '.join(sets)}{removes}",
        "ConditionExpression": REPLACES_VERSION,
        "ExpressionAttributeNames": {f"#{name}": name for name in (*moved, *grown)},
        "ExpressionAttributeValues": {
            **{f":{name}": value for name, value in {**kept, **grown}.items()},
            ":replaced_version": {"N": str(version - 1)},
        },
        "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
    }
