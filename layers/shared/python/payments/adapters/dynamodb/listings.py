"""Listings over the table's lean indexes: a fixed number of queries for the ids, one batch read for the payments.

The indexes hold keys only: cheaper to write at every transition, and a listing shows each payment as it is now.
"""

from __future__ import annotations

from operator import attrgetter
from typing import TYPE_CHECKING, NamedTuple

from payments.adapters.backoff import attempts
from payments.adapters.dynamodb.page_tokens import Position, positions_in, token_for
from payments.adapters.dynamodb.payment_item import day_shard, from_item
from payments.domain.identifiers import SHARDS
from payments.ports import Page

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from mypy_boto3_dynamodb.client import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import QueryInputTypeDef

    from payments.domain.payment import Payment

_READ_ATTEMPTS = 6


class _Index(NamedTuple):
    name: str
    partition_key: str


_BY_CUSTOMER = _Index("by-customer", "customer_id")
_BY_DAY = _Index("by-day", "created_shard")


class _Row(NamedTuple):
    partition: str
    position: Position


class Listings:
    """Pages of payments, newest first."""

    def __init__(self, client: DynamoDBClient, table: str) -> None:
        self._client = client
        self._table = table

    def of_customer(self, customer_id: str, *, limit: int, next_token: str | None) -> Page:
        """Return the customer's payments: one query."""
        return self._page(_BY_CUSTOMER, [customer_id], limit, next_token)

    def created_on(self, day: date, *, limit: int, next_token: str | None) -> Page:
        """Return the day's payments: one query for each of eight shards, merged by time."""
        return self._page(_BY_DAY, [day_shard(day, shard) for shard in SHARDS], limit, next_token)

    def _page(self, index: _Index, partitions: Sequence[str], limit: int, next_token: str | None) -> Page:
        after = positions_in(next_token, index.name, partitions) if next_token else {}
        # One row more than asked for tells whether there is a next page.
        rows = [row for name in partitions for row in self._newest(index, name, after.get(name), limit + 1)]
        rows.sort(key=attrgetter("position.created_at"), reverse=True)
        shown = rows[:limit]
        left_at = after | {row.partition: row.position for row in shown}
        return Page(
            items=self._payments([row.position.payment_id for row in shown]),
            next_token=token_for(index.name, left_at) if len(rows) > limit else None,
        )

    def _newest(self, index: _Index, partition: str, after: Position | None, limit: int) -> list[_Row]:
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
            start = {index.partition_key: partition, "created_at": after.created_at, "payment_id": after.payment_id}
            query["ExclusiveStartKey"] = {name: {"S": text} for name, text in start.items()}
        items = self._client.query(**query)["Items"]
        return [_Row(partition, Position(item["created_at"]["S"], item["payment_id"]["S"])) for item in items]

    def _payments(self, payment_ids: Sequence[str]) -> tuple[Payment, ...]:
        """Return the payments in the order of ``payment_ids``; consistent, for the index may be ahead of a replica.

        Raises:
            TimeoutError: DynamoDB kept leaving some unread.
        """
        if not payment_ids:
            return ()
        found: dict[str, Payment] = {}
        unread = list(payment_ids)
        for _ in attempts(_READ_ATTEMPTS):
            keys = [{"payment_id": {"S": payment_id}} for payment_id in unread]
            answer = self._client.batch_get_item(RequestItems={self._table: {"Keys": keys, "ConsistentRead": True}})
            found |= {payment.payment_id: payment for payment in map(from_item, answer["Responses"][self._table])}
            unread = [key["payment_id"]["S"] for left in answer["UnprocessedKeys"].values() for key in left["Keys"]]
            if not unread:
                return tuple(found[payment_id] for payment_id in payment_ids if payment_id in found)
        raise TimeoutError(f"{self._table} is throttled: it left payments unread {_READ_ATTEMPTS} times; try again")
