"""DynamoDB's wire format, and the history entry that payments and audit events both hold in it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from payments.domain.history import HistoryEntry
from payments.domain.timestamps import parsed, rfc3339

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import AttributeValueTypeDef

Item = Mapping[str, Mapping[str, Any]]
"""An item as DynamoDB and its stream write it: ``{"amount": {"N": "12.50"}}``. Numbers are text, never floats."""


def entry_attributes(entry: HistoryEntry) -> dict[str, AttributeValueTypeDef]:
    """Return ``entry`` as the attributes of an item or of a map."""
    return {
        "version": {"N": str(entry.version)},
        "status": {"S": entry.status},
        "at": {"S": rfc3339(entry.at)},
        "actor": {"S": entry.actor},
        "reason": {"S": entry.reason},
        "previous_hash": {"S": entry.previous_hash},
        "hash": {"S": entry.hash},
    }


def entry_from(attributes: Item) -> HistoryEntry:
    """Return the entry that :func:`entry_attributes` wrote; whatever else is there is left alone.

    Raises:
        KeyError: an attribute is missing.
        ValueError: a time or a version cannot be read.
    """
    return HistoryEntry(
        version=int(attributes["version"]["N"]),
        status=attributes["status"]["S"],
        at=parsed(attributes["at"]["S"]),
        actor=attributes["actor"]["S"],
        reason=attributes["reason"]["S"],
        previous_hash=attributes["previous_hash"]["S"],
        hash=attributes["hash"]["S"],
    )
