"""The writes this package makes, each under a condition that is named here with its reason.

Every one asks for what it met (``ALL_OLD``): the SDK sends a request again when its answer was lost, so a conditional
write can meet its own first try and must be able to tell.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from payments.adapters.dynamodb.attributes import entry_attributes
from payments.adapters.dynamodb.payment_item import MOVED_BY_TRANSITIONS, to_item

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from mypy_boto3_dynamodb.type_defs import AttributeValueTypeDef, PutTypeDef, UpdateTypeDef

    from payments.domain.payment import Payment

# A put replaces silently, so only an id that nothing has yet may be added. A key record whose time is over counts as
# nothing, for DynamoDB removes it up to days late; payments have no such time, so none is ever replaced this way.
IS_FREE = "attribute_not_exists(payment_id) OR expires_at <= :now"

# Naming the version that is replaced lets one of two writers win. It also fails where there is no item, so that an
# update can never create a payment out of nothing.
REPLACES_VERSION = "#version = :replaced_version"

# Audit events are never altered. The partition key stands for the whole item, version included.
IS_UNRECORDED = "attribute_not_exists(payment_id)"


def addition(table: str, item: Mapping[str, AttributeValueTypeDef], *, now: datetime) -> PutTypeDef:
    """Return the put of a payment or key record that may only be added."""
    return {
        "TableName": table,
        "Item": item,
        "ConditionExpression": IS_FREE,
        "ExpressionAttributeValues": {":now": {"N": str(int(now.timestamp()))}},
        "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
    }


def replacement(table: str, payment: Payment) -> UpdateTypeDef:
    """Return the update that makes the version before ``payment`` into ``payment``, its history grown by one entry."""
    item = to_item(payment)
    kept = [name for name in MOVED_BY_TRANSITIONS if name in item]
    gone = [name for name in MOVED_BY_TRANSITIONS if name not in item]
    sets = [*(f"#{name} = :{name}" for name in kept), "#history = list_append(#history, :entry)"]
    removes = f" REMOVE {', '.join(f'#{name}' for name in gone)}" if gone else ""
    return {
        "TableName": table,
        "Key": {"payment_id": item["payment_id"]},
        "UpdateExpression": f"SET {', '.join(sets)}{removes}",
        "ConditionExpression": REPLACES_VERSION,
        "ExpressionAttributeNames": {f"#{name}": name for name in (*MOVED_BY_TRANSITIONS, "history")},
        "ExpressionAttributeValues": {
            **{f":{name}": item[name] for name in kept},
            ":entry": {"L": [{"M": entry_attributes(payment.history[-1])}]},
            ":replaced_version": {"N": str(payment.version - 1)},
        },
        "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
    }
