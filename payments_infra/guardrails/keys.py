"""Keys that shut out a service which must use them in its own name."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from payments_infra.guardrails.alarms import ALARMS
from payments_infra.guardrails.policies import lets_in, names, statements
from payments_infra.guardrails.problem import Problem
from payments_infra.guardrails.synthesized import blocks

if TYPE_CHECKING:
    from collections.abc import Iterator

    from payments_infra.guardrails.synthesized import Body, Resource, Synthesized

_QUEUES_AND_TOPICS = ("aws_sqs_queue", "aws_sns_topic")


class _Use(NamedTuple):
    """``service`` encrypts what ``user`` does with ``encrypted``, in its own name.

    A condition on ``told_by`` lets it in only where it names ``user`` as ``called``, the last part of its ARN.
    """

    user: Resource
    encrypted: Resource
    service: str
    told_by: str = ""
    called: str = ""


def keys_that_shut_out(stack: Synthesized) -> Iterator[Problem]:
    """Find keys whose policy lacks a service that writes logs or messages under them: it would fail silently.

    A role needs no such statement, as the account delegates to IAM; a service that acts in its own name does.
    https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/encrypt-log-data-kms.html
    https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html
    https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-key-management.html
    """
    uses: dict[tuple[Resource, str], list[_Use]] = {}
    for use in (*_logs(stack), *_alarms(stack), *_events(stack), *_buckets(stack), *_subscriptions(stack)):
        key = _key(stack, use.encrypted)
        if key:
            uses.setdefault((key, use.service), []).append(use)
        elif str(_named(use.encrypted)).startswith("alias/aws/"):
            yield _unreachable(use.encrypted.path, f"{_named(use.encrypted)}, a key of AWS's own,", use)
    for (key, _), several in uses.items():
        said = _policy(stack, key)
        shut_out = [] if said is None else [use for use in several if not _lets_encrypt(said, use)]
        if shut_out:
            yield _unreachable(key.path, "the key's policy", *shut_out)


def _unreachable(path: str, key: str, *uses: _Use) -> Problem:
    service = uses[0].service
    encrypted = ", ".join(sorted({use.encrypted.path for use in uses}))
    users = ", ".join(sorted({use.user.path for use in uses} - {use.encrypted.path for use in uses}))
    return Problem(
        path=path,
        rule="key-policy",
        what=f"{key} shuts out {service}, which must encrypt {encrypted}" + (f" for {users}" if users else ""),
        mend="Let it in by Key.allow_log_group, by Topic.allow_alarm, or by Key.allow_service with kms:Decrypt and "
        "kms:GenerateDataKey*",
    )


def _logs(stack: Synthesized) -> Iterator[_Use]:
    for group in stack.resources("aws_cloudwatch_log_group"):
        named = f"log-group:{group.body.get('name')}"
        yield _Use(group, group, "logs", "kms:EncryptionContext:aws:logs:arn", named)


def _alarms(stack: Synthesized) -> Iterator[_Use]:
    for alarm in stack.resources(*ALARMS):
        told = [alarm.body.get(f"{state}_actions") for state in ("alarm", "ok", "insufficient_data")]
        for topic in stack.referred(told, "aws_sns_topic"):
            named = f"alarm:{alarm.body.get('alarm_name')}"
            yield _Use(alarm, topic, "cloudwatch.amazonaws.com", "aws:SourceArn", named)


def _events(stack: Synthesized) -> Iterator[_Use]:
    for target in stack.resources("aws_cloudwatch_event_target"):
        reached = [target.body.get("arn"), target.body.get("dead_letter_config")]
        for encrypted in stack.referred(reached, *_QUEUES_AND_TOPICS):
            yield _Use(target, encrypted, "events.amazonaws.com")


def _buckets(stack: Synthesized) -> Iterator[_Use]:
    for notification in stack.resources("aws_s3_bucket_notification"):
        told = [notification.body.get("queue"), notification.body.get("topic")]
        for encrypted in stack.referred(told, *_QUEUES_AND_TOPICS):
            yield _Use(notification, encrypted, "s3.amazonaws.com")


def _subscriptions(stack: Synthesized) -> Iterator[_Use]:
    for subscription in stack.resources("aws_sns_topic_subscription"):
        reached = [subscription.body.get("endpoint"), subscription.body.get("redrive_policy")]
        for queue in stack.referred(reached, "aws_sqs_queue"):
            yield _Use(subscription, queue, "sns.amazonaws.com")


def _key(stack: Synthesized, encrypted: Resource) -> Resource | None:
    named = _named(encrypted)
    alias = stack.target(named, "aws_kms_alias")
    return stack.target(alias.body.get("target_key_id") if alias else named, "aws_kms_key")


def _named(encrypted: Resource) -> object:
    return encrypted.body.get("kms_key_id") or encrypted.body.get("kms_master_key_id")


def _policy(stack: Synthesized, key: Resource) -> list[Body] | None:
    """Return what the key's policy says; AWS's own, where none is given, lets no service in."""
    apart = [
        policy.body.get("policy")
        for policy in stack.resources("aws_kms_key_policy")
        if key in stack.referred(policy.body.get("key_id"), "aws_kms_key")
    ]
    given = [policy for policy in (key.body.get("policy"), *apart) if policy]
    said = [statements(stack, policy) for policy in given]
    return None if None in said else [one for some in said for one in blocks(some)]


def _lets_encrypt(said: list[Body], use: _Use) -> bool:
    return all(
        any(lets_in(statement, use.service, action) and names(statement, use.told_by, use.called) for statement in said)
        for action in ("kms:Decrypt", "kms:GenerateDataKey")
    )
