from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from payments_infra.constructs.definition import definition
from payments_infra.constructs.notifications import Topic
from payments_infra.constructs.payment_workflow import PROCESSING_SECONDS, PaymentWorkflow
from tests.infra.ground import KEY, PARTITION, Ground, granted, readable
from tests.infra.template import Template, synthesized

if TYPE_CHECKING:
    from cdktf import TerraformStack

FUNCTIONS = {"examiner": 15, "requester": 20, "charger": 30}


def workflow(ground: Ground, **options: Any) -> PaymentWorkflow:  # noqa: ANN401 - whatever PaymentWorkflow takes
    topic = Topic(ground.stack, "office", part="office", naming=ground.naming, place=ground.place, key=ground.key)
    functions = {part: ground.function(part, timeout_seconds=seconds) for part, seconds in FUNCTIONS.items()}
    return PaymentWorkflow(
        ground.stack,
        "orchestration",
        **{
            "naming": ground.naming,
            "place": ground.place,
            "key": ground.key,
            "log_key": ground.key,
            "topic": topic,
            **functions,
            **options,
        },
    )


@pytest.fixture(scope="module")
def template() -> Template:
    return synthesized(lambda stack: workflow(Ground(stack), approval_timeout_seconds=3600))


def test_the_definition_names_what_is_deployed_and_outlasts_the_approval(template: Template) -> None:
    machine = readable(template.only("aws_sfn_state_machine"))
    assert machine["name"] == "payments-payment-workflow-dev"
    assert json.loads(machine["definition"]) == json.loads(
        definition(
            "payment",
            {
                "partition": PARTITION,
                **{part: f"${{aws_lambda_function.{part}_function.arn}}" for part in FUNCTIONS},
                "examiner_seconds": 45,
                "charger_seconds": 60,
                "topic": "${aws_sns_topic.office_topic.arn}",
                "approval_timeout_seconds": 3600,
                "timeout_seconds": 3600 + PROCESSING_SECONDS,
            },
        )
    )


def test_the_workflow_may_call_its_functions_and_tell(template: Template) -> None:
    """Defect: Too much permission."""
    assert [one for one in granted(template, "orchestration") if one["Resource"] not in ("*", KEY)] == [
        {
            "Effect": "Allow",
            "Action": "lambda:InvokeFunction",
            "Resource": [f"${{aws_lambda_function.{part}_function.arn}}" for part in FUNCTIONS],
        },
        {"Effect": "Allow", "Action": "sns:Publish", "Resource": "${aws_sns_topic.office_topic.arn}"},
    ]


@pytest.mark.parametrize("error", ["PaymentUnsettled", "GatewayAmbiguous", "VersionConflict", "StoreBusy"])
def test_a_charge_is_tried_for_hours_while_others_or_a_busy_table_stand_in_its_way(
    template: Template, error: str
) -> None:
    machine = readable(template.only("aws_sfn_state_machine"))
    retriers = json.loads(machine["definition"])["States"]["ProcessPayment"]["Retry"]
    retrier = next(one for one in retriers if {error, "States.ALL"} & {*one["ErrorEquals"]})
    assert retrier["MaxAttempts"] * retrier["MaxDelaySeconds"] / 2 >= 4 * 3600


@pytest.mark.parametrize("seconds", [0, 365 * 24 * 3600])
def test_an_approval_that_outlasts_every_execution_is_refused(seconds: int) -> None:
    def build(stack: TerraformStack) -> None:
        with pytest.raises(ValueError, match=f"approval_timeout_seconds must be between 1 and .*, got {seconds}"):
            workflow(Ground(stack), approval_timeout_seconds=seconds)

    synthesized(build)
