"""Finding what is open and past its deadline, through the sparse index that only open items are in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from payments.domain.identifiers import SHARDS
from payments.domain.timestamps import rfc3339

if TYPE_CHECKING:
    from datetime import datetime

    from mypy_boto3_dynamodb.client import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import PaginatorConfigTypeDef


class OpenIndex:
    """A :class:`payments.ports.OverduePayments` or :class:`payments.ports.OverdueBatches`, by the table's ``key``.

    Needs ``dynamodb:Query`` on the index ``open-by-due`` and no more.
    """

    def __init__(self, client: DynamoDBClient, table: str, *, key: str) -> None:
        self._pages = client.get_paginator("query")
        self._table = table
        self._key = key

    def ids_due_before(self, moment: datetime, *, limit: int | None = None) -> list[str]:
        """Return overdue ids, oldest deadline first, at most ``limit`` per shard; None is no limit.

        See :meth:`payments.ports.OverduePayments.ids_due_before`, and of batches
        :meth:`payments.ports.OverdueBatches.ids_due_before`.
        """
        bounds: PaginatorConfigTypeDef = {"MaxItems": limit, "PageSize": limit} if limit else {}
        due = [found for shard in SHARDS for found in self._due(shard, rfc3339(moment), bounds)]
        return [item_id for _, item_id in sorted(due)]

    def _due(self, shard: str, before: str, bounds: PaginatorConfigTypeDef) -> list[tuple[str, str]]:
        pages = self._pages.paginate(
            TableName=self._table,
            IndexName="open-by-due",
            KeyConditionExpression="open_shard = :shard AND due_at < :before",
            ExpressionAttributeValues={":shard": {"S": shard}, ":before": {"S": before}},
            PaginationConfig=bounds,
        )
        return [(item["due_at"]["S"], item[self._key]["S"]) for page in pages for item in page["Items"]]
