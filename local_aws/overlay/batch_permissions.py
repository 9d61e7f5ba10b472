"""Batches of messages need the permission for one message; MiniStack asks for one of the batch's name, which AWS lacks.

AWS: https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonsqs.html and …/list_amazonsns.html.
"""

from typing import Any

from ministack.core import iam_actions

_PERMISSIONS = {
    "sqs:SendMessageBatch": "sqs:SendMessage",
    "sqs:DeleteMessageBatch": "sqs:DeleteMessage",
    "sqs:ChangeMessageVisibilityBatch": "sqs:ChangeMessageVisibility",
    "sns:PublishBatch": "sns:Publish",
}


def apply() -> None:
    """Ask for the single message's permission."""
    extract = iam_actions.extract_iam_action

    def extract_existing(*request: Any) -> str | None:
        action: str | None = extract(*request)
        return _PERMISSIONS.get(action or "", action)

    iam_actions.extract_iam_action = extract_existing
