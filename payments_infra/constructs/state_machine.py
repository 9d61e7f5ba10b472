"""A Standard state machine with everything it can't do without: its role, its encrypted log, its traces."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from cdktf_cdktf_provider_aws.cloudwatch_log_group import CloudwatchLogGroup
from cdktf_cdktf_provider_aws.sfn_state_machine import (
    SfnStateMachine,
    SfnStateMachineEncryptionConfiguration,
    SfnStateMachineLoggingConfiguration,
    SfnStateMachineTracingConfiguration,
)
from constructs import Construct

from payments_infra.constructs.iam import Role
from payments_infra.constructs.metric import Metric

if TYPE_CHECKING:
    from payments_infra.constructs.encryption import Key
    from payments_infra.constructs.function import Function
    from payments_infra.constructs.naming import Naming
    from payments_infra.constructs.place import Place

TASK_MARGIN_SECONDS = 30
"""How much longer than a function's own time-out a task waits for it: for its start, and for Lambda to say so."""

LONGEST_EXECUTION_SECONDS = 365 * 24 * 3600
"""https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html"""

LOG_DELIVERY = (
    "logs:CreateLogDelivery",
    "logs:DeleteLogDelivery",
    "logs:DescribeLogGroups",
    "logs:DescribeResourcePolicies",
    "logs:GetLogDelivery",
    "logs:ListLogDeliveries",
    "logs:PutResourcePolicy",
    "logs:UpdateLogDelivery",
)
"""How Step Functions has its logs delivered; none of these can be limited to a resource.
https://docs.aws.amazon.com/step-functions/latest/dg/cw-logs.html"""

TRACES = (
    "xray:GetSamplingRules",
    "xray:GetSamplingTargets",
    "xray:PutTelemetryRecords",
    "xray:PutTraceSegments",
)
"""https://docs.aws.amazon.com/step-functions/latest/dg/concepts-xray-tracing.html"""


