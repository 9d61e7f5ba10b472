"""Listings over a table's lean indexes: a fixed number of queries for the ids, one batch read for the items.

The indexes hold keys only: cheaper to write at every transition, and a listing shows each item as it is now.
"""

from __future__ import annotations

from operator import attrgetter
from typing import TYPE_CHECKING, Generic, NamedTuple, TypeVar

from payments.adapters.dynamodb.many_items import items_under
from payments.adapters.dynamodb.outcomes import busy_if_unread
from payments.adapters.dynamodb.page_tokens import Position, positions_in, token_for

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from mypy_boto3_dynamodb.client import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import QueryInputTypeDef

    from payments.adapters.dynamodb.attributes import Item

Listed = TypeVar("Listed")


class ListingIndex(NamedTuple):
    """An index whose sort key is ``created_at``."""

    name: str
    partition_key: str


class _Row(NamedTuple):
    partition: str
    position: Position


class Listings(Generic[Listed]):
    """Pages of what a table holds under ``key``, newest first; ``read`` makes an item what it stands for."""

    def __init__(self, client: DynamoDBClient, table: str, *, key: str, read: Callable[[Item], Listed]) -> None:
        self._client = client
        self._table = table
        self._key = key
        self._read = read

    def page(
        self, index: ListingIndex, partitions: Sequence[str], *, limit: int, next_token: str | None
    ) -> tuple[tuple[Listed, ...], str | None]:
        """Return the newest in ``partitions``, merged by time: a query for each; and what continues after them.

        Raises:
            RequestRefused: ``next_token`` was not issued for this listing.
            StoreBusy: DynamoDB was too busy to tell all of them.
        """
        after = positions_in(next_token, index.name, partitions) if next_token else {}
        # One row more than asked for tells whether there is a next page.
        rows = [row for name in partitions for row in self._newest(index, name, after.get(name), limit + 1)]
        rows.sort(key=attrgetter("position.created_at"), reverse=True)
        shown = rows[:limit]
        left_at = after | {row.partition: row.position for row in shown}
        return (
            self._items([row.position.item_id for row in shown]),
            token_for(index.name, left_at) if len(rows) > limit else None,
        )

    def _newest(self, index: ListingIndex, partition: str, after: Position | None, limit: int) -> list[_Row]:
        query: QueryInputTypeDef = {
            "TableName": self._table,
            "IndexName": index.name,
            "KeyConditionExpression": "#partition = :partition",
            "ExpressionAttributeNames": {"#partition": index.partition_key},
            "ExpressionAttributeValues": {":partition": {"S": partition}},
            "ScanIndexForward": False,
            "Limit": limit,
        }
        if after:
            start = {index.partition_key: partition, "created_at": after.created_at, self._key: after.item_id}
            query["ExclusiveStartKey"] = {name: {"S": text} for name, text in start.items()}
        with busy_if_unread():
            items = self._client.query(**query)["Items"]
        return [_Row(partition, Position(item["created_at"]["S"], item[self._key]["S"])) for item in items]

    def _items(self, ids: Sequence[str]) -> tuple[Listed, ...]:
        """Return the items in the order of ``ids``; consistent, for the index may be ahead of a replica."""
        keys = [{self._key: {"S": item_id}} for item_id in ids]
        items = items_under(self._client, self._table, keys, consistent=True)
        found = {item[self._key]["S"]: self._read(item) for item in items}
        return tuple(found[item_id] for item_id in ids if item_id in found)
