from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from payments_infra.constructs.asynchronous import AsynchronousRetries
from payments_infra.constructs.dead_letters import DeadLetters
from tests.infra.ground import KEY, Ground, granted, readable
from tests.infra.template import Template, synthesized

if TYPE_CHECKING:
    from cdktf import TerraformStack


@pytest.fixture(scope="module")
def template() -> Template:
    def build(stack: TerraformStack) -> None:
        ground = Ground(stack)
        failures = DeadLetters(
            stack, "failures", part="worker", naming=ground.naming, place=ground.place, key=ground.key
        )
        patient, hasty = ground.function("patient"), ground.function("hasty")
        AsynchronousRetries(stack, "long", function=patient, max_age_seconds=3600, max_retries=2, failures=failures)
        AsynchronousRetries(stack, "short", function=hasty, max_age_seconds=60, max_retries=0)

    return synthesized(build)


def test_retries_are_limited_and_what_is_given_up_is_kept(template: Template) -> None:
    """Defect: Records lost quietly."""
    configs = readable(template.resources("aws_lambda_function_event_invoke_config"))
    assert configs["long_config"] == {
        "function_name": "${aws_lambda_function.patient_function.function_name}",
        "maximum_event_age_in_seconds": 3600,
        "maximum_retry_attempts": 2,
        "destination_config": {"on_failure": {"destination": "${aws_sqs_queue.failures_queue.arn}"}},
    }


def test_two_functions_of_a_stack_are_limited_each_in_its_own_way(template: Template) -> None:
    """Defect: Two instances collide."""
    configs = readable(template.resources("aws_lambda_function_event_invoke_config"))
    assert configs["short_config"] == {
        "function_name": "${aws_lambda_function.hasty_function.function_name}",
        "maximum_event_age_in_seconds": 60,
        "maximum_retry_attempts": 0,
    }


def test_a_function_may_write_down_what_was_given_up(template: Template) -> None:
    """Defect: Encryption without grants."""
    assert granted(template, "patient")[-2:] == [
        {"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": "${aws_sqs_queue.failures_queue.arn}"},
        {"Effect": "Allow", "Action": ["kms:Decrypt", "kms:GenerateDataKey"], "Resource": KEY},
    ]
    assert not [one for one in granted(template, "hasty") if "sqs:SendMessage" in one["Action"]]


@pytest.mark.parametrize(
    ("max_age_seconds", "max_retries", "rule"),
    [
        (59, 0, "max_age_seconds must be between 60 and 21600, got 59"),
        (21601, 0, "max_age_seconds must be between 60 and 21600, got 21601"),
        (60, -1, "max_retries must be between 0 and 2, got -1"),
        (60, 3, "max_retries must be between 0 and 2, got 3"),
    ],
)
def test_what_lambda_would_not_take_is_refused(max_age_seconds: int, max_retries: int, rule: str) -> None:
    def build(stack: TerraformStack) -> None:
        function = Ground(stack).function()
        with pytest.raises(ValueError, match=rule):
            AsynchronousRetries(
                stack, "odd", function=function, max_age_seconds=max_age_seconds, max_retries=max_retries
            )

    synthesized(build)
