"""Finding what is open and past its deadline, through the sparse index that only open items are in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from payments.domain.identifiers import SHARDS
from payments.domain.timestamps import rfc3339

if TYPE_CHECKING:
    from datetime import datetime

    from mypy_boto3_dynamodb.client import DynamoDBClient


class OpenIndex:
    """A :class:`payments.ports.OverduePayments` or :class:`payments.ports.OverdueBatches`, by the table's ``key``.

    Needs ``dynamodb:Query`` on the index ``open-by-due`` and no more.
    """

    def __init__(self, client: DynamoDBClient, table: str, *, key: str) -> None:
        self._client = client
        self._table = table
        self._key = key

    def ids_due_before(self, moment: datetime, *, limit: int) -> list[str]:
        """Return overdue ids, oldest deadline first. See :meth:`payments.ports.OverduePayments.ids_due_before`."""
        due = [found for shard in SHARDS for found in self._due(shard, rfc3339(moment), limit)]
        return [item_id for _, item_id in sorted(due)]

    def _due(self, shard: str, before: str, limit: int) -> list[tuple[str, str]]:
        answer = self._client.query(
            TableName=self._table,
            IndexName="open-by-due",
            KeyConditionExpression="open_shard = :shard AND due_at < :before",
            ExpressionAttributeValues={":shard": {"S": shard}, ":before": {"S": before}},
            Limit=limit,
        )
        return [(item["due_at"]["S"], item[self._key]["S"]) for item in answer["Items"]]
