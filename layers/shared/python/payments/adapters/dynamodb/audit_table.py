"""The append-only audit table: one item per change, keyed by payment and version."""

from __future__ import annotations

from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from payments.adapters.dynamodb.attributes import entry_attributes, entry_from
from payments.adapters.dynamodb.outcomes import busy_if_throttled, busy_if_unread, found_instead
from payments.adapters.dynamodb.writes import IS_UNRECORDED
from payments.domain.audit import AuditEvent
from payments.domain.errors import HistoryMismatch

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient


class AuditTable:
    """An :class:`payments.ports.AuditLog`, which needs ``dynamodb:PutItem``, and its ``AuditTrail``: ``Query``."""

    def __init__(self, client: DynamoDBClient, table: str) -> None:
        self._client = client
        self._table = table

    def append(self, event: AuditEvent) -> None:
        """Add ``event``; the same event again changes nothing. See :meth:`payments.ports.AuditLog.append`."""
        item = {
            "payment_id": {"S": event.payment_id},
            "event_id": {"S": event.event_id},
            **entry_attributes(event.entry),
        }
        try:
            with busy_if_throttled():
                self._client.put_item(
                    TableName=self._table,
                    Item=item,
                    ConditionExpression=IS_UNRECORDED,
                    ReturnValuesOnConditionCheckFailure="ALL_OLD",
                )
        except ClientError as error:
            recorded = entry_from(found_instead(error))
            if recorded.hash != event.entry.hash:
                raise HistoryMismatch(
                    f"audit event {event.event_id} is recorded with hash {recorded.hash}, "
                    f"and the payment's history now says {event.entry.hash}: one of the two was altered"
                ) from None

    def events_of(self, payment_id: str) -> list[AuditEvent]:
        """Return the payment's events in order. See :meth:`payments.ports.AuditTrail.events_of`."""
        pages = self._client.get_paginator("query").paginate(
            TableName=self._table,
            KeyConditionExpression="payment_id = :payment_id",
            ExpressionAttributeValues={":payment_id": {"S": payment_id}},
            ConsistentRead=True,
        )
        with busy_if_unread():
            items = [item for page in pages for item in page["Items"]]
        return [AuditEvent(payment_id=payment_id, entry=entry_from(item)) for item in items]
