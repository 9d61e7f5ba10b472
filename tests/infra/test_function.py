from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from payments_infra.constructs.code import Archive
from payments_infra.constructs.function_network import NetworkAttachment
from payments_infra.constructs.layer import Layer
from tests.infra.ground import KEY, Ground, arn, granted, readable
from tests.infra.template import Body, Template, synthesized

if TYPE_CHECKING:
    from cdktf import TerraformStack

    from payments_infra.constructs.metric import Metric

OWN_LOGS = {
    "Effect": "Allow",
    "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
    "Resource": "${aws_cloudwatch_log_group.worker_log_group.arn}:*",
}
TRACES = {"Effect": "Allow", "Action": ["xray:PutTelemetryRecords", "xray:PutTraceSegments"], "Resource": "*"}
ON_INTERFACES = [
    "ec2:AssignPrivateIpAddresses",
    "ec2:CreateNetworkInterface",
    "ec2:DeleteNetworkInterface",
    "ec2:UnassignPrivateIpAddresses",
]
LISTING = ["ec2:DescribeNetworkInterfaces", "ec2:DescribeSubnets"]


def with_function(**options: Any) -> Template:  # noqa: ANN401 - whatever Function takes
    return synthesized(lambda stack: Ground(stack).function(**options))


def only_function(template: Template) -> Body:
    found: Body = readable(template.only("aws_lambda_function"))
    return found


@pytest.fixture(scope="module")
def plain() -> Template:
    return with_function()


@pytest.fixture(scope="module")
def elaborate() -> Template:
    """A function with every option set."""

    def build(stack: TerraformStack) -> None:
        ground = Ground(stack)
        code = Archive(path="assets/layer.zip", hash="bGF5ZXI=")
        layer = Layer(stack, "shared", part="shared", naming=ground.naming, code=code)
        ground.function(
            environment={"PAYMENTS_TABLE": "payments-payments-dev", "POWERTOOLS_LOG_LEVEL": "DEBUG"},
            layers=[layer.arn],
            timeout_seconds=90,
            memory_mb=1769,
            reserved_concurrency=5,
            network=NetworkAttachment(subnet_ids=["subnet-1", "subnet-2"], security_group_ids=["sg-1"]),
            log_retention_days=365,
            log_level="DEBUG",
            traced=False,
        )

    return synthesized(build)


def test_a_function_runs_python_on_arm64_from_one_handler(plain: Template) -> None:
    function = only_function(plain)
    assert function["function_name"] == "payments-worker-dev"
    assert function["runtime"] == "python3.13"
    assert function["architectures"] == ["arm64"]
    assert function["handler"] == "handler.handler"
    assert (function["timeout"], function["memory_size"]) == (30, 256)


def test_changed_code_is_deployed(plain: Template) -> None:
    """Defect: Perpetual diffs. Code changes never deployed."""
    function = only_function(plain)
    assert (function["filename"], function["source_code_hash"]) == ("assets/worker.zip", "Y29kZQ==")


def test_a_function_shares_the_accounts_concurrency_and_runs_outside_a_vpc_unless_told(plain: Template) -> None:
    function = only_function(plain)
    assert "reserved_concurrent_executions" not in function
    assert "vpc_config" not in function


def test_the_log_group_is_made_first_encrypted_and_forgetful(plain: Template) -> None:
    """Defect: Encryption without grants."""
    log_group = readable(plain.only("aws_cloudwatch_log_group"))
    assert log_group["name"] == "/aws/lambda/payments-worker-dev"
    assert log_group["kms_key_id"] == KEY
    assert log_group["retention_in_days"] == 30
    assert "aws_cloudwatch_log_group.worker_log_group" in only_function(plain)["depends_on"]


def test_the_permissions_stand_before_lambda_asks_for_them(plain: Template) -> None:
    assert "aws_iam_role_policy.worker_role_policy" in only_function(plain)["depends_on"]


def test_logs_are_json_down_to_info(plain: Template) -> None:
    assert only_function(plain)["logging_config"] == {
        "log_format": "JSON",
        "log_group": "${aws_cloudwatch_log_group.worker_log_group.name}",
        "application_log_level": "INFO",
        "system_log_level": "INFO",
    }


def test_a_role_starts_with_its_own_logs_and_traces_only(plain: Template) -> None:
    """Defect: Too much permission."""
    assert granted(plain) == [OWN_LOGS, TRACES]
    assert readable(only_function(plain)["role"]) == "${aws_iam_role.worker_role.arn}"
    assert only_function(plain)["tracing_config"] == {"mode": "Active"}


def test_the_environment_is_encrypted(elaborate: Template) -> None:
    function = only_function(elaborate)
    assert function["environment"] == {
        "variables": {"PAYMENTS_TABLE": "payments-payments-dev", "POWERTOOLS_LOG_LEVEL": "DEBUG"}
    }
    assert function["kms_key_arn"] == KEY


def test_sizes_are_as_asked(elaborate: Template) -> None:
    function = only_function(elaborate)
    assert (function["timeout"], function["memory_size"]) == (90, 1769)
    assert function["reserved_concurrent_executions"] == 5
    assert function["logging_config"]["application_log_level"] == "DEBUG"
    assert elaborate.only("aws_cloudwatch_log_group")["retention_in_days"] == 365


def test_an_untraced_function_may_not_trace(elaborate: Template) -> None:
    assert only_function(elaborate)["tracing_config"] == {"mode": "PassThrough"}
    assert TRACES not in granted(elaborate)


