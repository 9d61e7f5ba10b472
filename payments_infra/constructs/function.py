"""A Lambda function with everything it can't do without: its role, its log group, and their permissions."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from cdktf_cdktf_provider_aws.cloudwatch_log_group import CloudwatchLogGroup
from cdktf_cdktf_provider_aws.lambda_function import (
    LambdaFunction,
    LambdaFunctionEnvironment,
    LambdaFunctionLoggingConfig,
    LambdaFunctionTracingConfig,
)
from cdktf_cdktf_provider_aws.lambda_permission import LambdaPermission
from constructs import Construct

from payments_infra.constructs.function_network import NetworkAttachment, grant_network_interfaces, vpc_config
from payments_infra.constructs.iam import Role
from payments_infra.constructs.limits import refuse_out_of_range
from payments_infra.constructs.metric import Metric

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Literal

    from payments_infra.constructs.code import Archive
    from payments_infra.constructs.encryption import Key
    from payments_infra.constructs.naming import Naming
    from payments_infra.constructs.place import Place

RUNTIME = "python3.13"
ARCHITECTURE = "arm64"
"""Graviton: a fifth cheaper than x86 for the same memory and time."""

HANDLER = "handler.handler"
"""The same everywhere: function ``handler`` of ``handler.py`` at the top of the zip."""

LARGEST_ENVIRONMENT_BYTES = 4096
"""https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html"""


class Function(Construct):
    """One function, its role with only what was granted, and its own encrypted log group.

    Args:
        part: what the function does, kebab-case; names function, role and log group.
        naming: names them.
        place: where they are, for policies that name the function before it exists.
        code: its zip, with ``handler.py`` at the top.
        environment: what the handler reads from its environment; encrypted by ``environment_key``.
        environment_key: encrypts the environment. Lambda decrypts it by a grant of its own; the role gets nothing.
        log_key: encrypts the log group, and lets CloudWatch Logs in for it.
        layers: ARNs of layers the code needs.
        timeout_seconds: longest run (1 to 900).
        memory_mb: memory (128 to 10240); CPU comes with it, a whole one at 1769.
        reserved_concurrency: most runs at once, taken from the account's; None shares with the other functions.
        network: subnets and security groups to run in; None runs outside any VPC.
        log_retention_days: how long logs are kept; a value CloudWatch Logs knows.
        log_level: least severe record of the handler that is kept. Metrics travel as log records without a level,
            which count as INFO: anything above would drop them.
            https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-log-level.html
        traced: let X-Ray sample its runs.

    Raises:
        ValueError: a number is outside what Lambda takes, the environment too large, or a name too long.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        part: str,
        naming: Naming,
        place: Place,
        code: Archive,
        environment: Mapping[str, str],
        environment_key: Key,
        log_key: Key,
        layers: Sequence[str] = (),
        timeout_seconds: int = 30,
        memory_mb: int = 256,
        reserved_concurrency: int | None = None,
        network: NetworkAttachment | None = None,
        log_retention_days: int = 30,
        log_level: Literal["DEBUG", "INFO"] = "INFO",
        traced: bool = True,
    ) -> None:
        super().__init__(scope, id_)
        refuse_out_of_range("timeout_seconds", timeout_seconds, 1, 900)
        refuse_out_of_range("memory_mb", memory_mb, 128, 10240)
        _refuse_large(environment)
        self.physical_name = name = naming.name(part, kind="function")
        self.timeout_seconds = timeout_seconds
        self.reserved_concurrency = reserved_concurrency
        self.role = Role(self, "role", name=naming.name(part, kind="role"), service="lambda.amazonaws.com")
        log_name = f"/aws/lambda/{name}"
        log_key.allow_log_group(log_name)
        self.log_group = CloudwatchLogGroup(
            self,
            "log_group",
            name=log_name,
            kms_key_id=log_key.arn,
            retention_in_days=log_retention_days,
        )
        self.role.allow("logs:CreateLogStream", "logs:PutLogEvents", on=f"{self.log_group.arn}:*")
        if traced:
            # X-Ray has no resources that segments could be limited to.
            # https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsx-ray.html
            self.role.allow("xray:PutTelemetryRecords", "xray:PutTraceSegments", on="*")
        if network:
            grant_network_interfaces(self.role, place=place, function_arn=place.arn("lambda", f"function:{name}"))
        self.function = LambdaFunction(
            self,
            "function",
            function_name=name,
            role=self.role.arn,
            runtime=RUNTIME,
            architectures=[ARCHITECTURE],
            handler=HANDLER,
            filename=code.path,
            source_code_hash=code.hash,
            layers=list(layers),
            timeout=timeout_seconds,
            memory_size=memory_mb,
            reserved_concurrent_executions=reserved_concurrency,
            environment=LambdaFunctionEnvironment(variables=dict(environment)),
            kms_key_arn=environment_key.arn,
            vpc_config=vpc_config(network),
            tracing_config=LambdaFunctionTracingConfig(mode="Active" if traced else "PassThrough"),
            logging_config=LambdaFunctionLoggingConfig(
                log_format="JSON",
                log_group=self.log_group.name,
                application_log_level=log_level,
                system_log_level="INFO",
            ),
            # Lambda would make a log group of its own, without key or retention, and asks at creation already whether
            # the role may make network interfaces.
            depends_on=[one for one in (self.log_group, self.role.policy) if one],
        )

    @cached_property
    def name(self) -> str:
        """Name of the function (a reference)."""
        return str(self.function.function_name)

    @cached_property
    def arn(self) -> str:
        """ARN of the function."""
        return str(self.function.arn)

    @property
    def invoke_arn(self) -> str:
        """ARN API Gateway invokes the function by."""
        return str(self.function.invoke_arn)

    def grant_invoke(self, id_: str, *, principal: str, source_arn: str) -> None:
        """Let the service ``principal`` invoke the function on behalf of ``source_arn`` only.

        Args:
            id_: tells this permission from the function's others.
            principal: service principal, for example ``events.amazonaws.com``.
            source_arn: what may be acted for; it must hold the account number, against the confused deputy.
        """
        LambdaPermission(
            self,
            id_,
            action="lambda:InvokeFunction",
            function_name=self.name,
            principal=principal,
            source_arn=source_arn,
        )

    def metric_invocations(self) -> Metric:
        """Runs."""
        return self._metric("Invocations", "Sum", "runs")

    def metric_errors(self) -> Metric:
        """Runs that raised or ran out of time."""
        return self._metric("Errors", "Sum", "errors")

    def metric_throttles(self) -> Metric:
        """Runs refused because too many were under way."""
        return self._metric("Throttles", "Sum", "throttles")

    def metric_duration(self) -> Metric:
        """Longest run, in milliseconds."""
        return self._metric("Duration", "Maximum", "longest run (ms)")

    def metric_concurrency(self) -> Metric:
        """Most runs at once."""
        return self._metric("ConcurrentExecutions", "Maximum", "at once")

    def metric_iterator_age(self) -> Metric:
        """Age in milliseconds of the last record of a batch read from a stream: how far behind the function is."""
        return self._metric("IteratorAge", "Maximum", "behind the stream (ms)")

    def _metric(self, name: str, statistic: str, label: str) -> Metric:
        return Metric(
            namespace="AWS/Lambda",
            name=name,
            statistic=statistic,
            dimensions={"FunctionName": self.name},
            label=f"{self.physical_name} {label}",
        )


def _refuse_large(environment: Mapping[str, str]) -> None:
    size = sum(len(name.encode()) + len(value.encode()) for name, value in environment.items())
    if size > LARGEST_ENVIRONMENT_BYTES:
        raise ValueError(
            f"environment must be at most {LARGEST_ENVIRONMENT_BYTES} bytes of names and values, got {size}: "
            "keep long values in a secret or in the code"
        )
