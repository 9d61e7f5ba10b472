"""Dead letters, read: why each was given up, and what it stands for."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

from payments.domain.errors import MessageNotUnderstood
from payments.domain.messages import decode_message

RECEIVES_EXHAUSTED = "MaxReceivesExceeded"
"""SQS keeps no reason when it gives a message up; this is the only one it has."""

NOT_UNDERSTOOD = "MessageNotUnderstood"


class Kind(StrEnum):
    """What a dead letter stands for."""

    MESSAGE = "message"
    RECORDS = "records"
    START = "start"
    UNKNOWN = "unknown"


@dataclass(frozen=True, kw_only=True)
class StreamPosition:
    """Where records stood in a stream, and which function gave them up.

    https://docs.aws.amazon.com/lambda/latest/dg/services-dynamodb-errors.html
    """

    stream_arn: str
    shard_id: str
    first: str
    last: str
    function_arn: str


@dataclass(frozen=True, kw_only=True)
class WorkflowStart:
    """An execution EventBridge could not start, and its input."""

    workflow_arn: str
    input: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class Letter:
    """One dead letter.

    Args:
        message_id: SQS's id of it.
        receipt_handle: by which it is deleted or released.
        body: what it says.
        kind: what it stands for.
        reason: why it was given up, in AWS's own words where there are some.
        sent_at: when it was first sent, which is what its age counts from.
        payment_ids: payments it is about, as far as is known.
        position: of records, where they stood.
        start: of a start, what was to be started.
        unread: of records, why they can't be read from the stream; which payments they are about is then unknown.
    """

    message_id: str
    receipt_handle: str
    body: str
    kind: Kind
    reason: str
    sent_at: datetime
    payment_ids: tuple[str, ...] = ()
    position: StreamPosition | None = None
    start: WorkflowStart | None = None
    unread: str | None = None


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """Which letters are meant; what is left out leaves none out.

    Args:
        reasons: given up for one of these.
        payment_ids: about one of these, or perhaps about one: records that can't be read name no payments.
        older_than: sent longer ago.
        newer_than: sent less long ago.
    """

    reasons: frozenset[str] = frozenset()
    payment_ids: frozenset[str] = frozenset()
    older_than: timedelta | None = None
    newer_than: timedelta | None = None

    def holds(self, letter: Letter, *, now: datetime) -> bool:
        """Return whether ``letter`` is meant."""
        age = now - letter.sent_at
        about = letter.unread is not None or not self.payment_ids.isdisjoint(letter.payment_ids)
        return (
            (not self.reasons or letter.reason in self.reasons)
            and (not self.payment_ids or about)
            and (self.older_than is None or age > self.older_than)
            and (self.newer_than is None or age < self.newer_than)
        )


def read_letter(message: Mapping[str, Any]) -> Letter:
    """Return the letter in ``message``, as SQS hands it over with all its attributes."""
    return Letter(
        message_id=message["MessageId"],
        receipt_handle=message["ReceiptHandle"],
        body=message["Body"],
        sent_at=datetime.fromtimestamp(int(message["Attributes"]["SentTimestamp"]) / 1000, UTC),
        **_meaning(message["Body"], _texts(message.get("MessageAttributes", {}))),
    )


def _meaning(body: str, attributes: Mapping[str, str]) -> dict[str, Any]:
    try:
        return _understood(body, attributes)
    except (MessageNotUnderstood, AttributeError, KeyError, TypeError, ValueError):
        # Whatever somebody put there: one letter must keep nobody from the others.
        return {"kind": Kind.UNKNOWN, "reason": NOT_UNDERSTOOD}


def _understood(body: str, attributes: Mapping[str, str]) -> dict[str, Any]:
    content = _object(body)
    if "DDBStreamBatchInfo" in content:
        request = content["requestContext"]
        position = _position(content["DDBStreamBatchInfo"], request["functionArn"])
        return {"kind": Kind.RECORDS, "reason": str(request["condition"]), "position": position}
    if "TARGET_ARN" in attributes:
        start = WorkflowStart(workflow_arn=attributes["TARGET_ARN"], input=_input(content))
        return {"kind": Kind.START, "reason": attributes.get("ERROR_CODE", Kind.UNKNOWN), "start": start}
    return {"kind": Kind.MESSAGE, "reason": RECEIVES_EXHAUSTED, "payment_ids": (decode_message(body),)}


def _position(batch: Mapping[str, Any], function_arn: str) -> StreamPosition:
    first, last = batch["startSequenceNumber"], batch["endSequenceNumber"]
    if int(first) > int(last):
        raise ValueError("records end before they begin")
    return StreamPosition(
        stream_arn=batch["streamArn"], shard_id=batch["shardId"], first=first, last=last, function_arn=function_arn
    )


def _input(event: Mapping[str, Any]) -> dict[str, str]:
    """Return what the rule makes of an upload's event for the workflow."""
    detail = event.get("detail", {})
    uploaded = detail.get("object", {})
    found = {
        "bucket": detail.get("bucket", {}).get("name"),
        "key": uploaded.get("key"),
        "version": uploaded.get("version-id"),
    }
    return {name: text for name, text in found.items() if text is not None}


def _object(body: str) -> dict[str, Any]:
    try:
        content = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return content if isinstance(content, dict) else {}


def _texts(attributes: Mapping[str, Mapping[str, Any]]) -> dict[str, str]:
    return {name: str(value.get("StringValue", "")) for name, value in attributes.items()}
