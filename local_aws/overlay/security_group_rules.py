"""Rules for every protocol, which have no ports: MiniStack takes them for another rule when ports are named.

AWS ignores ports where the protocol is -1 (https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_IpPermission.html).
Terraform removes the rule that lets everything out, naming ports 0 to 0; without this patch it stays, and the group
is open.
"""

from typing import Any

from ministack.services import ec2

Rule = dict[str, Any]


def apply() -> None:
    """Drop the ports before rules are compared or stored."""
    parse = ec2._parse_ip_permissions

    def parse_without_ports(parameters: dict[str, Any], prefix: str) -> list[Rule]:
        return [_without_ports(rule) for rule in parse(parameters, prefix)]

    ec2._parse_ip_permissions = parse_without_ports


def _without_ports(rule: Rule) -> Rule:
    ports = ("FromPort", "ToPort") if rule["IpProtocol"] == "-1" else ()
    return {name: value for name, value in rule.items() if name not in ports}
