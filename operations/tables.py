"""The audit table and the payments table, read whole or in part, whatever somebody may have written into them."""

from collections.abc import Iterator
from datetime import date
from itertools import groupby
from typing import TYPE_CHECKING

from operations.chain import Recorded, Unreadable
from operations.environment import Environment
from payments.adapters.dynamodb.attributes import Item, entry_from
from payments.adapters.dynamodb.payment_item import day_shard, from_item, is_payment
from payments.domain.identifiers import SHARDS
from payments.domain.payment import Payment

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient

Trail = tuple[str, list[Recorded]]
"""A payment's id and its events, in the order of their versions."""


class AuditTrails:
    """The audit table of one environment; needs ``dynamodb:Query`` and, to read all of it, ``Scan``."""

    def __init__(self, environment: Environment) -> None:
        self._client: DynamoDBClient = environment.client("dynamodb")
        self._table = environment.name("audit")

    def of(self, payment_id: str) -> list[Recorded]:
        """Return the payment's events as they are now."""
        pages = self._client.get_paginator("query").paginate(
            TableName=self._table,
            KeyConditionExpression="payment_id = :payment_id",
            ExpressionAttributeValues={":payment_id": {"S": payment_id}},
            ConsistentRead=True,
        )
        return [_recorded(item) for page in pages for item in page["Items"]]

    def all(self) -> Iterator[Trail]:
        """Yield every payment's events, read one page after the other.

        What changes meanwhile may be seen in part; read a trail that looks wrong once more by :meth:`of`.
        """
        pages = self._client.get_paginator("scan").paginate(TableName=self._table, ConsistentRead=True)
        items = (item for page in pages for item in page["Items"])
        # A payment's events lie together, in the order of their sort key.
        for payment_id, group in groupby(items, key=lambda item: item["payment_id"]["S"]):
            yield payment_id, [_recorded(item) for item in group]


class Payments:
    """The payments table of one environment; needs ``dynamodb:GetItem``, ``Query`` on by-day, and ``Scan``."""

    def __init__(self, environment: Environment) -> None:
        self._client: DynamoDBClient = environment.client("dynamodb")
        self._table = environment.name("payments")

    def get(self, payment_id: str) -> Payment | None:
        """Return the payment as it is now; None where there is none.

        Raises:
            KeyError, ValueError, ArithmeticError: the item holds what no writer of the pipeline stores.
        """
        key = {"payment_id": {"S": payment_id}}
        item = self._client.get_item(TableName=self._table, Key=key, ConsistentRead=True).get("Item", {})
        return from_item(item) if is_payment(item) else None

    def ids_created_on(self, day: date) -> Iterator[str]:
        """Yield the ids of the payments created on ``day`` (UTC)."""
        for shard in SHARDS:
            pages = self._client.get_paginator("query").paginate(
                TableName=self._table,
                IndexName="by-day",
                KeyConditionExpression="created_shard = :shard",
                ExpressionAttributeValues={":shard": {"S": day_shard(day, shard)}},
            )
            yield from (item["payment_id"]["S"] for page in pages for item in page["Items"])

    def ids(self) -> Iterator[str]:
        """Yield the id of every payment."""
        pages = self._client.get_paginator("scan").paginate(
            TableName=self._table,
            ProjectionExpression="payment_id",
            FilterExpression="attribute_exists(#status)",
            ExpressionAttributeNames={"#status": "status"},
        )
        yield from (item["payment_id"]["S"] for page in pages for item in page["Items"])


def _recorded(item: Item) -> Recorded:
    version = int(item["version"]["N"])
    try:
        entry = entry_from(item)
    except (KeyError, ValueError) as error:
        return Unreadable(version, f"it can't be read: {error!r}")
    named = item.get("event_id", {}).get("S")
    if named != f"{item['payment_id']['S']}#{version}":
        return Unreadable(version, f"it is named {named}")
    return entry