class StateMachine(Construct):
    """One Standard state machine, its role with only what was granted, and its own encrypted log group.

    Args:
        part: what the machine does, kebab-case; names machine, role and log group.
        naming: names them.
        place: where they are, for policies that name the machine before it exists.
        definition: the definition, filled; see :func:`payments_infra.constructs.definition.definition`.
        key: encrypts the definition and all that executions hold. Whoever starts an execution or answers a task needs
            nothing of it; whoever reads definitions or histories does.
        log_key: encrypts the log group, and lets CloudWatch Logs in for it.
        log_retention_days: how long logs are kept; a value CloudWatch Logs knows.
        traced: let X-Ray sample its executions.

    Raises:
        ValueError: a name is too long.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        part: str,
        naming: Naming,
        place: Place,
        definition: str,
        key: Key,
        log_key: Key,
        log_retention_days: int = 30,
        traced: bool = True,
    ) -> None:
        super().__init__(scope, id_)
        self._place = place
        self.physical_name = name = naming.name(part, kind="state_machine")
        self.own_arn = place.arn("states", f"stateMachine:{name}")
        self.role = Role(
            self,
            "role",
            name=naming.name(part, kind="role"),
            service="states.amazonaws.com",
            trust_conditions={
                "StringEquals": {"aws:SourceAccount": place.account_id},
                "ArnLike": {"aws:SourceArn": [self.own_arn, f"{self.own_arn}/*"]},
            },
        )
        # Names that start this way need no line of their own in the account's one log policy, which is limited.
        # https://docs.aws.amazon.com/step-functions/latest/dg/bp-cwl.html
        log_name = f"/aws/vendedlogs/states/{name}"
        log_key.allow_log_group(log_name)
        self.log_group = CloudwatchLogGroup(
            self,
            "log_group",
            name=log_name,
            kms_key_id=log_key.arn,
            retention_in_days=log_retention_days,
        )
        self.role.allow(*LOG_DELIVERY, on="*")
        if traced:
            self.role.allow(*TRACES, on="*")
        _let_in_executions(key, self.role, place=place, name=name)
        self.machine = SfnStateMachine(
            self,
            "machine",
            name=name,
            type="STANDARD",
            role_arn=self.role.arn,
            definition=definition,
            encryption_configuration=SfnStateMachineEncryptionConfiguration(
                type="CUSTOMER_MANAGED_KMS_KEY",
                kms_key_id=key.arn,
                kms_data_key_reuse_period_seconds=300,
            ),
            logging_configuration=SfnStateMachineLoggingConfiguration(
                level="ALL",
                include_execution_data=False,  # inputs and outputs hold task tokens and what files are called
                log_destination=f"{self.log_group.arn}:*",
            ),
            tracing_configuration=SfnStateMachineTracingConfiguration(enabled=traced),
            # Step Functions asks at creation already whether the role may have logs delivered.
            depends_on=[self.role.policy] if self.role.policy else None,
        )

    @cached_property
    def arn(self) -> str:
        """ARN of the state machine (a reference)."""
        return str(self.machine.arn)

    def allow_invoke(self, *functions: Function) -> None:
        """Let executions invoke ``functions``."""
        self.role.allow("lambda:InvokeFunction", on=[function.arn for function in functions])

    def allow_map(self) -> None:
        """Let executions start child executions of a Distributed Map, look after them, and go on with them.

        https://docs.aws.amazon.com/step-functions/latest/dg/iam-policies-eg-dist-map.html
        """
        self.role.allow("states:StartExecution", on=self.own_arn)
        executions = self._place.arn("states", f"execution:{self.physical_name}")
        self.role.allow("states:DescribeExecution", "states:StopExecution", on=f"{executions}:*")
        self.role.allow("states:RedriveExecution", on=f"{executions}/*:*")

    def grant_start(self, role: Role) -> None:
        """Let ``role`` start executions."""
        role.allow("states:StartExecution", on=self.arn)

    def grant_answer(self, role: Role) -> None:
        """Let ``role`` answer tasks that wait with a token: by success alone, a refusal being an answer too."""
        role.allow("states:SendTaskSuccess", on=self.arn)

    def metric_started(self) -> Metric:
        """Executions that were started, children of a map included."""
        return self._metric("ExecutionsStarted", "Sum", "started")

    def metric_failed(self) -> Metric:
        """Executions that ended in failure."""
        return self._metric("ExecutionsFailed", "Sum", "failed")

    def metric_timed_out(self) -> Metric:
        """Executions that ran out of time: none of their own states could tell anybody."""
        return self._metric("ExecutionsTimedOut", "Sum", "timed out")

    def metric_aborted(self) -> Metric:
        """Executions that somebody stopped."""
        return self._metric("ExecutionsAborted", "Sum", "aborted")

    def metric_throttled(self) -> Metric:
        """Transitions that had to wait because the account makes too many."""
        return self._metric("ExecutionThrottled", "Sum", "throttled")

    def metric_time(self) -> Metric:
        """Longest execution, in milliseconds."""
        return self._metric("ExecutionTime", "Maximum", "longest execution (ms)")

    def _metric(self, name: str, statistic: str, label: str) -> Metric:
        return Metric(
            namespace="AWS/States",
            name=name,
            statistic=statistic,
            dimensions={"StateMachineArn": self.arn},
            label=f"{self.physical_name} {label}",
        )


def task_seconds(function: Function) -> int:
    """Return how long a task waits for ``function``: until the function has certainly given up by itself."""
    return function.timeout_seconds + TASK_MARGIN_SECONDS


def _let_in_executions(key: Key, role: Role, *, place: Place, name: str) -> None:
    """Let executions and their logs be encrypted, and limit that by what is encrypted.

    A condition on the service, as other grants of a key have, would keep executions from starting.
    https://docs.aws.amazon.com/step-functions/latest/dg/encryption-at-rest.html
    """
    own_arn = place.arn("states", f"stateMachine:{name}")
    # The children of a Distributed Map run under the machine's name and the map's label.
    executions = {"ArnLike": {"kms:EncryptionContext:aws:states:stateMachineArn": [own_arn, f"{own_arn}/*"]}}
    role.allow("kms:Decrypt", "kms:GenerateDataKey", on=key.arn, conditions=executions)
    logs = {"StringLike": {"kms:EncryptionContext:SourceArn": place.arn("logs", "*")}}
    role.allow("kms:GenerateDataKey", on=key.arn, conditions=logs)
    key.allow_service("delivery.logs.amazonaws.com", "kms:Decrypt", sid="LogDelivery", conditions=logs)
