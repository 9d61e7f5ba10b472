"""Guardrails of alarms, keys, retained data and names."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from cdktf_cdktf_provider_aws.cloudwatch_composite_alarm import CloudwatchCompositeAlarm
from cdktf_cdktf_provider_aws.cloudwatch_event_target import (
    CloudwatchEventTarget,
    CloudwatchEventTargetDeadLetterConfig,
)
from cdktf_cdktf_provider_aws.cloudwatch_log_group import CloudwatchLogGroup
from cdktf_cdktf_provider_aws.cloudwatch_metric_alarm import CloudwatchMetricAlarm
from cdktf_cdktf_provider_aws.data_aws_iam_policy_document import (
    DataAwsIamPolicyDocument,
    DataAwsIamPolicyDocumentStatement,
    DataAwsIamPolicyDocumentStatementPrincipals,
)
from cdktf_cdktf_provider_aws.dynamodb_table import (
    DynamodbTable,
    DynamodbTableAttribute,
    DynamodbTablePointInTimeRecovery,
)
from cdktf_cdktf_provider_aws.iam_role_policy import IamRolePolicy
from cdktf_cdktf_provider_aws.kms_alias import KmsAlias
from cdktf_cdktf_provider_aws.kms_key import KmsKey
from cdktf_cdktf_provider_aws.s3_bucket import S3Bucket
from cdktf_cdktf_provider_aws.s3_bucket_notification import S3BucketNotification, S3BucketNotificationTopic
from cdktf_cdktf_provider_aws.secretsmanager_secret import SecretsmanagerSecret
from cdktf_cdktf_provider_aws.sns_topic import SnsTopic
from cdktf_cdktf_provider_aws.sns_topic_subscription import SnsTopicSubscription

from payments_infra.constructs.encryption import Encryption
from payments_infra.constructs.notifications import Topic
from payments_infra.guardrails import problems
from payments_infra.guardrails.names import NAMED
from tests.infra.ground import Ground
from tests.infra.guarded import consume, function, guarded, queue, redriven_queue, role

if TYPE_CHECKING:
    from cdktf import TerraformStack


def alarm(stack: TerraformStack, **options: Any) -> CloudwatchMetricAlarm:  # noqa: ANN401 - whatever the alarm takes
    given = {"alarm_name": "late", "comparison_operator": "GreaterThanThreshold", "evaluation_periods": 1, **options}
    return CloudwatchMetricAlarm(stack, "late", **given)


@pytest.mark.parametrize("options", [{}, {"alarm_actions": []}, {"alarm_actions": ["arn"], "actions_enabled": False}])
def test_an_alarm_nobody_hears_is_refused(options: dict[str, Any]) -> None:
    """Defect: Dead alarms."""
    assert guarded(lambda stack: alarm(stack, **options)) == [
        (
            "late: the alarm tells nobody when it rings. Make it by Monitoring.alarm, or give it "
            "alarm_actions=[topic.arn] and let actions be enabled [alarm-without-action]"
        )
    ]


def test_an_alarm_of_alarms_must_be_heard_too() -> None:
    (problem,) = guarded(lambda stack: CloudwatchCompositeAlarm(stack, "any", alarm_name="any", alarm_rule="TRUE"))
    assert problem.startswith("any: the alarm tells nobody")


def test_an_alarm_that_tells_a_topic_passes() -> None:
    assert not guarded(lambda stack: alarm(stack, alarm_actions=[SnsTopic(stack, "topic", name="alarms").arn]))


def key(stack: TerraformStack, *services: str) -> KmsKey:
    statements = [
        {"Effect": "Allow", "Principal": {"Service": one}, "Action": ["kms:Decrypt", "kms:GenerateDataKey*"]}
        for one in services
    ]
    return KmsKey(stack, "key", policy=json.dumps({"Statement": statements}) if services else None)


def shuts_out(service: str, what: str, path: str = "key", *, whose: str = "the key's policy") -> list[str]:
    return [
        (
            f"{path}: {whose} shuts out {service}, which must encrypt {what}. Let it in by Key.allow_log_group, by "
            "Topic.allow_alarm, or by Key.allow_service with kms:Decrypt and kms:GenerateDataKey* [key-policy]"
        )
    ]


def log_group(stack: TerraformStack, *services: str) -> None:
    CloudwatchLogGroup(stack, "logs", name="/shop", kms_key_id=key(stack, *services).arn)


def rung(stack: TerraformStack, *services: str) -> None:
    topic = SnsTopic(stack, "topic", name="alarms", kms_master_key_id=key(stack, *services).arn)
    alarm(stack, alarm_actions=[topic.arn])


def sent_by_rule(stack: TerraformStack, *services: str) -> None:
    topic = SnsTopic(stack, "topic", name="events", kms_master_key_id=key(stack, *services).key_id)
    CloudwatchEventTarget(stack, "target", rule="rule", arn=topic.arn)


def given_up_by_rule(stack: TerraformStack, *services: str) -> None:
    lost = queue(stack, "lost", kms_master_key_id=key(stack, *services).arn)
    dead_letters = CloudwatchEventTargetDeadLetterConfig(arn=lost.arn)
    CloudwatchEventTarget(stack, "target", rule="rule", arn="arn", dead_letter_config=dead_letters)


def told_by_bucket(stack: TerraformStack, *services: str) -> None:
    alias = KmsAlias(stack, "alias", name="alias/shop", target_key_id=key(stack, *services).key_id)
    topic = SnsTopic(stack, "topic", name="uploads", kms_master_key_id=alias.arn)
    told = [S3BucketNotificationTopic(topic_arn=topic.arn, events=["s3:ObjectCreated:*"])]
    S3BucketNotification(stack, "uploads", bucket="bucket", topic=told)


def subscribed(stack: TerraformStack, *services: str) -> None:
    orders = redriven_queue(stack, kms_master_key_id=key(stack, *services).arn)
    consume(stack, orders, function(stack))
    SnsTopicSubscription(stack, "subscription", topic_arn="arn", protocol="sqs", endpoint=orders.arn)


@pytest.mark.parametrize(
    ("build", "service", "what"),
    [
        (log_group, "logs", "logs"),
        (rung, "cloudwatch.amazonaws.com", "topic for late"),
        (sent_by_rule, "events.amazonaws.com", "topic for target"),
        (given_up_by_rule, "events.amazonaws.com", "lost for target"),
        (told_by_bucket, "s3.amazonaws.com", "topic for uploads"),
        (subscribed, "sns.amazonaws.com", "orders for subscription"),
    ],
)
def test_a_key_that_shuts_out_a_service_which_must_use_it_is_refused(build: Any, service: str, what: str) -> None:  # noqa: ANN401 - each takes a stack and services
    """Defect: Encryption without grants."""
    let_in = f"{service}.eu-central-1.amazonaws.com" if service == "logs" else service
    assert guarded(build) == shuts_out(service, what)
    assert guarded(lambda stack: build(stack, "lambda.amazonaws.com")) == shuts_out(service, what)
    assert not guarded(lambda stack: build(stack, let_in))


def test_a_key_of_aws_takes_in_no_other_service() -> None:
    """Defect: Encryption without grants."""

    def build(stack: TerraformStack) -> None:
        topic = SnsTopic(stack, "topic", name="alarms", kms_master_key_id="alias/aws/sns")
        alarm(stack, alarm_actions=[topic.arn])

    assert guarded(build) == shuts_out(
        "cloudwatch.amazonaws.com", "topic for late", "topic", whose="alias/aws/sns, a key of AWS's own,"
    )


def test_a_key_policy_that_is_a_document_of_its_own_is_read() -> None:
    def build(stack: TerraformStack, service: str) -> None:
        principals = [DataAwsIamPolicyDocumentStatementPrincipals(type="Service", identifiers=[service])]
        statement = DataAwsIamPolicyDocumentStatement(actions=["kms:*"], resources=["*"], principals=principals)
        document = DataAwsIamPolicyDocument(stack, "document", statement=[statement])
        encrypting = KmsKey(stack, "key", policy=document.json)
        CloudwatchLogGroup(stack, "logs", name="/shop", kms_key_id=encrypting.arn)

    assert not guarded(lambda stack: build(stack, "logs.eu-central-1.amazonaws.com"))
    assert guarded(lambda stack: build(stack, "sqs.amazonaws.com")) == shuts_out("logs", "logs")


def test_the_projects_own_keys_let_in_whom_they_must() -> None:
    def build(stack: TerraformStack) -> None:
        ground = Ground(stack)
        keys = Encryption(stack, "keys", naming=ground.naming, place=ground.place)
        ground.function(log_key=keys.logs, environment_key=keys.functions)
        topic = Topic(stack, "topic", part="alarms", naming=ground.naming, place=ground.place, key=keys.queues)
        topic.allow_alarm("late")
        alarm(stack, alarm_actions=[topic.arn])

    assert not guarded(build)


def test_a_key_that_lets_in_other_log_groups_and_alarms_shuts_out_those_nobody_named() -> None:
    """Defect: Encryption without grants. Dead alarms."""

    def build(stack: TerraformStack) -> None:
        ground = Ground(stack)
        ground.function(environment_key=ground.key)
        topic = Topic(stack, "topic", part="alarms", naming=ground.naming, place=ground.place, key=ground.key)
        topic.allow_alarm("early")
        alarm(stack, alarm_actions=[topic.arn])
        CloudwatchLogGroup(stack, "logs", name="/shop", kms_key_id=ground.key.arn)

    assert sorted(guarded(build)) == [
        *shuts_out("cloudwatch.amazonaws.com", "topic/topic for late", "cmk/key"),
        *shuts_out("logs", "logs", "cmk/key"),
    ]


def table(stack: TerraformStack, **options: Any) -> DynamodbTable:  # noqa: ANN401 - whatever the table takes
    attributes = [DynamodbTableAttribute(name="id", type="S")]
    return DynamodbTable(stack, "table", name="orders", hash_key="id", attribute=attributes, **options)


@pytest.mark.parametrize(
    ("build", "found"),
    [
        (
            lambda stack: table(stack, point_in_time_recovery=DynamodbTablePointInTimeRecovery(enabled=True)),
            "table: the table can be deleted. Set deletion_protection_enabled=True",
        ),
        (
            lambda stack: table(stack, deletion_protection_enabled=True),
            "table: the table can't be brought back to a point in time. Enable point_in_time_recovery",
        ),
        (
            lambda stack: S3Bucket(stack, "bucket", bucket="orders", force_destroy=True),
            "bucket: the bucket is deleted with all it holds. Leave force_destroy out",
        ),
        (
            lambda stack: SecretsmanagerSecret(stack, "secret", name="token", recovery_window_in_days=0),
            "secret: once deleted, it can be brought back for 0 days only. Set recovery_window_in_days to 30",
        ),
        (
            lambda stack: KmsKey(stack, "key", deletion_window_in_days=7),
            "key: once deleted, it can be brought back for 7 days only. Set deletion_window_in_days to 30",
        ),
    ],
)
def test_data_one_command_would_take_away_is_refused_where_it_must_be_retained(build: Any, found: str) -> None:  # noqa: ANN401 - each takes a stack
    assert guarded(build, retain_data=True) == [f"{found} [unretained-data]"]
    assert not guarded(build)


def test_data_that_is_kept_passes() -> None:
    def build(stack: TerraformStack) -> None:
        recovery = DynamodbTablePointInTimeRecovery(enabled=True)
        table(stack, deletion_protection_enabled=True, point_in_time_recovery=recovery)
        S3Bucket(stack, "bucket", bucket="orders")
        SecretsmanagerSecret(stack, "secret", name="token")
        KmsKey(stack, "key")

    assert not guarded(build, retain_data=True)


def test_a_name_longer_than_aws_takes_is_refused() -> None:
    (problem,) = guarded(lambda stack: function(stack, function_name="n" * 65))
    assert problem == (
        f"worker: the name '{'n' * 65}' has at least 65 characters and AWS allows 64. Shorten function_name; "
        "Naming.name refuses such names where they are made [long-name]"
    )


@pytest.mark.parametrize(("length", "refused"), [(51, False), (52, True)])
def test_an_accounts_id_in_a_name_counts_as_its_twelve_digits(length: int, refused: bool) -> None:  # noqa: FBT001 - a parameter
    def build(stack: TerraformStack) -> None:
        S3Bucket(stack, "bucket", bucket=f"{'b' * length}{Ground(stack).place.account_id}")

    assert bool(guarded(build)) == refused


@pytest.mark.parametrize("type_", NAMED)
def test_every_limit_is_looked_after(type_: str) -> None:
    def lines(length: int) -> list[str]:
        body = {NAMED[type_].argument: "n" * length, "alarm_actions": ["arn"], "redrive_policy": "{}"}
        found = problems({"resource": {type_: {"one": body}}}, retain_data=False)
        return [line for line in found if line.endswith("[long-name]")]

    assert not lines(NAMED[type_].limit)
    assert len(lines(NAMED[type_].limit + 1)) == 1


def test_two_resources_of_one_type_and_name_are_refused() -> None:
    """Defect: Two instances collide."""

    def build(stack: TerraformStack) -> None:
        S3Bucket(stack, "first", bucket="orders")
        S3Bucket(stack, "second", bucket="orders")

    (problem,) = guarded(build)
    assert problem == (
        "second: aws_s3_bucket is called 'orders', and so is first. Give each a bucket of its own, made by Naming.name "
        "of another part [repeated-name]"
    )


def test_one_name_may_be_borne_by_different_types_and_in_different_scopes() -> None:
    def build(stack: TerraformStack) -> None:
        S3Bucket(stack, "bucket", bucket="orders")
        table(stack)
        for id_ in ("first", "second"):
            IamRolePolicy(stack, f"{id_}_policy", name="permissions", role=role(stack, id_).id, policy="{}")
            S3Bucket(stack, f"{id_}_unnamed")

    assert not guarded(build)
