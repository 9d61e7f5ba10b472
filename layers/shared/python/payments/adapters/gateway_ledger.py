"""The simulated gateway's ledger in a DynamoDB table: one item per reference (payment id) and idempotency key.

It plays somebody else's books, apart from all that the product stores, so it can count what the product did.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING
from uuid import uuid4

from botocore.exceptions import ClientError

from payments.adapters.dynamodb.many_items import items_under
from payments.adapters.dynamodb.outcomes import found_instead
from payments.adapters.dynamodb.payment_item import day_shard
from payments.domain.identifiers import SHARDS, shard_of
from payments.domain.timestamps import parsed, rfc3339
from payments.ports import Charge, LedgerEntry

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mypy_boto3_dynamodb.client import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import AttributeValueTypeDef

    from payments.adapters.dynamodb.attributes import Item

# Only the first attempt makes the line; every later one meets it.
IS_FIRST_ATTEMPT = "attribute_not_exists(first_attempt)"

# A key charges once: what stands is never written over.
IS_UNCHARGED = "attribute_not_exists(approved)"

_SHORTEST = timedelta(milliseconds=1)
"""What times are kept to."""


class DynamoDbLedger:
    """A :class:`payments.adapters.gateway_simulator.Ledger`.

    Charging needs ``PutItem`` and ``UpdateItem``, looking charges up ``Query``, and listing them ``Query`` on the index
    ``by-day`` and ``BatchGetItem``.
    """

    def __init__(self, client: DynamoDBClient, table: str) -> None:
        self._client = client
        self._table = table

    def begin(self, *, reference: str, idempotency_key: str) -> bool:
        """Note an attempt; return whether it is the first, also when its answer was lost and it was sent again."""
        attempt = str(uuid4())
        try:
            self._client.put_item(
                TableName=self._table,
                Item={**_key(reference, idempotency_key), "first_attempt": {"S": attempt}},
                ConditionExpression=IS_FIRST_ATTEMPT,
                ReturnValuesOnConditionCheckFailure="ALL_OLD",
            )
        except ClientError as error:
            return bool(found_instead(error)["first_attempt"]["S"] == attempt)
        return True

    def record(self, charge: Charge, *, reference: str, idempotency_key: str, at: datetime) -> Charge:
        """Write ``charge``, made at ``at``, unless one stands; return the one that stands."""
        charged = _attributes(charge) | _time_attributes(at.astimezone(UTC), reference)
        try:
            self._client.update_item(
                TableName=self._table,
                Key=_key(reference, idempotency_key),
                UpdateExpression="SET " + ", ".join(f"#{name} = :{name}" for name in charged),
                ConditionExpression=IS_UNCHARGED,
                ExpressionAttributeNames={f"#{name}": name for name in charged},
                ExpressionAttributeValues={f":{name}": value for name, value in charged.items()},
                ReturnValuesOnConditionCheckFailure="ALL_OLD",
            )
        except ClientError as error:
            return _charge(found_instead(error))
        return charge

    def charges_of(self, reference: str) -> list[Charge]:
        """Return every charge written for ``reference``."""
        pages = self._client.get_paginator("query").paginate(
            TableName=self._table,
            KeyConditionExpression="#reference = :reference",
            FilterExpression="attribute_exists(approved)",
            ExpressionAttributeNames={"#reference": "reference"},
            ExpressionAttributeValues={":reference": {"S": reference}},
            ConsistentRead=True,
        )
        return [_charge(item) for page in pages for item in page["Items"]]

    def charges_between(self, start: datetime, end: datetime) -> Iterator[LedgerEntry]:
        """Yield every charge written from ``start`` on and before ``end``, shard by shard."""
        last = end - _SHORTEST
        for day in _days(start.astimezone(UTC).date(), last.astimezone(UTC).date()):
            for shard in SHARDS:
                keys = self._keys_in(day_shard(day, shard), rfc3339(start), rfc3339(last))
                yield from map(_entry, items_under(self._client, self._table, keys, consistent=True))

    def _keys_in(self, partition: str, first: str, last: str) -> Iterator[dict[str, AttributeValueTypeDef]]:
        pages = self._client.get_paginator("query").paginate(
            TableName=self._table,
            IndexName="by-day",
            KeyConditionExpression="charged_shard = :partition AND charged_at BETWEEN :first AND :last",
            ExpressionAttributeValues={
                ":partition": {"S": partition},
                ":first": {"S": first},
                ":last": {"S": last},
            },
        )
        for page in pages:
            yield from (_key(item["reference"]["S"], item["idempotency_key"]["S"]) for item in page["Items"])


def _key(reference: str, idempotency_key: str) -> dict[str, AttributeValueTypeDef]:
    return {"reference": {"S": reference}, "idempotency_key": {"S": idempotency_key}}


def _attributes(charge: Charge) -> dict[str, AttributeValueTypeDef]:
    attributes: dict[str, AttributeValueTypeDef] = {
        "approved": {"BOOL": charge.approved},
        "charge_id": {"S": charge.reference},
        "amount": {"N": format(charge.amount, "f")},
        "currency": {"S": charge.currency},
    }
    return attributes | ({"decline_code": {"S": charge.decline_code}} if charge.decline_code else {})


def _time_attributes(at: datetime, reference: str) -> dict[str, AttributeValueTypeDef]:
    return {"charged_at": {"S": rfc3339(at)}, "charged_shard": {"S": day_shard(at.date(), shard_of(reference))}}


def _days(first: date, last: date) -> Iterator[date]:
    return (first + timedelta(days=number) for number in range((last - first).days + 1))


def _entry(item: Item) -> LedgerEntry:
    return LedgerEntry(
        payment_id=item["reference"]["S"], charge=_charge(item), charged_at=parsed(item["charged_at"]["S"])
    )


def _charge(item: Item) -> Charge:
    return Charge(
        approved=item["approved"]["BOOL"],
        reference=item["charge_id"]["S"],
        amount=Decimal(item["amount"]["N"]),
        currency=item["currency"]["S"],
        decline_code=item["decline_code"]["S"] if "decline_code" in item else None,
    )
