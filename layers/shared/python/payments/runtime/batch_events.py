"""The events that the steps of the batch workflow are invoked with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from payments.domain.batch import BatchObject, ByteRange

if TYPE_CHECKING:
    from collections.abc import Mapping


def source_in(event: Mapping[str, Any]) -> BatchObject:
    """Return the object that ``event`` names."""
    return BatchObject(bucket=event["bucket"], key=event["key"], version=event["version"])


def range_in(event: Mapping[str, Any]) -> ByteRange:
    """Return the range of the file that ``event`` names; a map may hand numbers over as text."""
    return ByteRange(
        number=int(event["number"]),
        start=int(event["start"]),
        end=int(event["end"]),
        first_line=int(event["first_line"]),
    )
