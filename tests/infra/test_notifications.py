from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from payments_infra.constructs.encryption import Encryption
from payments_infra.constructs.notifications import Topic
from tests.infra.ground import ACCOUNT, KEY, Ground, arn, granted, readable, statements
from tests.infra.template import Template, synthesized

if TYPE_CHECKING:
    from cdktf import TerraformStack

RINGING = ["payments-api-5xx-dev", "payments-api-latency-dev"]
ALARMS = [arn("cloudwatch", f"alarm:{name}") for name in RINGING]


def refuses_plain_text(name: str) -> dict[str, object]:
    return {
        "Sid": "RefusePlainText",
        "Effect": "Deny",
        "Principal": "*",
        "Action": "sns:Publish",
        "Resource": arn("sns", name),
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }


def topic(ground: Ground, id_: str, **options: list[str]) -> Topic:
    return Topic(
        ground.stack,
        id_,
        part=id_,
        naming=ground.naming,
        place=ground.place,
        key=ground.key,
        **options,
    )


@pytest.fixture(scope="module")
def template() -> Template:
    def build(stack: TerraformStack) -> None:
        ground = Ground(stack)
        topic(ground, "customers").grant_publish(ground.role("notifier"))
        alarms = topic(ground, "alarms", emails=["ops@example.com", "lead@example.com"])
        for name in RINGING:
            alarms.allow_alarm(name)

    return synthesized(build)


def topic_policy(template: Template, name: str) -> list[dict[str, object]]:
    (found,) = [body for body in template.resources("aws_sns_topic").values() if body["name"] == name]
    assert readable(found["kms_master_key_id"]) == KEY
    return statements(found["policy"])


def test_a_topic_is_encrypted_and_refuses_plain_text(template: Template) -> None:
    """Defect: Open doors."""
    assert topic_policy(template, "payments-customers-dev") == [refuses_plain_text("payments-customers-dev")]


def test_the_alarms_that_were_named_alone_may_publish(template: Template) -> None:
    """Defect: Encryption without grants. There were topics that alarms might not use."""
    assert topic_policy(template, "payments-alarms-dev") == [
        refuses_plain_text("payments-alarms-dev"),
        {
            "Sid": "Alarms",
            "Effect": "Allow",
            "Principal": {"Service": "cloudwatch.amazonaws.com"},
            "Action": "sns:Publish",
            "Resource": arn("sns", "payments-alarms-dev"),
            "Condition": {
                "StringEquals": {"aws:SourceAccount": ACCOUNT},
                "ArnEquals": {"aws:SourceArn": ALARMS},
            },
        },
    ]


def test_the_topics_key_lets_in_the_alarms_the_topic_lets_in_for_this_topic_alone() -> None:
    """Defect: Encryption without grants. There were topics that alarms might not use."""

    def build(stack: TerraformStack) -> None:
        ground = Ground(stack)
        ground.key = Encryption(stack, "encryption", naming=ground.naming, place=ground.place).queues
        alarms = topic(ground, "alarms")
        for name in RINGING:
            alarms.allow_alarm(name)

    template = synthesized(build)
    (key,) = [
        body for name, body in template.resources("aws_kms_key").items() if name.startswith("encryption_queues_key")
    ]
    (allowed,) = [
        one
        for one in statements(key["policy"])
        if one["Principal"] == {"Service": "cloudwatch.amazonaws.com"} and one["Effect"] == "Allow"
    ]
    assert {"kms:Decrypt", "kms:GenerateDataKey"} <= {action.rstrip("*") for action in allowed["Action"]}
    assert allowed["Condition"] == {
        "StringEquals": {"aws:SourceAccount": ACCOUNT},
        "ArnEquals": {
            "kms:EncryptionContext:aws:sns:topicArn": arn("sns", "payments-alarms-dev"),
            "aws:SourceArn": ALARMS,
        },
    }
    assert readable(template.only("aws_sns_topic"))["kms_master_key_id"] == "${aws_kms_key.encryption_queues_key.arn}"


def test_every_address_is_subscribed_by_an_id_of_its_own(template: Template) -> None:
    subscriptions = readable(template.resources("aws_sns_topic_subscription"))
    assert {(body["endpoint"], body["protocol"], body["topic_arn"]) for body in subscriptions.values()} == {
        ("ops@example.com", "email", "${aws_sns_topic.alarms_topic.arn}"),
        ("lead@example.com", "email", "${aws_sns_topic.alarms_topic.arn}"),
    }


def test_taking_one_address_out_leaves_the_other_subscribed_as_it_was(template: Template) -> None:
    """Defect: Perpetual diffs."""
    fewer = synthesized(lambda stack: topic(Ground(stack), "alarms", emails=["lead@example.com"]))
    ((name, subscription),) = fewer.resources("aws_sns_topic_subscription").items()
    assert template.resource("aws_sns_topic_subscription", name)["endpoint"] == subscription["endpoint"]


def test_a_publisher_may_publish_and_encrypt(template: Template) -> None:
    """Defect: Encryption without grants."""
    assert granted(template, "notifier") == [
        {"Effect": "Allow", "Action": "sns:Publish", "Resource": "${aws_sns_topic.customers_topic.arn}"},
        {"Effect": "Allow", "Action": ["kms:Decrypt", "kms:GenerateDataKey"], "Resource": KEY},
    ]


def test_the_metric_counts_what_a_subscriber_never_got() -> None:
    found = []

    def build(stack: TerraformStack) -> None:
        found.append(topic(Ground(stack), "customers").metric_failed_deliveries())
        stack.add_override("output.dimensions.value", json.loads(json.dumps(found[0].dimensions)))

    assert readable(synthesized(build).outputs["dimensions"]["value"]) == {
        "TopicName": "${aws_sns_topic.customers_topic.name}"
    }
    assert (found[0].namespace, found[0].name, found[0].statistic, found[0].label) == (
        "AWS/SNS",
        "NumberOfNotificationsFailed",
        "Sum",
        "payments-customers-dev failed deliveries",
    )
