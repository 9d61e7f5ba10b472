"""The payments table: one conditional write for each step, and its own repeat recognised."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from payments.adapters.dynamodb import key_records
from payments.adapters.dynamodb.listings import ListingIndex, Listings
from payments.adapters.dynamodb.outcomes import (
    THROTTLED,
    busy_if_throttled,
    busy_if_unread,
    despite_conflicts,
    found_by_transaction,
    found_instead,
)
from payments.adapters.dynamodb.payment_item import day_shard, from_item, is_payment, to_item
from payments.adapters.dynamodb.writes import addition, replacement
from payments.domain.errors import IdempotencyConflict, PaymentIdTaken, PaymentNotFound, VersionConflict
from payments.domain.identifiers import SHARDS
from payments.ports import Page

if TYPE_CHECKING:
    from datetime import date

    from mypy_boto3_dynamodb.client import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import PutTypeDef

    from payments.adapters.dynamodb.attributes import Item
    from payments.domain.payment import Payment
    from payments.ports import KeyRecord

_BY_CUSTOMER = ListingIndex("by-customer", "customer_id")
_BY_DAY = ListingIndex("by-day", "created_shard")


class PaymentsTable:
    """A :class:`payments.ports.PaymentStore` in DynamoDB.

    Reading needs ``dynamodb:GetItem``; listing ``Query`` on the indexes and ``BatchGetItem``; creating ``PutItem``, for
    transactions ask for nothing more; advancing ``UpdateItem``, so that whoever only advances can't add payments.
    """

    def __init__(self, client: DynamoDBClient, table: str) -> None:
        self._client = client
        self._table = table
        self._listings = Listings(client, table, key="payment_id", read=from_item)

    def get(self, payment_id: str) -> Payment:
        """Return the payment, strongly consistent. See :meth:`payments.ports.PaymentReader.get`."""
        key = {"payment_id": {"S": payment_id}}
        with busy_if_unread():
            item = self._client.get_item(TableName=self._table, Key=key, ConsistentRead=True).get("Item", {})
        if not is_payment(item):
            raise PaymentNotFound(payment_id)
        return from_item(item)

    def list_of_customer(self, customer_id: str, *, limit: int, next_token: str | None) -> Page:
        """Return the customer's payments: one query. See :meth:`payments.ports.PaymentReader.list_of_customer`."""
        return Page(*self._listings.page(_BY_CUSTOMER, [customer_id], limit=limit, next_token=next_token))

    def list_created_on(self, day: date, *, limit: int, next_token: str | None) -> Page:
        """Return the day's payments: a query a shard. See :meth:`payments.ports.PaymentReader.list_created_on`."""
        partitions = [day_shard(day, shard) for shard in SHARDS]
        return Page(*self._listings.page(_BY_DAY, partitions, limit=limit, next_token=next_token))

    def create(self, payment: Payment, *, key_record: KeyRecord | None = None) -> Payment:
        """Add ``payment`` or return what its id holds already. See :meth:`payments.ports.PaymentStore.create`.

        The idempotency key is judged before the payment id. A key record whose time is over counts as absent. What a
        lost first try of this call wrote is found like any replay's payment: it is this one, owner token and all.
        """
        with busy_if_throttled():
            found = self._put(payment) if key_record is None else self._put_with_key(payment, key_record)
        if not found:
            return payment
        if not is_payment(found):
            raise PaymentIdTaken(payment.payment_id)
        stored = from_item(found)
        if stored.request_hash != payment.request_hash:
            raise PaymentIdTaken(payment.payment_id)
        return stored

    def advance(self, payment: Payment) -> None:
        """Replace the version before ``payment``. See :meth:`payments.ports.PaymentStore.advance`."""
        try:
            with busy_if_throttled():
                despite_conflicts(partial(self._client.update_item, **replacement(self._table, payment)))
        except ClientError as error:
            found = found_instead(error)
            stored = from_item(found) if is_payment(found) else None
            if stored is None or not _is_same_write(stored, payment):
                raise VersionConflict(payment.payment_id, payment.version - 1, stored) from None

    def _put(self, payment: Payment) -> Item:
        """Write ``payment``; return what its id holds already, nothing when it was free."""
        put = addition(self._table, to_item(payment), now=payment.created_at)
        try:
            despite_conflicts(partial(self._client.put_item, **put), passing=THROTTLED)
        except ClientError as error:
            found = found_instead(error)
            if not is_payment(found):
                raise IdempotencyConflict from None
            return found
        return {}

    def _put_with_key(self, payment: Payment, key_record: KeyRecord) -> Item:
        """Write ``payment`` and its key record in one transaction; return what the id holds already, or nothing."""
        put = addition(self._table, to_item(payment), now=payment.created_at)
        record = addition(self._table, key_records.to_item(key_record, payment), now=payment.created_at)
        try:
            despite_conflicts(
                partial(
                    self._client.transact_write_items,
                    TransactItems=[{"Put": record}, {"Put": put}],
                    ClientRequestToken=key_records.request_token(self._table, payment.owner_token),
                ),
                passing=THROTTLED,
            )
        except ClientError as error:
            found_record, found = found_by_transaction(error)
            key_records.check(found_record, key_record.request_hash)
            # A key without its payment can't be, for they are written together; a lasting conflict can look like it.
            if not found:
                raise
            if not found_record and found["request_hash"]["S"] == payment.request_hash:
                self._remember_key(record, key_record)
            return found
        return {}

    def _remember_key(self, record: PutTypeDef, key_record: KeyRecord) -> None:
        """Bind the key of a replay whose payment first came without it, so that it can't lead elsewhere later."""
        try:
            despite_conflicts(partial(self._client.put_item, **record))
        except ClientError as error:
            key_records.check(found_instead(error), key_record.request_hash)


def _is_same_write(stored: Payment, payment: Payment) -> bool:
    return (stored.version, stored.owner_token, stored.status) == (
        payment.version,
        payment.owner_token,
        payment.status,
    )
