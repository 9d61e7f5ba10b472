"""A record of every connection of a VPC."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cdktf_cdktf_provider_aws.cloudwatch_log_group import CloudwatchLogGroup
from cdktf_cdktf_provider_aws.flow_log import FlowLog
from constructs import Construct

from payments_infra.constructs.iam import Role

if TYPE_CHECKING:
    from payments_infra.constructs.encryption import Key
    from payments_infra.constructs.naming import Naming
    from payments_infra.constructs.place import Place


class FlowLogs(Construct):
    """The accepted and refused connections of one VPC, in an encrypted log group.

    Args:
        vpc_id: the VPC.
        naming: names the log group and the role.
        place: account and region, so that nobody else's flow logs can use the role.
        key: encrypts the log group, and lets CloudWatch Logs in for it.
        retention_days: how long they are kept; a value CloudWatch Logs knows.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        vpc_id: str,
        naming: Naming,
        place: Place,
        key: Key,
        retention_days: int,
    ) -> None:
        super().__init__(scope, id_)
        log_name = f"/aws/vpc/{naming.name('flow-logs')}"
        key.allow_log_group(log_name)
        self.log_group = CloudwatchLogGroup(
            self,
            "log_group",
            name=log_name,
            kms_key_id=key.arn,
            retention_in_days=retention_days,
        )
        # https://docs.aws.amazon.com/vpc/latest/userguide/flow-logs-iam-role.html
        role = Role(
            self,
            "writer",
            name=naming.name("flow-logs", kind="role"),
            service="vpc-flow-logs.amazonaws.com",
            trust_conditions={
                "StringEquals": {"aws:SourceAccount": place.account_id},
                "ArnLike": {"aws:SourceArn": place.arn("ec2", "vpc-flow-log/*")},
            },
        )
        role.allow(
            "logs:CreateLogStream",
            "logs:DescribeLogStreams",
            "logs:PutLogEvents",
            on=f"{self.log_group.arn}:*",
        )
        role.allow("logs:DescribeLogGroups", on=self.log_group.arn)
        self.flow_log = FlowLog(
            self,
            "flow_log",
            vpc_id=vpc_id,
            traffic_type="ALL",
            log_destination=self.log_group.arn,
            iam_role_arn=role.arn,
            max_aggregation_interval=600,
            depends_on=[role.policy] if role.policy else None,
            tags={"Name": naming.name("flow-logs")},
        )