def test_the_layer_fits_the_function(elaborate: Template) -> None:
    layer = elaborate.only("aws_lambda_layer_version")
    function = only_function(elaborate)
    assert layer["layer_name"] == "payments-shared-dev"
    assert (layer["filename"], layer["source_code_hash"]) == ("assets/layer.zip", "bGF5ZXI=")
    assert layer["compatible_architectures"] == function["architectures"]
    assert layer["compatible_runtimes"] == [function["runtime"]]
    assert function["layers"] == ["${aws_lambda_layer_version.shared_version.arn}"]


def test_a_function_in_a_vpc_lets_lambda_keep_interfaces_and_its_own_code_not(elaborate: Template) -> None:
    """Defect: Too much permission."""
    function = only_function(elaborate)
    assert function["vpc_config"] == {"subnet_ids": ["subnet-1", "subnet-2"], "security_group_ids": ["sg-1"]}
    assert granted(elaborate) == [
        OWN_LOGS,
        {"Effect": "Allow", "Action": ON_INTERFACES, "Resource": arn("ec2", "*/*")},
        {"Effect": "Allow", "Action": LISTING, "Resource": "*"},
        {
            "Effect": "Deny",
            "Action": sorted(ON_INTERFACES + LISTING),
            "Resource": "*",
            "Condition": {"ArnEquals": {"lambda:SourceFunctionArn": arn("lambda", "function:payments-worker-dev")}},
        },
    ]


def test_a_service_may_invoke_for_one_source_only() -> None:
    """Defect: Too much permission."""

    def build(stack: TerraformStack) -> None:
        function = Ground(stack).function()
        for name in ("rule-1", "rule-2"):
            source = f"arn:aws:events:eu-central-1:123456789012:rule/{name}"
            function.grant_invoke(name, principal="events.amazonaws.com", source_arn=source)

    permissions = readable(list(synthesized(build).resources("aws_lambda_permission").values()))
    assert sorted(permissions, key=json.dumps) == [
        {
            "action": "lambda:InvokeFunction",
            "function_name": "${aws_lambda_function.worker_function.function_name}",
            "principal": "events.amazonaws.com",
            "source_arn": f"arn:aws:events:eu-central-1:123456789012:rule/{name}",
        }
        for name in ("rule-1", "rule-2")
    ]


def test_metrics_name_the_function() -> None:
    found: list[Metric] = []

    def build(stack: TerraformStack) -> None:
        function = Ground(stack).function()
        found.extend(
            (
                function.metric_invocations(),
                function.metric_errors(),
                function.metric_throttles(),
                function.metric_duration(),
                function.metric_concurrency(),
                function.metric_iterator_age(),
            )
        )
        stack.add_override("output.dimensions.value", [one.dimensions for one in found])

    dimensions = readable(synthesized(build).outputs["dimensions"]["value"])
    assert dimensions == [{"FunctionName": "${aws_lambda_function.worker_function.function_name}"}] * 6
    assert {one.namespace for one in found} == {"AWS/Lambda"}
    assert [(one.name, one.statistic, one.label) for one in found] == [
        ("Invocations", "Sum", "payments-worker-dev runs"),
        ("Errors", "Sum", "payments-worker-dev errors"),
        ("Throttles", "Sum", "payments-worker-dev throttles"),
        ("Duration", "Maximum", "payments-worker-dev longest run (ms)"),
        ("ConcurrentExecutions", "Maximum", "payments-worker-dev at once"),
        ("IteratorAge", "Maximum", "payments-worker-dev behind the stream (ms)"),
    ]


@pytest.fixture(scope="module")
def ground() -> Ground:
    grounds: list[Ground] = []
    synthesized(lambda stack: grounds.append(Ground(stack)))
    return grounds[0]


@pytest.mark.parametrize(
    ("option", "value", "rule"),
    [
        ("timeout_seconds", 0, "timeout_seconds must be between 1 and 900, got 0"),
        ("timeout_seconds", 901, "timeout_seconds must be between 1 and 900, got 901"),
        ("memory_mb", 127, "memory_mb must be between 128 and 10240, got 127"),
        ("memory_mb", 10241, "memory_mb must be between 128 and 10240, got 10241"),
        ("environment", {"LONG": "x" * 4093}, "environment must be at most 4096 bytes of names and values, got 4097"),
        ("environment", {"LONG": "ü" * 2047}, "environment must be at most 4096 bytes of names and values, got 4098"),
        ("part", "worker" * 9, "the function name .* has 67 characters and AWS allows 64"),
    ],
)
def test_what_lambda_would_not_take_is_refused(ground: Ground, option: str, value: object, rule: str) -> None:
    with pytest.raises(ValueError, match=rule):
        ground.function(f"refused_{option}_{len(str(value))}_{value!s:.8}", **{"part": "worker", option: value})


def test_an_environment_of_exactly_four_kilobytes_is_taken() -> None:
    assert (
        len(only_function(with_function(environment={"LONG": "x" * 4092}))["environment"]["variables"]["LONG"]) == 4092
    )


def test_a_stack_can_hold_two_functions_with_roles_and_logs_of_their_own() -> None:
    """Defect: Two instances collide."""

    def build(stack: TerraformStack) -> None:
        ground = Ground(stack)
        ground.function("validator")
        ground.function("query")

    template = synthesized(build)
    for type_ in ("aws_lambda_function", "aws_iam_role", "aws_iam_role_policy", "aws_cloudwatch_log_group"):
        assert len(template.resources(type_)) == 2
