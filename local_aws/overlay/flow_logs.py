"""Flow logs that keep their role, interval and tags, which MiniStack drops.

AWS: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_FlowLog.html. Terraform replaces a flow log for ever
when these are not read back.
"""

import re
from typing import Any

from ministack.services import ec2

Parameters = dict[str, Any]


def apply() -> None:
    """Store what was asked for beside each flow log, and show it."""
    create, describe = ec2._create_flow_logs, ec2._describe_flow_logs

    def create_completely(parameters: Parameters) -> Any:
        known = set(ec2._flow_logs.keys())
        answer = create(parameters)
        for name in set(ec2._flow_logs.keys()) - known:
            ec2._flow_logs[name]["Role"] = ec2._p(parameters, "DeliverLogsPermissionArn")
            ec2._flow_logs[name]["Interval"] = ec2._p(parameters, "MaxAggregationInterval") or "600"
            ec2._parse_tag_specs(parameters, "vpc-flow-log", name)
        return answer

    def describe_completely(parameters: Parameters) -> Any:
        status, headers, body = describe(parameters)
        return status, headers, re.sub(rb"<flowLogId>([^<]+)</flowLogId>", _shown, body)

    ec2._ACTION_MAP["CreateFlowLogs"] = create_completely
    ec2._ACTION_MAP["DescribeFlowLogs"] = describe_completely


def _shown(match: re.Match[bytes]) -> bytes:
    record = ec2._flow_logs[match[1].decode()]
    role = f"<deliverLogsPermissionArn>{record['Role']}</deliverLogsPermissionArn>" if record["Role"] else ""
    added = f"{role}<maxAggregationInterval>{record['Interval']}</maxAggregationInterval>"
    return match[0] + added.encode()
