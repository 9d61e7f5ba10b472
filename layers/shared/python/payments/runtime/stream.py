"""Changes of payments as the table's stream delivers them.

A shard is read in order and goes on from the lowest sequence number reported as failed, so only the earliest failure is
reported. What was handled behind it comes again, which is harmless: every consumer can take a change twice.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools.utilities.batch import EventType

from payments.domain.errors import DeliveryFailed
from payments.runtime import telemetry
from payments.runtime.batch import ConcurrentBatch, log_failure

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

    from aws_lambda_powertools.utilities.batch.types import PartialItemFailureResponse
    from aws_lambda_powertools.utilities.data_classes.dynamo_db_stream_event import DynamoDBRecord
    from aws_lambda_powertools.utilities.typing import LambdaContext

    from payments.domain.payment import Payment

    Record = Mapping[str, Any]
    ReadImage = Callable[[Mapping[str, Any] | None], Payment | None]
    """Turns an image, in DynamoDB's wire format, into the payment it holds; None where it holds none."""


class BatchFailed(Exception):
    """Every record of a batch failed; the log has a line with the reason of each."""


@dataclass(frozen=True, kw_only=True)
class Change:
    """One write to a payment: what it was before (None for a new one) and what it is since."""

    sequence_number: str
    old: Payment | None
    new: Payment


def each_change(
    event: Record, context: LambdaContext, *, read: ReadImage, react: Callable[[Change], object]
) -> PartialItemFailureResponse:
    """Give each change in ``event`` to ``react``, ten at once; return where the stream is to go on.

    Records of anything but payments are passed by.

    Raises:
        BatchProcessingError: every record failed, and not all for reasons of the outside world.
    """

    def reacted(record: DynamoDBRecord) -> object:
        change = _change(record.raw_event, read)
        return react(change) if change else None

    telemetry.begin(context)
    batch = ConcurrentBatch(EventType.DynamoDBStreams)
    with batch(event["Records"], reacted):
        batch.process()
    failures = {str(failure["itemIdentifier"]) for failure in batch.response()["batchItemFailures"]}
    return _go_on_from(event["Records"], failures)


def all_changes(
    event: Record,
    context: LambdaContext,
    *,
    read: ReadImage,
    react: Callable[[Sequence[Change]], Collection[Change]],
) -> PartialItemFailureResponse:
    """Give all changes in ``event`` to ``react``, which returns those it failed at; return where to go on.

    Raises:
        BatchFailed: every record failed.
    """
    telemetry.begin(context)
    changes: list[Change] = []
    failures: set[str] = set()
    for record in event["Records"]:
        try:
            change = _change(record, read)
        except Exception as error:  # noqa: BLE001 - one unreadable record must not keep the others from being handled
            log_failure(error)
            failures.add(_sequence_number(record))
        else:
            changes += [change] if change else []
    for failed in react(changes):
        telemetry.about(sequence_number=failed.sequence_number, payment_id=failed.new.payment_id)
        log_failure(DeliveryFailed(f"the change to {failed.new.event_id} was not passed on"))
        failures.add(failed.sequence_number)
    if failures and len(failures) == len(event["Records"]):
        raise BatchFailed(f"all {len(failures)} records failed")
    return _go_on_from(event["Records"], failures)


def _change(record: Record, read: ReadImage) -> Change | None:
    telemetry.about(sequence_number=_sequence_number(record), payment_id=None)
    new = read(record["dynamodb"].get("NewImage"))
    if new is None:
        return None
    telemetry.about(payment_id=new.payment_id)
    return Change(sequence_number=_sequence_number(record), old=read(record["dynamodb"].get("OldImage")), new=new)


def _sequence_number(record: Record) -> str:
    return str(record["dynamodb"]["SequenceNumber"])


def _go_on_from(records: Sequence[Record], failures: Collection[str]) -> PartialItemFailureResponse:
    earliest = next((number for number in map(_sequence_number, records) if number in failures), None)
    return {"batchItemFailures": [{"itemIdentifier": earliest}] if earliest else []}
