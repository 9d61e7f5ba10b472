"""Records of the payments table's stream, read once more from the first to the last that a dead letter names."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from botocore.exceptions import ClientError

from operations.environment import Environment, OperationError
from operations.letters import StreamPosition

Record = Mapping[str, Any]

MOST_EMPTY_PAGES = 40
"""Pages without a record, one after the other, after which a shard is given up: it may take several to get to where
records are. https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_streams_GetRecords.html"""

PAUSE_SECONDS = 0.25
"""Between pages without a record: the stream's two readers ask four times a second each, and must not be held up."""

_GONE = {"TrimmedDataAccessException", "ResourceNotFoundException"}
"""What DynamoDB says of records older than 24 hours and of their shards.
https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_streams_GetShardIterator.html"""

_BY_THE_LOG = "find the payments in the function's log and give it each by scripts/dlq replay"


class NotReplayedError(OperationError):
    """It could not be given back; the message says why."""


class Stream:
    """The stream of one environment's payments table.

    Args:
        environment: which one.
        sleep: waits for so many seconds.
    """

    def __init__(self, environment: Environment, *, sleep: Callable[[float], None] = time.sleep) -> None:
        self._client = environment.client("dynamodbstreams")
        self._sleep = sleep

    def records(self, position: StreamPosition) -> list[Record]:
        """Return all records that stood at ``position``, as Lambda hands them to a function.

        Raises:
            NotReplayedError: the stream did not give every one of them; it keeps them for 24 hours.
        """
        try:
            found = self._read(position)
        except ClientError as error:
            if error.response["Error"]["Code"] not in _GONE:
                raise
            raise NotReplayedError(
                f"the stream keeps its records for 24 hours and these are gone: {_BY_THE_LOG}"
            ) from error
        _refuse_a_part(found, position)
        return [_for_lambda(record, position.stream_arn) for record in found]

    def _read(self, position: StreamPosition) -> list[Record]:
        found: list[Record] = []
        for page in self._pages(position):
            found += [record for record in page if _number(record) <= int(position.last)]
            if page and _number(page[-1]) >= int(position.last):
                break
        return found

    def _pages(self, position: StreamPosition) -> Iterator[list[Record]]:
        iterator = self._client.get_shard_iterator(
            StreamArn=position.stream_arn,
            ShardId=position.shard_id,
            ShardIteratorType="AT_SEQUENCE_NUMBER",
            SequenceNumber=position.first,
        )["ShardIterator"]
        empty = 0
        while iterator and empty < MOST_EMPTY_PAGES:
            page = self._client.get_records(ShardIterator=iterator)
            yield page["Records"]
            iterator = page.get("NextShardIterator")
            empty = 0 if page["Records"] else empty + 1
            if empty:
                self._sleep(PAUSE_SECONDS)


def payment_ids(records: Sequence[Record]) -> tuple[str, ...]:
    """Return the payments that ``records`` are about, each once."""
    images = (record["dynamodb"].get("NewImage", {}) for record in records)
    return tuple(dict.fromkeys(image["payment_id"]["S"] for image in images if "status" in image))


def _refuse_a_part(found: Sequence[Record], position: StreamPosition) -> None:
    # A function that is given a part of its records, or none, has nothing to fail at: the rest would be lost.
    if found and _number(found[0]) != int(position.first):
        raise NotReplayedError(
            f"the stream keeps its records for 24 hours and the first of these are gone: {_BY_THE_LOG}"
        )
    if not found or _number(found[-1]) != int(position.last):
        reached = f"as far as {found[-1]['dynamodb']['SequenceNumber']}" if found else "not at all"
        raise NotReplayedError(
            f"the stream gave its records {reached}, and not to the last, {position.last}: redrive the letter once "
            f"more, or {_BY_THE_LOG}"
        )


def _for_lambda(record: Record, stream_arn: str) -> Record:
    # The streams' own API gives a time where an event has seconds, and leaves the source out.
    change = {
        name: value.timestamp() if isinstance(value, datetime) else value for name, value in record["dynamodb"].items()
    }
    return {**record, "dynamodb": change, "eventSourceARN": stream_arn}


def _number(record: Record) -> int:
    return int(record["dynamodb"]["SequenceNumber"])
