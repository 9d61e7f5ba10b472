"""The dead-letter queues of one environment: found, read without taking anything out, and emptied letter by letter."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from operations.environment import AWS_FAILURES, PROJECT, Environment, OperationError
from operations.letters import Letter, read_letter

if TYPE_CHECKING:
    from mypy_boto3_sqs.client import SQSClient

HIDDEN_SECONDS = 900
"""How long a letter that is being looked at is hidden from others; released or deleted sooner as a rule."""

LARGEST_BATCH = 10
"""The most messages SQS takes or gives in one request."""


@dataclass(frozen=True, kw_only=True)
class DeadLetterQueue:
    """One queue of dead letters.

    Args:
        part: whose letters they are, for example ``processing``.
        url: the queue's URL.
        waiting: about how many letters there are to be seen.
        hidden: about how many somebody looks at.
        source_url: the queue its messages come from; None where Lambda or EventBridge puts them there.
    """

    part: str
    url: str
    waiting: int
    hidden: int
    source_url: str | None


class DeadLetterOffice:
    """Looks after the dead letters of one environment.

    Args:
        environment: which one.
        wait_seconds: how long SQS waits for a letter before it answers that there is none (0 to 20).
    """

    def __init__(self, environment: Environment, *, wait_seconds: int = 1) -> None:
        self._sqs: SQSClient = environment.client("sqs")
        self._environment = environment
        self._wait_seconds = wait_seconds

    def queues(self) -> list[DeadLetterQueue]:
        """Return every queue of dead letters, in the order of their names.

        Raises:
            OperationError: there is none.
        """
        urls = {_name(url): url for url in self._urls()}
        ending = f"-dead-letters-{self._environment.suffix}"
        parts = sorted(name[len(f"{PROJECT}-") : -len(ending)] for name in urls if name.endswith(ending))
        if not parts:
            where = self._sqs.meta.region_name
            raise OperationError(f"no queue in {where} is named {PROJECT}-…{ending}: look at --suffix and --region")
        return [self._queue(part, urls) for part in parts]

    def queue(self, part: str) -> DeadLetterQueue:
        """Return the queue of ``part``.

        Raises:
            OperationError: there is none; the message names those there are.
        """
        found = {queue.part: queue for queue in self.queues()}
        if part not in found:
            raise OperationError(f"{self._environment.suffix} has dead letters of {', '.join(found)}, not of {part}")
        return found[part]

    def receive(self, queue: DeadLetterQueue, *, at_most: int) -> list[Letter]:
        """Return some letters, ``at_most`` so many (1 to 10), and hide them from others for ``HIDDEN_SECONDS``."""
        answer = self._sqs.receive_message(
            QueueUrl=queue.url,
            MaxNumberOfMessages=at_most,
            VisibilityTimeout=HIDDEN_SECONDS,
            WaitTimeSeconds=self._wait_seconds,
            MessageSystemAttributeNames=["SentTimestamp"],
            MessageAttributeNames=["All"],
        )
        return [read_letter(message) for message in answer.get("Messages", [])]

    def release(self, queue: DeadLetterQueue, letters: Sequence[Letter]) -> list[str]:
        """Let others see ``letters`` again; return why not, once for each that stays hidden."""
        batches = [letters[start : start + LARGEST_BATCH] for start in range(0, len(letters), LARGEST_BATCH)]
        return [reason for batch in batches for reason in self._not_released(queue, batch)]

    def delete(self, queue: DeadLetterQueue, letter: Letter) -> None:
        """Take ``letter`` out for good."""
        self._sqs.delete_message(QueueUrl=queue.url, ReceiptHandle=letter.receipt_handle)

    def send_back(self, queue: DeadLetterQueue, letter: Letter) -> None:
        """Put what ``letter`` says into the queue it came from."""
        if queue.source_url is None:
            raise OperationError(f"no queue gives its messages up to {queue.part}: there is none to send back to")
        self._sqs.send_message(QueueUrl=queue.source_url, MessageBody=letter.body)

    def _not_released(self, queue: DeadLetterQueue, batch: Sequence[Letter]) -> list[str]:
        try:
            answer = self._sqs.change_message_visibility_batch(
                QueueUrl=queue.url,
                Entries=[
                    {"Id": str(number), "ReceiptHandle": letter.receipt_handle, "VisibilityTimeout": 0}
                    for number, letter in enumerate(batch)
                ],
            )
        except AWS_FAILURES as failure:
            return [str(failure)] * len(batch)
        return [f"{entry['Code']}: {entry.get('Message', '')}" for entry in answer.get("Failed", [])]

    def _queue(self, part: str, urls: Mapping[str, str]) -> DeadLetterQueue:
        url = urls[self._environment.name(f"{part}-dead-letters")]
        attributes = self._attributes(url)
        # By its whole name: the queues of an environment whose suffix ends alike are none of ours.
        source = urls.get(self._environment.name(part))
        gives_up_to = _dead_letters_of(self._attributes(source)) if source else None
        return DeadLetterQueue(
            part=part,
            url=url,
            waiting=int(attributes["ApproximateNumberOfMessages"]),
            hidden=int(attributes["ApproximateNumberOfMessagesNotVisible"]),
            source_url=source if gives_up_to == attributes["QueueArn"] else None,
        )

    def _urls(self) -> list[str]:
        pages = self._sqs.get_paginator("list_queues").paginate(QueueNamePrefix=f"{PROJECT}-")
        return [url for page in pages for url in page.get("QueueUrls", [])]

    def _attributes(self, url: str) -> Mapping[str, str]:
        answer = self._sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])
        return {str(name): text for name, text in answer["Attributes"].items()}


def _dead_letters_of(attributes: Mapping[str, str]) -> str | None:
    policy: dict[str, str] = json.loads(attributes.get("RedrivePolicy") or "{}")
    return policy.get("deadLetterTargetArn")


def _name(url: str) -> str:
    return url.rpartition("/")[2]
