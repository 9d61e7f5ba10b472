"""Wake-up messages through SQS, ten at a time, every entry of every answer checked."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

from aws_lambda_powertools import Logger
from botocore.exceptions import BotoCoreError, ClientError

from payments.domain.messages import encode_message

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from mypy_boto3_sqs.client import SQSClient
    from mypy_boto3_sqs.type_defs import SendMessageBatchRequestEntryTypeDef

_LARGEST_BATCH = 10


class SqsQueue:
    """A :class:`payments.ports.MessageQueue`; needs ``sqs:SendMessage``."""

    def __init__(self, client: SQSClient, queue_url: str) -> None:
        self._client = client
        self._queue_url = queue_url

    def send(self, payment_ids: Iterable[str]) -> list[str]:
        """Send one message per id; return the ids that were not taken. See :meth:`payments.ports.MessageQueue.send`.

        A request that fails as a whole took none of its messages and is logged with the reason; the other requests are
        made all the same. Sending again what arrived after all is harmless, for messages only wake.
        """
        return [refused for batch in _batches(payment_ids) for refused in self._send_batch(batch)]

    def _send_batch(self, payment_ids: list[str]) -> Iterable[str]:
        entries: list[SendMessageBatchRequestEntryTypeDef] = [
            {"Id": str(number), "MessageBody": encode_message(payment_id)}
            for number, payment_id in enumerate(payment_ids)
        ]
        try:
            answer = self._client.send_message_batch(QueueUrl=self._queue_url, Entries=entries)
        except (BotoCoreError, ClientError) as error:
            Logger().warning("SQS took none of %s messages: %s", len(payment_ids), error)
            return payment_ids
        # SQS answers 200 even where it took none. What it does not confirm was not taken.
        taken = {int(entry["Id"]) for entry in answer.get("Successful", [])}
        return (payment_id for number, payment_id in enumerate(payment_ids) if number not in taken)


def _batches(payment_ids: Iterable[str]) -> Iterator[list[str]]:
    ids = iter(payment_ids)
    while batch := list(islice(ids, _LARGEST_BATCH)):
        yield batch
