"""Notifications through an SNS topic, which feeds customers' own queues, functions and mailboxes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from payments.domain.errors import DeliveryFailed

if TYPE_CHECKING:
    from mypy_boto3_sns.client import SNSClient

    from payments.domain.notification import Notification


class SnsNotifier:
    """A :class:`payments.ports.Notifier`; needs ``sns:Publish``.

    ``event_id`` (to drop repeats by) and ``event_type`` (to filter by) travel as message attributes.
    """

    def __init__(self, client: SNSClient, topic_arn: str) -> None:
        self._client = client
        self._topic_arn = topic_arn

    def notify(self, notification: Notification) -> None:
        """Publish ``notification``. See :meth:`payments.ports.Notifier.notify`."""
        payment = notification.payment
        try:
            self._client.publish(
                TopicArn=self._topic_arn,
                Subject=f"Payment {payment.payment_id}: {payment.status.replace('_', ' ')}",
                Message=json.dumps(notification.payload()),
                MessageAttributes={
                    "event_id": {"DataType": "String", "StringValue": notification.event_id},
                    "event_type": {"DataType": "String", "StringValue": notification.event_type},
                },
            )
        except (BotoCoreError, ClientError) as error:
            raise DeliveryFailed(f"SNS did not take {notification.event_id}: {type(error).__name__}") from error
