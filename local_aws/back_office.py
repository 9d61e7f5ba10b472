"""The mailbox of the local back office: a queue that takes what the deployed topic tells people."""

import json
from collections.abc import Iterator
from functools import partial

from local_aws import account
from local_aws.deployment import Deployment
from local_aws.payments_client import Document, PaymentsClient
from local_aws.waiting import wait_for

MAILBOX = "local-back-office"
ASKED_SECONDS = 60.0
_MESSAGES_A_CALL = 10
_HIDDEN_SECONDS = 60
"""A message read is hidden until all are read, so that one pass ends; then the next command finds them all again."""


class NotAskedError(RuntimeError):
    """Nobody asked the back office to approve a payment."""


class BackOffice:
    """Reads what the back office of one deployment was told. Nothing is taken out of the mailbox."""

    def __init__(self, deployment: Deployment) -> None:
        self._deployment = deployment
        self._topic_arn = deployment.outputs["back_office_topic_arn"]
        session = account.session(deployment.region)
        self._sqs = session.client("sqs", endpoint_url=deployment.endpoint_url, config=account.DIRECT)
        self._sns = session.client("sns", endpoint_url=deployment.endpoint_url, config=account.DIRECT)
        self._read: dict[str, Document] = {}

    def open_mailbox(self) -> None:
        """Subscribe the mailbox to the topic; what was told before is not in it. Opening it again changes nothing."""
        queue_url = self._sqs.create_queue(QueueName=MAILBOX)["QueueUrl"]
        attributes = self._sqs.get_queue_attributes(QueueUrl=queue_url, AttributeNames=["QueueArn"])["Attributes"]
        policy = _takes_from(self._topic_arn, attributes["QueueArn"])
        self._sqs.set_queue_attributes(QueueUrl=queue_url, Attributes={"Policy": policy})
        self._sns.subscribe(
            TopicArn=self._topic_arn,
            Protocol="sqs",
            Endpoint=attributes["QueueArn"],
            Attributes={"RawMessageDelivery": "true"},
        )

    def close_mailbox(self) -> None:
        """Remove the mailbox and what is in it; its subscription goes with the topic."""
        self._sqs.delete_queue(QueueUrl=self._sqs.get_queue_url(QueueName=MAILBOX)["QueueUrl"])

    def approval_token(self, payment_id: str) -> str:
        """Return the newest token by which the payment can be decided, waiting for it.

        Raises:
            RuntimeError: there is no such payment.
            NotAskedError: the payment needs no approval, or none was asked for within ASKED_SECONDS.
        """
        payment = PaymentsClient(self._deployment).payment(payment_id)
        if "approval" not in payment:
            raise NotAskedError(f"{payment_id} needs no approval; it is {payment['status']}")
        token = wait_for(lambda: self._token(payment_id), seconds=ASKED_SECONDS)
        if token is None:
            raise NotAskedError(f"nobody was asked to approve {payment_id}; is it waiting for an approval?")
        return token

    def _token(self, payment_id: str) -> str | None:
        asked = (each for each in self._messages() if each.get("payment_id") == payment_id and "approval_token" in each)
        newest = max(asked, key=lambda each: str(each.get("asked_at", "")), default=None)
        return str(newest["approval_token"]) if newest else None

    def _messages(self) -> list[Document]:
        self._read |= dict(self._received())
        return list(self._read.values())

    def _received(self) -> Iterator[tuple[str, Document]]:
        queue_url = self._sqs.get_queue_url(QueueName=MAILBOX)["QueueUrl"]
        receive = partial(
            self._sqs.receive_message,
            QueueUrl=queue_url,
            MaxNumberOfMessages=_MESSAGES_A_CALL,
            VisibilityTimeout=_HIDDEN_SECONDS,
        )
        handles: list[str] = []
        while messages := receive().get("Messages"):
            handles += [message["ReceiptHandle"] for message in messages]
            for message in messages:
                yield message["MessageId"], json.loads(message["Body"])
        for handle in handles:
            self._sqs.change_message_visibility(QueueUrl=queue_url, ReceiptHandle=handle, VisibilityTimeout=0)


def _takes_from(topic_arn: str, queue_arn: str) -> str:
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "sns.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": queue_arn,
        "Condition": {"ArnEquals": {"aws:SourceArn": topic_arn}},
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})
