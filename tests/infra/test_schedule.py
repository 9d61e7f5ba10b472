from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from payments_infra.constructs.schedule import Schedule
from tests.infra.ground import Ground, readable
from tests.infra.template import Template, synthesized

if TYPE_CHECKING:
    from cdktf import TerraformStack


@pytest.fixture(scope="module")
def template() -> Template:
    def build(stack: TerraformStack) -> None:
        ground = Ground(stack)
        sweeper = ground.function("sweeper")
        Schedule(stack, "sweeping", part="sweeping", naming=ground.naming, function=sweeper)

    return synthesized(build)


def test_the_function_runs_every_minute_unless_told(template: Template) -> None:
    rule = template.only("aws_cloudwatch_event_rule")
    assert rule["name"] == "payments-sweeping-dev"
    assert rule["schedule_expression"] == "rate(1 minute)"
    assert rule["description"] == "Runs payments-sweeper-dev"


def test_the_rule_starts_the_function(template: Template) -> None:
    target = readable(template.only("aws_cloudwatch_event_target"))
    assert target["rule"] == "${aws_cloudwatch_event_rule.sweeping_rule.name}"
    assert target["arn"] == "${aws_lambda_function.sweeper_function.arn}"


def test_the_rule_alone_may_start_the_function_on_the_clocks_behalf(template: Template) -> None:
    permission = readable(template.only("aws_lambda_permission"))
    assert permission["principal"] == "events.amazonaws.com"
    assert permission["source_arn"] == "${aws_cloudwatch_event_rule.sweeping_rule.arn}"
    assert permission["function_name"] == "${aws_lambda_function.sweeper_function.function_name}"


def test_a_minute_that_is_past_is_not_run_again(template: Template) -> None:
    target = template.only("aws_cloudwatch_event_target")
    assert target["retry_policy"] == {"maximum_event_age_in_seconds": 60, "maximum_retry_attempts": 1}
    limits = template.only("aws_lambda_function_event_invoke_config")
    assert (limits["maximum_event_age_in_seconds"], limits["maximum_retry_attempts"]) == (60, 0)


@pytest.mark.parametrize(
    "expression",
    ["rate(1 hour)", "rate(5 minutes)", "rate(10 days)", "cron(0 3 * * ? *)", "cron(0/15 8-17 ? * MON-FRI *)"],
)
def test_expressions_eventbridge_takes_are_taken(expression: str) -> None:
    def build(stack: TerraformStack) -> None:
        ground = Ground(stack)
        Schedule(stack, "often", part="often", naming=ground.naming, function=ground.function(), expression=expression)

    assert synthesized(build).only("aws_cloudwatch_event_rule")["schedule_expression"] == expression


@pytest.mark.parametrize(
    "expression", ["", "1 minute", "rate(1 minutes)", "rate(2 minute)", "rate(0 minutes)", "cron(* *)"]
)
def test_expressions_eventbridge_would_refuse_are_refused(expression: str) -> None:
    def build(stack: TerraformStack) -> None:
        ground = Ground(stack)
        with pytest.raises(ValueError, match="expression must look like 'rate"):
            Schedule(stack, "odd", part="odd", naming=ground.naming, function=ground.function(), expression=expression)

    synthesized(build)


def test_a_stack_can_hold_two_schedules() -> None:
    """Defect: Two instances collide."""

    def build(stack: TerraformStack) -> None:
        ground = Ground(stack)
        for part in ("sweeping", "reporting"):
            Schedule(stack, part, part=part, naming=ground.naming, function=ground.function(f"{part}-worker"))

    assert len(synthesized(build).resources("aws_cloudwatch_event_rule")) == 2
