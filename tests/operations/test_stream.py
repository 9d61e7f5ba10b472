from __future__ import annotations

from dataclasses import replace

import pytest

from operations.letters import StreamPosition
from operations.stream import MOST_EMPTY_PAGES, NotReplayedError, Stream
from tests.operations.conftest import FakeStream, MockEnvironment
from tests.samples import accepted

CHANGES = 5


@pytest.fixture
def shard() -> FakeStream:
    """A shard with the first changes of five payments."""
    stream = FakeStream()
    stream.put(*(accepted(f"pay-{number}") for number in range(CHANGES)))
    return stream


def position(shard: FakeStream, first: int = 0, last: int = CHANGES - 1) -> StreamPosition:
    numbers = shard.numbers()
    return StreamPosition(
        stream_arn="arn:stream", shard_id="shard-1", first=numbers[first], last=numbers[last], function_arn="arn:f"
    )


def read(environment: MockEnvironment, shard: FakeStream, at: StreamPosition) -> tuple[list[str], list[float]]:
    """Return the numbers of the records that were found, and the pauses that were made."""
    pauses: list[float] = []
    found = Stream(replace(environment, stream=shard), sleep=pauses.append).records(at)
    return [record["dynamodb"]["SequenceNumber"] for record in found], pauses


@pytest.mark.parametrize("empty_pages", [0, 1, MOST_EMPTY_PAGES - 1])
def test_records_are_read_from_the_first_to_the_last_past_empty_pages(
    environment: MockEnvironment, shard: FakeStream, empty_pages: int
) -> None:
    """Defect: Records lost quietly."""
    shard.empty_pages = empty_pages
    found, pauses = read(environment, shard, position(shard, 1, 3))
    assert found == shard.numbers()[1:4]
    assert len(pauses) == empty_pages


@pytest.mark.parametrize("closed", [True, False])
def test_a_part_of_the_records_is_none(environment: MockEnvironment, shard: FakeStream, *, closed: bool) -> None:
    """Defect: Records lost quietly."""
    shard.closed = closed
    beyond = replace(position(shard), last=str(10**20 + CHANGES))
    with pytest.raises(NotReplayedError, match=f"as far as {shard.numbers()[-1]}, and not to the last, {beyond.last}"):
        read(environment, shard, beyond)


def test_a_shard_that_answers_nothing_is_given_up_in_time(environment: MockEnvironment, shard: FakeStream) -> None:
    """Defect: Records lost quietly."""
    shard.empty_pages = 10**6
    with pytest.raises(NotReplayedError, match="not at all"):
        read(environment, shard, position(shard))


def test_records_whose_first_are_forgotten_are_not_given_in_part(
    environment: MockEnvironment, shard: FakeStream
) -> None:
    at = position(shard)

    class Trimmed(FakeStream):
        def get_shard_iterator(self, **_: str) -> dict[str, str]:
            return {"ShardIterator": "1:0"}

    with pytest.raises(NotReplayedError, match="the first of these are gone"):
        read(environment, Trimmed(shard.records), at)
