"""Reading many payments for who can wait a moment: at half the price of a consistent read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from payments.adapters.dynamodb.many_items import items_under
from payments.adapters.dynamodb.payment_item import day_shard, from_item, is_payment
from payments.domain.identifiers import SHARDS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import date

    from mypy_boto3_dynamodb.client import DynamoDBClient

    from payments.domain.payment import Payment


class PaymentsInBulk:
    """A :class:`payments.ports.ManyPayments`; needs ``Query`` on the index ``by-day`` and ``BatchGetItem``."""

    def __init__(self, client: DynamoDBClient, table: str) -> None:
        self._client = client
        self._table = table

    def get_all(self, payment_ids: Iterable[str]) -> dict[str, Payment]:
        """Return those that there are. See :meth:`payments.ports.ManyPayments.get_all`."""
        return {payment.payment_id: payment for payment in self._read(payment_ids)}

    def created_on(self, day: date) -> Iterator[Payment]:
        """Yield the day's payments, shard by shard. See :meth:`payments.ports.ManyPayments.created_on`."""
        for shard in SHARDS:
            yield from self._read(self._ids_in(day_shard(day, shard)))

    def _ids_in(self, partition: str) -> Iterator[str]:
        pages = self._client.get_paginator("query").paginate(
            TableName=self._table,
            IndexName="by-day",
            KeyConditionExpression="created_shard = :partition",
            ExpressionAttributeValues={":partition": {"S": partition}},
        )
        yield from (item["payment_id"]["S"] for page in pages for item in page["Items"])

    def _read(self, payment_ids: Iterable[str]) -> Iterator[Payment]:
        keys = ({"payment_id": {"S": payment_id}} for payment_id in payment_ids)
        items = items_under(self._client, self._table, keys, consistent=False)
        yield from (from_item(item) for item in items if is_payment(item))
