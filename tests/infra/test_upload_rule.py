from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from payments_infra.constructs.batch_bucket import BatchBucket
from payments_infra.constructs.state_machine import StateMachine
from payments_infra.constructs.upload_rule import UploadRule
from tests.infra.ground import ACCOUNT, KEY, Ground, arn, granted, readable, statements
from tests.infra.template import Body, Template, synthesized

if TYPE_CHECKING:
    from cdktf import TerraformStack

    from payments_infra.constructs.metric import Metric

MACHINE_ARN = "${aws_sfn_state_machine.ingestion_machine.arn}"
QUEUE_ARN = "${aws_sqs_queue.uploads_dead_letters_queue.arn}"
RULE_ARN = arn("events", "rule/payments-uploads-dev")


def upload_rule(ground: Ground) -> UploadRule:
    stack = ground.stack
    return UploadRule(
        stack,
        "uploads",
        naming=ground.naming,
        place=ground.place,
        key=ground.key,
        bucket=BatchBucket(stack, "files", naming=ground.naming, place=ground.place, key=ground.key),
        machine=StateMachine(
            stack,
            "ingestion",
            part="ingestion",
            naming=ground.naming,
            place=ground.place,
            definition="{}",
            key=ground.key,
            log_key=ground.key,
        ),
    )


@pytest.fixture(scope="module")
def template() -> Template:
    def build(stack: TerraformStack) -> None:
        upload_rule(Ground(stack))

    return synthesized(build)


@pytest.fixture(scope="module")
def target(template: Template) -> Body:
    found: Body = readable(template.only("aws_cloudwatch_event_target"))
    return found


def test_only_csv_files_under_incoming_of_this_bucket_start_anything(template: Template) -> None:
    rule = readable(template.only("aws_cloudwatch_event_rule"))
    assert rule["name"] == "payments-uploads-dev"
    assert json.loads(rule["event_pattern"]) == {
        "source": ["aws.s3"],
        "detail-type": ["Object Created"],
        "detail": {
            "bucket": {"name": ["${aws_s3_bucket.files_bucket.bucket}"]},
            "object": {"key": [{"wildcard": "incoming/*.csv"}]},
        },
    }


def test_an_execution_is_told_bucket_key_and_version_and_nothing_else(target: Body) -> None:
    assert target["rule"] == "${aws_cloudwatch_event_rule.uploads_rule.name}"
    assert target["arn"] == MACHINE_ARN
    assert target["input_transformer"]["input_paths"] == {
        "bucket": "$.detail.bucket.name",
        "key": "$.detail.object.key",
        "version": "$.detail.object.version-id",
    }
    template = target["input_transformer"]["input_template"]
    filled = template.replace("<bucket>", '"b"').replace("<key>", '"incoming/a file.csv"').replace("<version>", '"v"')
    assert json.loads(filled) == {"bucket": "b", "key": "incoming/a file.csv", "version": "v"}


def test_a_start_that_fails_is_tried_for_a_day_and_then_kept(target: Body) -> None:
    assert target["retry_policy"] == {"maximum_event_age_in_seconds": 86_400, "maximum_retry_attempts": 185}
    assert target["dead_letter_config"] == {"arn": QUEUE_ARN}


def test_this_rule_alone_puts_dead_letters_into_the_queue(template: Template) -> None:
    """Defect: Nothing consumed the queues. Dead-letter queues nothing could write to."""
    refused, allowed = statements(template.only("aws_sqs_queue")["policy"])
    assert refused["Sid"] == "RefusePlainText"
    assert allowed == {
        "Sid": "Rule",
        "Effect": "Allow",
        "Principal": {"Service": "events.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": arn("sqs", "payments-uploads-dead-letters-dev"),
        "Condition": {"ArnEquals": {"aws:SourceArn": RULE_ARN}},
    }
    assert readable(template.only("aws_sqs_queue"))["kms_master_key_id"] == KEY


def test_the_queues_key_lets_this_rule_encrypt_dead_letters_of_this_queue_alone(template: Template) -> None:
    """Defect: Encryption without grants."""
    (key,) = [one for name, one in template.resources("aws_kms_key").items() if name.startswith("cmk_")]
    (allowed,) = [one for one in statements(key["policy"]) if one["Principal"] == {"Service": "events.amazonaws.com"}]
    assert allowed["Action"] == ["kms:Decrypt", "kms:GenerateDataKey"]
    assert allowed["Condition"] == {
        "StringEquals": {"aws:SourceAccount": ACCOUNT},
        "ArnEquals": {
            "kms:EncryptionContext:aws:sqs:arn": arn("sqs", "payments-uploads-dead-letters-dev"),
            "aws:SourceArn": RULE_ARN,
        },
    }


def test_the_rules_role_may_start_this_machine_and_nothing_else(template: Template, target: Body) -> None:
    """Defect: Too much permission. Starting every state machine."""
    assert target["role_arn"] == "${aws_iam_role.uploads_role.arn}"
    assert granted(template, "uploads") == [
        {"Effect": "Allow", "Action": "states:StartExecution", "Resource": MACHINE_ARN}
    ]


def test_only_this_rule_assumes_the_role(template: Template) -> None:
    (trust,) = statements(readable(template.resources("aws_iam_role"))["uploads_role"]["assume_role_policy"])
    assert trust["Principal"] == {"Service": "events.amazonaws.com"}
    assert trust["Condition"] == {
        "StringEquals": {"aws:SourceAccount": ACCOUNT},
        "ArnEquals": {"aws:SourceArn": RULE_ARN},
    }


def test_the_metric_counts_uploads_that_were_given_up() -> None:
    found: list[Metric] = []

    def build(stack: TerraformStack) -> None:
        found.append(upload_rule(Ground(stack)).metric_dead_letters())

    synthesized(build)
    assert (found[0].name, found[0].label) == (
        "ApproximateNumberOfMessagesVisible",
        "payments-uploads-dead-letters-dev waiting",
    )
