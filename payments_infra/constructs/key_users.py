"""The services a key lets in by its own policy: those that encrypt or send in their own name, not a role's."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from payments_infra.constructs.encryption import Key
    from payments_infra.constructs.naming import Naming
    from payments_infra.constructs.place import Place


def let_in_logs(key: Key, naming: Naming, place: Place) -> None:
    """Let CloudWatch Logs use ``key`` for the log groups of this project.

    https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/encrypt-log-data-kms.html
    """
    key.allow_service(
        f"logs.{place.region}.{place.domain}",
        "kms:Decrypt",
        "kms:DescribeKey",
        "kms:Encrypt",
        "kms:GenerateDataKey*",
        "kms:ReEncrypt*",
        sid="LogGroups",
        conditions={
            "ArnLike": {"kms:EncryptionContext:aws:logs:arn": place.arn("logs", f"log-group:*{_any_name(naming)}")}
        },
    )


def let_in_senders(key: Key, naming: Naming, place: Place) -> None:
    """Let the services that send in their own name reach this project's queues and topics.

    Each may touch only messages of our queues or topics (the encryption context) and, where the service says for
    whom it acts, only for our own resources.
    https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html
    https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-key-management.html
    """
    names = _any_name(naming)
    queues = {"kms:EncryptionContext:aws:sqs:arn": place.arn("sqs", names)}
    topics = {"kms:EncryptionContext:aws:sns:topicArn": place.arn("sns", names)}
    ours = {"aws:SourceAccount": place.account_id}

    def let_in(service: str, sid: str, context: dict[str, str], source: str) -> None:
        key.allow_service(
            f"{service}.amazonaws.com",
            "kms:Decrypt",
            "kms:GenerateDataKey",
            sid=sid,
            conditions={"StringEquals": ours, "ArnLike": {**context, "aws:SourceArn": source}},
        )

    let_in("sns", "TopicsToQueues", queues, place.arn("sns", names))
    let_in("events", "RulesToQueues", queues, place.arn("events", f"rule/{names}"))
    let_in("cloudwatch", "AlarmsToTopics", topics, place.arn("cloudwatch", f"alarm:{names}"))
    let_in("s3", "BucketsToQueues", queues, f"arn:{place.partition}:s3:::{naming.project}-*")
    # EventBridge names no source when it publishes to an encrypted topic: a condition on one would silently drop
    # every event. The topic's own policy must name the rule.
    key.allow_service(
        "events.amazonaws.com",
        "kms:Decrypt",
        "kms:GenerateDataKey",
        sid="RulesToTopics",
        conditions={"ArnLike": topics},
    )


def _any_name(naming: Naming) -> str:
    return f"{naming.project}-*-{naming.suffix}"
