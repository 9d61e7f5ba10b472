from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from payments_infra.constructs.state_machine import StateMachine
from tests.infra.ground import ACCOUNT, KEY, Ground, arn, granted, readable, statements
from tests.infra.template import Template, synthesized

if TYPE_CHECKING:
    from cdktf import TerraformStack

DEFINITION = '{"StartAt":"Done","States":{"Done":{"Type":"Succeed"}}}'
OWN_ARN = arn("states", "stateMachine:payments-walk-dev")
TOLD_LOGS = {"StringLike": {"kms:EncryptionContext:SourceArn": arn("logs", "*")}}
LOG_DELIVERY = [
    "logs:CreateLogDelivery",
    "logs:DeleteLogDelivery",
    "logs:DescribeLogGroups",
    "logs:DescribeResourcePolicies",
    "logs:GetLogDelivery",
    "logs:ListLogDeliveries",
    "logs:PutResourcePolicy",
    "logs:UpdateLogDelivery",
]
TRACES = ["xray:GetSamplingRules", "xray:GetSamplingTargets", "xray:PutTelemetryRecords", "xray:PutTraceSegments"]
ON_THE_KEY = [
    {
        "Effect": "Allow",
        "Action": ["kms:Decrypt", "kms:GenerateDataKey"],
        "Resource": KEY,
        "Condition": {"ArnLike": {"kms:EncryptionContext:aws:states:stateMachineArn": [OWN_ARN, f"{OWN_ARN}/*"]}},
    },
    {"Effect": "Allow", "Action": "kms:GenerateDataKey", "Resource": KEY, "Condition": TOLD_LOGS},
]


def state_machine(ground: Ground, id_: str = "walk", **options: Any) -> StateMachine:  # noqa: ANN401 - whatever it takes
    return StateMachine(
        ground.stack,
        id_,
        **{
            "part": id_,
            "naming": ground.naming,
            "place": ground.place,
            "definition": DEFINITION,
            "key": ground.key,
            "log_key": ground.key,
            **options,
        },
    )


@pytest.fixture(scope="module")
def template() -> Template:
    return synthesized(lambda stack: state_machine(Ground(stack)))


def test_a_state_machine_keeps_every_step_of_its_executions(template: Template) -> None:
    machine = readable(template.only("aws_sfn_state_machine"))
    assert machine["name"] == "payments-walk-dev"
    assert machine["type"] == "STANDARD"
    assert machine["definition"] == DEFINITION
    assert machine["tracing_configuration"] == {"enabled": True}


def test_definition_and_executions_are_encrypted(template: Template) -> None:
    assert readable(template.only("aws_sfn_state_machine"))["encryption_configuration"] == {
        "type": "CUSTOMER_MANAGED_KMS_KEY",
        "kms_key_id": KEY,
        "kms_data_key_reuse_period_seconds": 300,
    }


def test_every_step_is_logged_and_nothing_of_what_it_held(template: Template) -> None:
    """Task tokens would let every reader of logs approve payments."""
    assert readable(template.only("aws_sfn_state_machine"))["logging_configuration"] == {
        "level": "ALL",
        "include_execution_data": False,
        "log_destination": "${aws_cloudwatch_log_group.walk_log_group.arn}:*",
    }
    log_group = readable(template.only("aws_cloudwatch_log_group"))
    assert log_group["name"] == "/aws/vendedlogs/states/payments-walk-dev"
    assert (log_group["kms_key_id"], log_group["retention_in_days"]) == (KEY, 30)


def test_a_role_starts_with_its_own_logs_traces_and_key_only(template: Template) -> None:
    """Defect: Too much permission."""
    assert granted(template, "walk") == [
        {"Effect": "Allow", "Action": [*LOG_DELIVERY, *TRACES], "Resource": "*"},
        *ON_THE_KEY,
    ]
    assert readable(template.only("aws_sfn_state_machine"))["role_arn"] == "${aws_iam_role.walk_role.arn}"


def test_no_grant_on_the_key_names_a_service_which_would_keep_executions_from_starting(template: Template) -> None:
    """Defect: Encryption without grants."""
    conditions = [json.dumps(one.get("Condition", {})) for one in granted(template, "walk")]
    assert not [one for one in conditions if "kms:ViaService" in one]


def test_the_key_lets_logs_be_delivered(template: Template) -> None:
    """Defect: Encryption without grants."""
    policy = statements(template.only("aws_kms_key")["policy"])
    (allowed,) = [one for one in policy if one["Sid"] == "LogDelivery"]
    assert allowed == {
        "Sid": "LogDelivery",
        "Effect": "Allow",
        "Principal": {"Service": "delivery.logs.amazonaws.com"},
        "Action": "kms:Decrypt",
        "Resource": "*",
        "Condition": TOLD_LOGS,
    }


