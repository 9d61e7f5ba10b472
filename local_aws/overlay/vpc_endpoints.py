"""The policy of a VPC endpoint, which MiniStack stores at a change but neither at creation nor for reading.

AWS: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_VpcEndpoint.html ("policyDocument").
"""

from typing import Any
from xml.sax.saxutils import escape

from ministack.services import ec2

Parameters = dict[str, Any]
Record = dict[str, Any]

_OPEN_POLICY = '{"Statement":[{"Action":"*","Effect":"Allow","Principal":"*","Resource":"*"}],"Version":"2008-10-17"}'


def apply() -> None:
    """Keep the policy from the start, and show it."""
    create, show = ec2._create_vpc_endpoint, ec2._vpce_fields_xml

    def create_completely(parameters: Parameters) -> Any:
        known = set(ec2._vpc_endpoints.keys())
        answer = create(parameters)
        for name in set(ec2._vpc_endpoints.keys()) - known:
            ec2._vpc_endpoints[name]["PolicyDocument"] = ec2._p(parameters, "PolicyDocument") or _OPEN_POLICY
        return answer

    def show_completely(record: Record, tag: str = "item") -> str:
        policy = f"<policyDocument>{escape(record.get('PolicyDocument', _OPEN_POLICY))}</policyDocument>"
        return f"{show(record, tag)}".replace("</serviceName>", f"</serviceName>{policy}", 1)

    ec2._ACTION_MAP["CreateVpcEndpoint"] = create_completely
    ec2._vpce_fields_xml = show_completely
