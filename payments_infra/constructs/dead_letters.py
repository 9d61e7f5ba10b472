"""Where messages and records go that nobody could handle: kept as long as SQS keeps anything, and watched."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from cdktf_cdktf_provider_aws.sqs_queue import SqsQueue
from constructs import Construct

from payments_infra.constructs.iam import policy_document, statement
from payments_infra.constructs.limits import refuse_out_of_range
from payments_infra.constructs.metric import Metric

if TYPE_CHECKING:
    from collections.abc import Mapping

    from payments_infra.constructs.encryption import Key
    from payments_infra.constructs.iam import Role
    from payments_infra.constructs.naming import Naming
    from payments_infra.constructs.place import Place

LONGEST_RETENTION_SECONDS = 14 * 24 * 3600
"""https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html"""


class DeadLetters(Construct):
    """One queue of given-up messages: of another queue, or of records a function could not handle.

    Args:
        part: whose dead letters they are, kebab-case; the queue is called ``{part}-dead-letters``.
        naming: names the queue.
        place: where it is, for policies that name queues before they exist.
        key: encrypts the queue; its permissions come along with every grant.
        source_name: physical name of the one queue that may redrive into this one; without it no queue may.
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
        source_name: str | None = None,
        data_key_reuse_seconds: int = 300,
    ) -> None:
        super().__init__(scope, id_)
        refuse_out_of_range("data_key_reuse_seconds", data_key_reuse_seconds, 60, 86400)
        self._key, self._place = key, place
        self.name = naming.name(f"{part}-dead-letters", kind="queue")
        self._own_arn = place.arn("sqs", self.name)
        self._statements = [refuse_plain_text(self._own_arn)]
        self.queue = SqsQueue(
            self,
            "queue",
            name=self.name,
            message_retention_seconds=LONGEST_RETENTION_SECONDS,
            kms_master_key_id=key.arn,
            kms_data_key_reuse_period_seconds=data_key_reuse_seconds,
            policy=policy_document(*self._statements),
            redrive_allow_policy=_may_redrive(place.arn("sqs", source_name) if source_name else None),
        )

    @property
    def arn(self) -> str:
        """ARN of the queue."""
        return str(self.queue.arn)

    @property
    def url(self) -> str:
        """URL of the queue."""
        return str(self.queue.url)

    def grant_send(self, role: Role) -> None:
        """Let ``role`` put into the queue what it gave up. A queue's own redrive needs no permission."""
        role.allow("sqs:SendMessage", on=self.arn)
        self._key.grant_encrypt(role, through="sqs")

    def allow_rule(self, rule_arn: str) -> None:
        """Let the EventBridge rule ``rule_arn`` put in what it could not deliver.

        The queue's key lets EventBridge in too, for this queue and rule.
        https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-dlq.html
        https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-key-management.html
        """
        self._statements.append(
            statement(
                "sqs:SendMessage",
                sid="Rule",
                principal={"Service": "events.amazonaws.com"},
                on=self._own_arn,
                conditions={"ArnEquals": {"aws:SourceArn": rule_arn}},
            )
        )
        self.queue.policy = policy_document(*self._statements)
        self._key.allow_service(
            "events.amazonaws.com",
            "kms:Decrypt",
            "kms:GenerateDataKey",
            sid="Rule" + "".join(character for character in self.name.title() if character.isalnum()),
            conditions={
                "StringEquals": {"aws:SourceAccount": self._place.account_id},
                "ArnEquals": {"kms:EncryptionContext:aws:sqs:arn": self._own_arn, "aws:SourceArn": rule_arn},
            },
        )

    def metric_waiting(self) -> Metric:
        """Number of messages that were given up and that nobody has looked after."""
        return queue_metric(self.queue, "ApproximateNumberOfMessagesVisible", "waiting")


def tls_only(queue_arn: str) -> str:
    """Return a queue policy that refuses every request that did not come over TLS."""
    return policy_document(refuse_plain_text(queue_arn))


def refuse_plain_text(queue_arn: str) -> dict[str, Any]:
    """Return the statement of :func:`tls_only`."""
    return statement(
        "sqs:*",
        sid="RefusePlainText",
        effect="Deny",
        principal="*",
        on=queue_arn,
        conditions={"Bool": {"aws:SecureTransport": "false"}},
    )


def queue_metric(queue: SqsQueue, name: str, label: str) -> Metric:
    """Return the metric ``name`` of ``queue`` at its highest in each minute."""
    return Metric(
        namespace="AWS/SQS",
        name=name,
        statistic="Maximum",
        dimensions={"QueueName": queue.name},
        label=f"{queue.name_input} {label}",
    )


def redrive_json(policy: Mapping[str, object]) -> str:
    """Return a redrive policy as SQS gives it back: without blanks, which Terraform would plan to put in again."""
    return json.dumps(policy, separators=(",", ":"))


def _may_redrive(source_arn: str | None) -> str:
    if source_arn is None:
        return redrive_json({"redrivePermission": "denyAll"})
    return redrive_json({"redrivePermission": "byQueue", "sourceQueueArns": [source_arn]})