def test_the_role_is_trusted_on_behalf_of_this_machine_alone(template: Template) -> None:
    (trust,) = statements(template.only("aws_iam_role")["assume_role_policy"])
    assert trust["Principal"] == {"Service": "states.amazonaws.com"}
    assert trust["Condition"] == {
        "StringEquals": {"aws:SourceAccount": ACCOUNT},
        "ArnLike": {"aws:SourceArn": [OWN_ARN, f"{OWN_ARN}/*"]},
    }


def test_the_permissions_stand_before_step_functions_asks_for_them(template: Template) -> None:
    machine = readable(template.only("aws_sfn_state_machine"))
    assert machine["depends_on"] == ["aws_iam_role_policy.walk_role_policy"]


def test_an_untraced_machine_may_not_trace() -> None:
    template = synthesized(lambda stack: state_machine(Ground(stack), traced=False))
    assert template.only("aws_sfn_state_machine")["tracing_configuration"] == {"enabled": False}
    assert granted(template, "walk")[0]["Action"] == LOG_DELIVERY


def test_whoever_may_start_or_answer_needs_nothing_of_the_key() -> None:
    def build(stack: TerraformStack) -> None:
        ground = Ground(stack)
        machine = state_machine(ground)
        machine.grant_start(ground.role("starter"))
        machine.grant_answer(ground.role("answerer"))

    template = synthesized(build)
    machine_arn = "${aws_sfn_state_machine.walk_machine.arn}"
    assert granted(template, "starter") == [
        {"Effect": "Allow", "Action": "states:StartExecution", "Resource": machine_arn}
    ]
    assert granted(template, "answerer") == [
        {"Effect": "Allow", "Action": "states:SendTaskSuccess", "Resource": machine_arn}
    ]


def test_a_map_may_start_its_own_children_and_look_after_them_and_no_others() -> None:
    """Defect: Too much permission. States:StartExecution was allowed on everything."""
    template = synthesized(lambda stack: state_machine(Ground(stack)).allow_map())
    executions = arn("states", "execution:payments-walk-dev")
    assert granted(template, "walk")[3:] == [
        {"Effect": "Allow", "Action": "states:StartExecution", "Resource": OWN_ARN},
        {
            "Effect": "Allow",
            "Action": ["states:DescribeExecution", "states:StopExecution"],
            "Resource": f"{executions}:*",
        },
        {"Effect": "Allow", "Action": "states:RedriveExecution", "Resource": f"{executions}/*:*"},
    ]


def test_the_metrics_are_those_of_this_machine() -> None:
    found = []

    def build(stack: TerraformStack) -> None:
        machine = state_machine(Ground(stack))
        found.extend(
            [
                machine.metric_started(),
                machine.metric_failed(),
                machine.metric_timed_out(),
                machine.metric_aborted(),
                machine.metric_throttled(),
                machine.metric_time(),
            ]
        )
        stack.add_override("output.dimensions.value", [dict(metric.dimensions) for metric in found])

    own = {"StateMachineArn": "${aws_sfn_state_machine.walk_machine.arn}"}
    assert readable(synthesized(build).outputs["dimensions"]["value"]) == [own] * 6
    assert {metric.namespace for metric in found} == {"AWS/States"}
    assert [(metric.name, metric.statistic, metric.label) for metric in found] == [
        ("ExecutionsStarted", "Sum", "payments-walk-dev started"),
        ("ExecutionsFailed", "Sum", "payments-walk-dev failed"),
        ("ExecutionsTimedOut", "Sum", "payments-walk-dev timed out"),
        ("ExecutionsAborted", "Sum", "payments-walk-dev aborted"),
        ("ExecutionThrottled", "Sum", "payments-walk-dev throttled"),
        ("ExecutionTime", "Maximum", "payments-walk-dev longest execution (ms)"),
    ]


def test_a_name_step_functions_would_not_take_is_refused() -> None:
    def build(stack: TerraformStack) -> None:
        with pytest.raises(ValueError, match=r"the state machine name .* has 83 characters and AWS allows 80"):
            state_machine(Ground(stack), part="x" * 70)

    synthesized(build)


def test_a_stack_can_hold_two_state_machines_on_one_key() -> None:
    """Defect: Two instances collide."""

    def build(stack: TerraformStack) -> None:
        ground = Ground(stack)
        for id_ in ("walk", "run"):
            state_machine(ground, id_)

    template = synthesized(build)
    for type_ in ("aws_sfn_state_machine", "aws_iam_role", "aws_iam_role_policy", "aws_cloudwatch_log_group"):
        assert len(template.resources(type_)) == 2
    sids = [one["Sid"] for one in statements(template.only("aws_kms_key")["policy"])]
    assert sids == ["AdministeredByTheAccount", "LogGroups", "LogDelivery"]
