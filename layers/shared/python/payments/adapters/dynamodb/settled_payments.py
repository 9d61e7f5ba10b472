"""Counting a batch's payments where they stand, through the sparse index that only settled ones are in."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from itertools import repeat
from typing import TYPE_CHECKING

from payments.adapters.dynamodb.outcomes import busy_if_unread
from payments.adapters.dynamodb.payment_item import batch_shard
from payments.domain.identifiers import SHARDS
from payments.domain.payment import OPEN_STATUSES, Status

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient

_NOT_OPEN = tuple(status for status in Status if status not in OPEN_STATUSES)


class SettledPaymentsIndex:
    """A :class:`payments.ports.SettledPayments`; needs ``dynamodb:Query`` on the index ``settled-by-batch``.

    The index follows the table by moments, so a count may be behind.
    """

    def __init__(self, client: DynamoDBClient, table: str) -> None:
        self._pages = client.get_paginator("query")
        self._table = table

    def counts_of(self, batch_id: str) -> dict[Status, int]:
        """Return how many stand at each status. See :meth:`payments.ports.SettledPayments.counts_of`."""
        # A page counts a mebibyte of keys, and they follow each other: the shards of a long batch are read at once.
        partitions = [batch_shard(batch_id, shard) for shard in SHARDS]
        with ThreadPoolExecutor(max_workers=len(SHARDS)) as pool:
            return {status: sum(pool.map(self._count, partitions, repeat(status))) for status in _NOT_OPEN}

    def _count(self, partition: str, status: Status) -> int:
        pages = self._pages.paginate(
            TableName=self._table,
            IndexName="settled-by-batch",
            KeyConditionExpression="batch_shard = :partition AND #status = :status",
            ExpressionAttributeNames={"#status": "status"},
            ExpressionAttributeValues={":partition": {"S": partition}, ":status": {"S": str(status)}},
            Select="COUNT",
        )
        with busy_if_unread():
            return sum(page["Count"] for page in pages)
