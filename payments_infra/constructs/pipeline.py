"""A queue that loses nothing: paired with a dead-letter queue, encrypted, TLS only."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cdktf_cdktf_provider_aws.sqs_queue import SqsQueue
from constructs import Construct

from payments_infra.constructs.dead_letters import (
    LONGEST_RETENTION_SECONDS,
    DeadLetters,
    queue_metric,
    redrive_json,
    tls_only,
)
from payments_infra.constructs.limits import refuse_out_of_range

if TYPE_CHECKING:
    from payments_infra.constructs.encryption import Key
    from payments_infra.constructs.iam import Role
    from payments_infra.constructs.metric import Metric
    from payments_infra.constructs.naming import Naming
    from payments_infra.constructs.place import Place

VISIBILITY_FACTOR = 6
"""AWS asks for a visibility time-out of at least six times the consumer's.
https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html"""


class Pipeline(Construct):
    """One queue with its own dead-letter queue.

    Args:
        part: what travels in it, kebab-case; becomes part of both queues' names.
        naming: names the queues.
        place: where they are, for policies that name them before they exist.
        key: encrypts both queues; its permissions come along with every grant.
        consumer_timeout_seconds: time-out of the function that consumes the queue; the visibility time-out is six
            times that.
        retention_seconds: how long an unconsumed message is kept (60 seconds to under 14 days; dead letters are
            always kept for 14 days, which must be longer).
        max_receives: deliveries before a message becomes a dead letter.
        data_key_reuse_seconds: how long SQS reuses a data key before it asks KMS again (60 to 86400).

    Raises:
        ValueError: a number is outside what AWS takes.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        part: str,
        naming: Naming,
        place: Place,
        key: Key,
        consumer_timeout_seconds: int,
        retention_seconds: int = 4 * 24 * 3600,
        max_receives: int = 5,
        data_key_reuse_seconds: int = 300,
    ) -> None:
        super().__init__(scope, id_)
        refuse_out_of_range("consumer_timeout_seconds", consumer_timeout_seconds, 1, 900)
        refuse_out_of_range("retention_seconds", retention_seconds, 60, LONGEST_RETENTION_SECONDS - 1)
        refuse_out_of_range("max_receives", max_receives, 1, 1000)
        self._key = key
        self.visibility_timeout_seconds = VISIBILITY_FACTOR * consumer_timeout_seconds
        name = naming.name(part, kind="queue")
        self.dead_letters = DeadLetters(
            self,
            "dead_letters",
            part=part,
            naming=naming,
            place=place,
            key=key,
            source_name=name,
            data_key_reuse_seconds=data_key_reuse_seconds,
        )
        self.queue = SqsQueue(
            self,
            "queue",
            name=name,
            visibility_timeout_seconds=self.visibility_timeout_seconds,
            message_retention_seconds=retention_seconds,
            kms_master_key_id=key.arn,
            kms_data_key_reuse_period_seconds=data_key_reuse_seconds,
            policy=tls_only(place.arn("sqs", name)),
            redrive_policy=redrive_json(
                {"deadLetterTargetArn": self.dead_letters.arn, "maxReceiveCount": max_receives}
            ),
        )

    @property
    def arn(self) -> str:
        """ARN of the main queue."""
        return str(self.queue.arn)

    @property
    def url(self) -> str:
        """URL of the main queue."""
        return str(self.queue.url)

    def grant_send(self, role: Role) -> None:
        """Let ``role`` send to the main queue. SQS needs Decrypt to reuse a data key it generated.

        https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-key-management.html
        """
        role.allow("sqs:SendMessage", on=self.arn)
        self._key.grant_encrypt(role, through="sqs")

    def grant_consume(self, role: Role) -> None:
        """Let ``role`` be polled for: exactly what a Lambda event source mapping does with the main queue."""
        role.allow("sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes", on=self.arn)
        self._key.grant_decrypt(role, through="sqs")

    def metric_oldest_message_age(self) -> Metric:
        """Age in seconds of the oldest message nobody has finished."""
        return queue_metric(self.queue, "ApproximateAgeOfOldestMessage", "oldest message (s)")

    def metric_waiting(self) -> Metric:
        """Number of messages waiting."""
        return queue_metric(self.queue, "ApproximateNumberOfMessagesVisible", "waiting")

    def metric_dead_letters(self) -> Metric:
        """Number of messages that were given up."""
        return self.dead_letters.metric_waiting()
