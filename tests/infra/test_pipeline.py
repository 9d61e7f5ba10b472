from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from payments_infra.constructs.dead_letters import DeadLetters
from payments_infra.constructs.pipeline import Pipeline
from tests.infra.ground import KEY, Ground, arn, granted, readable, statements
from tests.infra.template import Body, Template, synthesized

if TYPE_CHECKING:
    from cdktf import TerraformStack

QUEUE_ARN = "${aws_sqs_queue.pipeline_queue.arn}"
DEAD_LETTERS_ARN = "${aws_sqs_queue.pipeline_dead_letters_queue.arn}"


def pipeline(
    ground: Ground,
    id_: str = "pipeline",
    *,
    part: str = "processing",
    consumer_timeout_seconds: int = 30,
    **options: int,
) -> Pipeline:
    return Pipeline(
        ground.stack,
        id_,
        part=part,
        naming=ground.naming,
        place=ground.place,
        key=ground.key,
        consumer_timeout_seconds=consumer_timeout_seconds,
        **options,
    )


def queue_of(template: Template, name: str) -> Body:
    (found,) = [body for body in template.resources("aws_sqs_queue").values() if body["name"] == name]
    queue: Body = readable(found)
    return queue


@pytest.fixture(scope="module")
def template() -> Template:
    def build(stack: TerraformStack) -> None:
        ground = Ground(stack)
        processing = pipeline(ground)
        processing.grant_send(ground.role("sender"))
        processing.grant_consume(ground.role("consumer"))
        processing.dead_letters.grant_send(ground.role("giver_up"))
        pipeline(
            ground,
            "other",
            part="notification",
            consumer_timeout_seconds=900,
            retention_seconds=14 * 24 * 3600 - 1,
            max_receives=3,
            data_key_reuse_seconds=86400,
        )

    return synthesized(build)


def test_a_message_is_hidden_six_times_as_long_as_its_consumer_may_run(template: Template) -> None:
    assert queue_of(template, "payments-processing-dev")["visibility_timeout_seconds"] == 180
    assert queue_of(template, "payments-notification-dev")["visibility_timeout_seconds"] == 5400


def test_a_message_given_up_five_times_lands_in_the_queues_own_dead_letters(template: Template) -> None:
    """Defect: Nothing consumed the queues."""
    queue = queue_of(template, "payments-processing-dev")
    assert json.loads(queue["redrive_policy"]) == {"deadLetterTargetArn": DEAD_LETTERS_ARN, "maxReceiveCount": 5}
    other = json.loads(queue_of(template, "payments-notification-dev")["redrive_policy"])
    assert other == {"deadLetterTargetArn": "${aws_sqs_queue.other_dead_letters_queue.arn}", "maxReceiveCount": 3}


def test_redrive_policies_are_written_as_sqs_gives_them_back(template: Template) -> None:
    """Defect: Perpetual diffs."""
    queues = template.resources("aws_sqs_queue").values()
    policies = [body[field] for body in queues for field in ("redrive_policy", "redrive_allow_policy") if field in body]
    assert len(policies) == 4
    assert not [policy for policy in policies if " " in policy]


def test_dead_letters_are_taken_from_their_own_queue_only(template: Template) -> None:
    dead_letters = queue_of(template, "payments-processing-dead-letters-dev")
    assert json.loads(dead_letters["redrive_allow_policy"]) == {
        "redrivePermission": "byQueue",
        "sourceQueueArns": [arn("sqs", "payments-processing-dev")],
    }


@pytest.mark.parametrize("part", ["processing", "notification"])
def test_dead_letters_are_kept_longer_than_messages_ever_are(template: Template, part: str) -> None:
    """Defect: Nothing consumed the queues."""
    kept_seconds = queue_of(template, f"payments-{part}-dev")["message_retention_seconds"]
    dead_letters = queue_of(template, f"payments-{part}-dead-letters-dev")
    assert dead_letters["message_retention_seconds"] == 14 * 24 * 3600 > kept_seconds


@pytest.mark.parametrize("name", ["payments-processing-dev", "payments-processing-dead-letters-dev"])
def test_both_queues_are_encrypted_and_ask_for_a_data_key_every_five_minutes(template: Template, name: str) -> None:
    queue = queue_of(template, name)
    assert queue["kms_master_key_id"] == KEY
    assert queue["kms_data_key_reuse_period_seconds"] == 300


@pytest.mark.parametrize("name", ["payments-notification-dev", "payments-notification-dead-letters-dev"])
def test_the_reuse_of_a_data_key_is_set_for_both_queues(template: Template, name: str) -> None:
    assert queue_of(template, name)["kms_data_key_reuse_period_seconds"] == 86400


