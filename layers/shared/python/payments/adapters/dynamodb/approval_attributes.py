"""A payment's approval as the attributes of a map, and back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from payments.domain.approval import Approval, ApprovalState
from payments.domain.timestamps import parsed, rfc3339

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import AttributeValueTypeDef

    from payments.adapters.dynamodb.attributes import Item

_OPTIONAL = ("task_token", "token_hash", "decided_by")


def approval_attributes(approval: Approval) -> dict[str, AttributeValueTypeDef]:
    """Return ``approval`` as the attributes of a map; what is absent is left out."""
    texts = {"state": str(approval.state), "expires_at": rfc3339(approval.expires_at)}
    texts |= {name: text for name in _OPTIONAL if (text := getattr(approval, name)) is not None}
    return {name: {"S": text} for name, text in texts.items()}


def approval_from(attributes: Item) -> Approval:
    """Return the approval that :func:`approval_attributes` wrote.

    Raises:
        KeyError: an attribute every approval has is missing.
        ValueError: a time or a state cannot be read.
    """
    return Approval(
        state=ApprovalState(attributes["state"]["S"]),
        expires_at=parsed(attributes["expires_at"]["S"]),
        **{name: attributes[name]["S"] for name in _OPTIONAL if name in attributes},
    )
