"""The back office's SNS topic, which feeds the mailboxes of people who may approve payments and send files of them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from payments.domain.errors import DeliveryFailed
from payments.domain.money import canonical_text
from payments.domain.public_batch import batch_notice
from payments.domain.timestamps import rfc3339

if TYPE_CHECKING:
    from datetime import datetime
    from decimal import Decimal

    from mypy_boto3_sns.client import SNSClient

    from payments.domain.batch import Batch


class SnsApprovalRequests:
    """A :class:`payments.ports.ApprovalRequests`; needs ``sns:Publish``."""

    def __init__(self, client: SNSClient, topic_arn: str) -> None:
        self._client = client
        self._topic_arn = topic_arn

    def ask(
        self,
        *,
        payment_id: str,
        amount: Decimal,
        currency: str,
        approval_token: str,
        asked_at: datetime,
        expires_at: datetime,
    ) -> None:
        """Ask for an approval. See :meth:`payments.ports.ApprovalRequests.ask`."""
        said = {
            "event": "approval.requested",
            "payment_id": payment_id,
            "amount": canonical_text(amount, currency),
            "currency": currency,
            "approval_token": approval_token,
            "asked_at": rfc3339(asked_at),
            "expires_at": rfc3339(expires_at),
            "how": f'POST /approvals/{approval_token} {{"decision": "approve" or "refuse", "actor": your name}}',
        }
        try:
            self._client.publish(
                TopicArn=self._topic_arn,
                Subject=f"Payment {payment_id} waits for approval",
                Message=json.dumps(said),
                MessageAttributes={"event": {"DataType": "String", "StringValue": said["event"]}},
            )
        except (BotoCoreError, ClientError) as error:
            raise DeliveryFailed(f"SNS did not take the request for {payment_id}: {type(error).__name__}") from None


class SnsBatchNotices:
    """A :class:`payments.ports.BatchNotices`; needs ``sns:Publish``."""

    def __init__(self, client: SNSClient, topic_arn: str) -> None:
        self._client = client
        self._topic_arn = topic_arn

    def tell(self, batch: Batch) -> None:
        """Tell of a failed batch as its workflow does. See :meth:`payments.ports.BatchNotices.tell`."""
        try:
            self._client.publish(
                TopicArn=self._topic_arn,
                Subject="A batch of payments has failed",
                Message=json.dumps(batch_notice(batch)),
            )
        except (BotoCoreError, ClientError) as error:
            raise DeliveryFailed(f"SNS did not take that {batch.batch_id} failed: {type(error).__name__}") from error
