"""Adding many payments at once: transactions of a hundred conditional puts, and again without those that were there."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from payments.adapters.dynamodb.lanes import MOST_LANES, Lanes
from payments.adapters.dynamodb.outcomes import (
    THROTTLED,
    despite_conflicts,
    found_by_transaction,
    found_instead,
    is_throttled,
)
from payments.adapters.dynamodb.payment_item import from_item, is_payment, to_item
from payments.adapters.dynamodb.writes import addition, prolongation

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from concurrent.futures import Future

    from mypy_boto3_dynamodb.client import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import TransactWriteItemTypeDef

    from payments.adapters.dynamodb.attributes import Item
    from payments.domain.payment import Payment

LARGEST_TRANSACTION = 100
"""Items one transaction may write; a row of a batch file is far below its share of the 4 MB."""

_TRIES, _LONGEST_PAUSE_SECONDS = 60, 8
"""Tries of a transaction that meets others or a busy table, over some four minutes; then its range is read again.

A table paid by request takes as little as 2,000 rows a second when it is new, an index 1,000 of one customer, and
ranges offer far more. Giving up early might not end: a range that is read again pays again for each row it has entered.
"""

_LONGEST_RUNS = timedelta(days=30)
"""Executions over one file begin within days of each other, and one can be redriven for two weeks."""

_BUSY = THROTTLED | {"TransactionInProgressException"}


class TransactedIntake:
    """A :class:`payments.ports.PaymentIntake`; needs ``dynamodb:PutItem``, for transactions ask for nothing more.

    ``client`` may leave the looking at types to DynamoDB: what is written here has one shape.
    """

    def __init__(self, client: DynamoDBClient, table: str) -> None:
        self._client = client
        self._table = table
        self._lanes = Lanes()
        self._pool = ThreadPoolExecutor(max_workers=MOST_LANES)
        self._begun: set[Future[list[Payment | None]]] = set()

    def create_all(self, payments: Sequence[Payment]) -> Iterator[Payment | None]:
        """Begin to add those whose id is new. See :meth:`payments.ports.PaymentIntake.create_all`.

        Raises:
            ClientError: DynamoDB refused, or stayed too busy; what was added until then stays, and is found again.
        """
        return self._told(
            [
                self._begin(payments[start : start + LARGEST_TRANSACTION])
                for start in range(0, len(payments), LARGEST_TRANSACTION)
            ]
        )

    def _begin(self, part: Sequence[Payment]) -> Future[list[Payment | None]]:
        begun = self._pool.submit(self._create_part, part)
        self._begun.add(begun)
        begun.add_done_callback(self._begun.discard)
        return begun

    def _told(self, parts: Sequence[Future[list[Payment | None]]]) -> Iterator[Payment | None]:
        try:
            for part in parts:
                yield from part.result()
        except ClientError:
            # The range will be read again: what has not begun would only stand in the way of that.
            for waiting in tuple(self._begun):
                waiting.cancel()
            raise

    def _create_part(self, payments: Sequence[Payment]) -> list[Payment | None]:
        """Add what is free: a transaction that meets one payment writes none, and is made again without what it met."""
        met: dict[str, Item] = {}
        while left := [payment for payment in payments if payment.payment_id not in met]:
            found = self._put_all(left)
            if not found:
                break
            met |= {payment_id: lasting for payment_id, item in found.items() if (lasting := self._lasting(item))}
        return [_stored(payment, met.get(payment.payment_id)) for payment in payments]

    def _lasting(self, item: Item) -> Item:
        """Return what holds the id of ``item`` for as long as any run over a file may last; empty where it is free now.

        A payment stays. A key record could expire between two runs over one file: one would reject the row, the other
        enter it. So whoever meets one first makes it last.
        """
        if is_payment(item) or "kept_for_file" in item:
            return item
        try:
            despite_conflicts(partial(self._client.put_item, **prolongation(self._table, item, by=_LONGEST_RUNS)))
        except ClientError as error:
            return found_instead(error)
        return item

    def _put_all(self, payments: Sequence[Payment]) -> dict[str, Item]:
        """Write ``payments``, all or none; return what holds ids of theirs already, nothing where all are written."""
        puts: list[TransactWriteItemTypeDef] = [
            {"Put": addition(self._table, to_item(payment), now=payment.created_at)} for payment in payments
        ]
        try:
            # One that pauses keeps its lane: to send others meanwhile would ask a busy table for no less.
            with self._lanes.one():
                despite_conflicts(
                    partial(self._transact, puts),
                    tries=_TRIES,
                    longest_pause_seconds=_LONGEST_PAUSE_SECONDS,
                    passing=_BUSY,
                )
        except ClientError as error:
            found = zip(payments, found_by_transaction(error), strict=True)
            met = {payment.payment_id: item for payment, item in found if item}
            # Nothing was written: to name nothing that stood in the way would call every row entered.
            if not met:
                raise
            return met
        return {}

    def _transact(self, puts: Sequence[TransactWriteItemTypeDef]) -> None:
        try:
            self._client.transact_write_items(TransactItems=puts)
        except ClientError as error:
            if is_throttled(error):
                self._lanes.halve()
            raise
        self._lanes.went_through()


def _stored(payment: Payment, met: Item | None) -> Payment | None:
    if met is None:
        return payment
    if not is_payment(met):
        return None
    return payment if met["owner_token"]["S"] == payment.owner_token else from_item(met)
