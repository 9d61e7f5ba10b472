"""The batches table: one conditional write for each step of a batch, and its own repeat recognised."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from payments.adapters.dynamodb.batch_item import day_partition, from_item
from payments.adapters.dynamodb.listings import ListingIndex, Listings
from payments.adapters.dynamodb.outcomes import busy_if_throttled, busy_if_unread, despite_conflicts, found_instead
from payments.adapters.dynamodb.writes import batch_replacement, registration
from payments.domain.errors import BatchConflict, BatchNotFound
from payments.ports import BatchPage

if TYPE_CHECKING:
    from datetime import date

    from mypy_boto3_dynamodb.client import DynamoDBClient

    from payments.domain.batch import Batch

_BY_DAY = ListingIndex("by-day", "created_day")


class BatchesTable:
    """A :class:`payments.ports.BatchStore` in DynamoDB.

    Reading needs ``dynamodb:GetItem``; listing ``Query`` on the index ``by-day`` and ``BatchGetItem``; creating
    ``PutItem``; advancing ``UpdateItem``, so that whoever only advances can't add batches.
    """

    def __init__(self, client: DynamoDBClient, table: str) -> None:
        self._client = client
        self._table = table
        self._listings = Listings(client, table, key="batch_id", read=from_item)

    def get(self, batch_id: str) -> Batch:
        """Return the batch, strongly consistent. See :meth:`payments.ports.BatchReader.get`."""
        key = {"batch_id": {"S": batch_id}}
        with busy_if_unread():
            item = self._client.get_item(TableName=self._table, Key=key, ConsistentRead=True).get("Item")
        if not item:
            raise BatchNotFound(batch_id)
        return from_item(item)

    def list_created_on(self, day: date, *, limit: int, next_token: str | None) -> BatchPage:
        """Return the day's batches: one query. See :meth:`payments.ports.BatchReader.list_created_on`."""
        return BatchPage(*self._listings.page(_BY_DAY, [day_partition(day)], limit=limit, next_token=next_token))

    def create(self, batch: Batch) -> Batch:
        """Add ``batch`` or return what its id holds already. See :meth:`payments.ports.BatchStore.create`."""
        try:
            with busy_if_throttled():
                despite_conflicts(partial(self._client.put_item, **registration(self._table, batch)))
        except ClientError as error:
            return from_item(found_instead(error))
        return batch

    def advance(self, batch: Batch) -> None:
        """Replace the version before ``batch``. See :meth:`payments.ports.BatchStore.advance`."""
        try:
            with busy_if_throttled():
                despite_conflicts(partial(self._client.update_item, **batch_replacement(self._table, batch)))
        except ClientError as error:
            found = found_instead(error)
            stored = from_item(found) if found else None
            if stored is None or not _is_same_write(stored, batch):
                at = f"version {stored.version}" if stored else "nothing"
                raise BatchConflict(
                    f"batch {batch.batch_id}: expected version {batch.version - 1}, found {at}"
                ) from None


def _is_same_write(stored: Batch, batch: Batch) -> bool:
    return (stored.version, stored.owner_token, stored.status) == (batch.version, batch.owner_token, batch.status)