@pytest.mark.parametrize("name", ["payments-processing-dev", "payments-processing-dead-letters-dev"])
def test_both_queues_refuse_plain_text(template: Template, name: str) -> None:
    """Defect: Open doors."""
    assert statements(queue_of(template, name)["policy"]) == [
        {
            "Sid": "RefusePlainText",
            "Effect": "Deny",
            "Principal": "*",
            "Action": "sqs:*",
            "Resource": arn("sqs", name),
            "Condition": {"Bool": {"aws:SecureTransport": "false"}},
        }
    ]


def test_a_sender_may_send_and_encrypt(template: Template) -> None:
    """Defect: Encryption without grants."""
    assert granted(template, "sender") == [
        {"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": QUEUE_ARN},
        {"Effect": "Allow", "Action": ["kms:Decrypt", "kms:GenerateDataKey"], "Resource": KEY},
    ]


def test_a_consumer_may_do_what_a_mapping_does_and_decrypt(template: Template) -> None:
    """Defect: Encryption without grants."""
    assert granted(template, "consumer") == [
        {
            "Effect": "Allow",
            "Action": ["sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage"],
            "Resource": QUEUE_ARN,
        },
        {"Effect": "Allow", "Action": "kms:Decrypt", "Resource": KEY},
    ]


def test_whoever_gives_up_may_send_to_the_dead_letters_alone(template: Template) -> None:
    assert granted(template, "giver_up") == [
        {"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": DEAD_LETTERS_ARN},
        {"Effect": "Allow", "Action": ["kms:Decrypt", "kms:GenerateDataKey"], "Resource": KEY},
    ]


def test_dead_letters_of_no_queue_can_be_no_queues_dead_letters() -> None:
    def build(stack: TerraformStack) -> None:
        ground = Ground(stack)
        DeadLetters(stack, "failures", part="auditor", naming=ground.naming, place=ground.place, key=ground.key)

    queue = synthesized(build).only("aws_sqs_queue")
    assert queue["name"] == "payments-auditor-dead-letters-dev"
    assert json.loads(queue["redrive_allow_policy"]) == {"redrivePermission": "denyAll"}


def test_metrics_name_the_queue_they_are_about() -> None:
    metrics = {}

    def build(stack: TerraformStack) -> None:
        made = pipeline(Ground(stack))
        metrics["age"] = made.metric_oldest_message_age()
        metrics["waiting"] = made.metric_waiting()
        metrics["dead"] = made.metric_dead_letters()
        stack.add_override("output.names.value", [one.dimensions["QueueName"] for one in metrics.values()])

    queue, dead_letters = "aws_sqs_queue.pipeline_queue", "aws_sqs_queue.pipeline_dead_letters_queue"
    assert readable(synthesized(build).outputs["names"]["value"]) == [
        f"${{{queue}.name}}",
        f"${{{queue}.name}}",
        f"${{{dead_letters}.name}}",
    ]
    assert {(one.namespace, one.name, one.statistic, one.label) for one in metrics.values()} == {
        ("AWS/SQS", "ApproximateAgeOfOldestMessage", "Maximum", "payments-processing-dev oldest message (s)"),
        ("AWS/SQS", "ApproximateNumberOfMessagesVisible", "Maximum", "payments-processing-dev waiting"),
        ("AWS/SQS", "ApproximateNumberOfMessagesVisible", "Maximum", "payments-processing-dead-letters-dev waiting"),
    }


@pytest.mark.parametrize(
    ("option", "value", "rule"),
    [
        ("consumer_timeout_seconds", 0, "between 1 and 900, got 0"),
        ("consumer_timeout_seconds", 901, "between 1 and 900, got 901"),
        ("retention_seconds", 59, "between 60 and 1209599, got 59"),
        ("retention_seconds", 14 * 24 * 3600, "between 60 and 1209599, got 1209600"),
        ("max_receives", 0, "between 1 and 1000, got 0"),
        ("max_receives", 1001, "between 1 and 1000, got 1001"),
        ("data_key_reuse_seconds", 59, "between 60 and 86400, got 59"),
        ("data_key_reuse_seconds", 86401, "between 60 and 86400, got 86401"),
    ],
)
def test_what_sqs_would_not_take_is_refused(option: str, value: int, rule: str) -> None:
    def build(stack: TerraformStack) -> None:
        with pytest.raises(ValueError, match=f"{option} must be {rule}"):
            pipeline(Ground(stack), "pipeline", part="processing", **{option: value})

    synthesized(build)
