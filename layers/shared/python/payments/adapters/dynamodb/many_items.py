"""Items read by the hundred, by their keys."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any

from payments.adapters.backoff import attempts
from payments.adapters.dynamodb.outcomes import busy_if_unread
from payments.domain.errors import StoreBusy

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from mypy_boto3_dynamodb.client import DynamoDBClient

    from payments.adapters.dynamodb.attributes import Item

    Key = Mapping[str, Any]

_LARGEST_READ = 100
_READ_ATTEMPTS = 6


def items_under(client: DynamoDBClient, table: str, keys: Iterable[Key], *, consistent: bool) -> Iterator[Item]:
    """Yield what ``table`` holds under ``keys``, each of which comes once, in no order; needs ``BatchGetItem``.

    Raises:
        StoreBusy: DynamoDB did not answer, or kept leaving some unread.
    """
    left = iter(keys)
    while chunk := list(islice(left, _LARGEST_READ)):
        yield from _items(client, table, chunk, consistent=consistent)


def _items(client: DynamoDBClient, table: str, keys: Sequence[Key], *, consistent: bool) -> Iterator[Item]:
    unread = keys
    for _ in attempts(_READ_ATTEMPTS):
        with busy_if_unread():
            answer = client.batch_get_item(RequestItems={table: {"Keys": unread, "ConsistentRead": consistent}})
        yield from answer["Responses"][table]
        unread = [key for rest in answer["UnprocessedKeys"].values() for key in rest["Keys"]]
        if not unread:
            return
    raise StoreBusy(f"{table} is throttled: it left items unread {_READ_ATTEMPTS} times")
