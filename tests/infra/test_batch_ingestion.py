from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from payments_infra.constructs.batch_bucket import BatchBucket
from payments_infra.constructs.batch_ingestion import BatchIngestion
from payments_infra.constructs.definition import definition
from payments_infra.constructs.notifications import Topic
from tests.infra.ground import KEY, PARTITION, Ground, arn, granted, readable
from tests.infra.template import Template, synthesized

if TYPE_CHECKING:
    from cdktf import TerraformStack

FUNCTIONS = {"registrar": 30, "planner": 900, "ingestor": 300, "collector": 120}
NAME = "payments-batch-workflow-dev"
WORK = "work"
"""The folder of the bucket that manifests lie in."""


def ingestion(ground: Ground, **options: Any) -> BatchIngestion:  # noqa: ANN401 - whatever BatchIngestion takes
    topic = Topic(ground.stack, "office", part="office", naming=ground.naming, place=ground.place, key=ground.key)
    functions = {part: ground.function(part, timeout_seconds=seconds) for part, seconds in FUNCTIONS.items()}
    return BatchIngestion(
        ground.stack,
        "batches",
        **{
            "naming": ground.naming,
            "place": ground.place,
            "key": ground.key,
            "log_key": ground.key,
            "bucket": BatchBucket(ground.stack, "files", naming=ground.naming, place=ground.place, key=ground.key),
            "topic": topic,
            **functions,
            **options,
        },
    )


@pytest.fixture(scope="module")
def template() -> Template:
    return synthesized(lambda stack: ingestion(Ground(stack), concurrency=25, timeout_seconds=7200))


def test_the_definition_names_what_is_deployed(template: Template) -> None:
    machine = readable(template.only("aws_sfn_state_machine"))
    functions = {part: f"${{aws_lambda_function.{part}_function.arn}}" for part in FUNCTIONS}
    assert machine["name"] == NAME
    assert json.loads(machine["definition"]) == json.loads(
        definition(
            "batch",
            {
                "partition": PARTITION,
                **functions,
                **{f"{part}_seconds": seconds + 30 for part, seconds in FUNCTIONS.items()},
                "bucket": "${aws_s3_bucket.files_bucket.bucket}",
                "topic": "${aws_sns_topic.office_topic.arn}",
                "concurrency": 25,
                "timeout_seconds": 7200,
            },
        )
    )


def test_the_workflow_may_call_its_functions_read_manifests_tell_and_start_its_children(template: Template) -> None:
    """Defect: Too much permission."""
    said = [one for one in granted(template, "batches") if one["Resource"] not in ("*", KEY)]
    assert said == [
        {
            "Effect": "Allow",
            "Action": "lambda:InvokeFunction",
            "Resource": [f"${{aws_lambda_function.{part}_function.arn}}" for part in FUNCTIONS],
        },
        {"Effect": "Allow", "Action": "states:StartExecution", "Resource": arn("states", f"stateMachine:{NAME}")},
        {
            "Effect": "Allow",
            "Action": ["states:DescribeExecution", "states:StopExecution"],
            "Resource": arn("states", f"execution:{NAME}:*"),
        },
        {"Effect": "Allow", "Action": "states:RedriveExecution", "Resource": arn("states", f"execution:{NAME}/*:*")},
        {"Effect": "Allow", "Action": "s3:GetObject", "Resource": f"${{aws_s3_bucket.files_bucket.arn}}/{WORK}/*"},
        {"Effect": "Allow", "Action": "sns:Publish", "Resource": "${aws_sns_topic.office_topic.arn}"},
    ]


def test_no_function_gets_anything_of_the_workflow(template: Template) -> None:
    services = {action.partition(":")[0] for part in FUNCTIONS for action in actions_of(template, part)}
    assert services == {"logs", "xray"}


@pytest.mark.parametrize(
    ("option", "value", "rule"),
    [
        ("concurrency", 0, "concurrency must be between 1 and 10000, got 0"),
        ("concurrency", 10_001, "concurrency must be between 1 and 10000, got 10001"),
        ("timeout_seconds", 0, "timeout_seconds must be between 1 and 31536000, got 0"),
        ("timeout_seconds", 31_536_001, "timeout_seconds must be between 1 and 31536000, got 31536001"),
    ],
)
def test_what_step_functions_would_not_take_is_refused(option: str, value: int, rule: str) -> None:
    def build(stack: TerraformStack) -> None:
        with pytest.raises(ValueError, match=rule):
            ingestion(Ground(stack), **{option: value})

    synthesized(build)


def actions_of(template: Template, role: str) -> list[str]:
    found = [one["Action"] for one in granted(template, role)]
    return [action for actions in found for action in ([actions] if isinstance(actions, str) else actions)]
