"""Security groups that let nothing pass until a rule says so, and the one kind of rule there is: HTTPS."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cdktf_cdktf_provider_aws.security_group import SecurityGroup
from cdktf_cdktf_provider_aws.vpc_security_group_egress_rule import VpcSecurityGroupEgressRule
from cdktf_cdktf_provider_aws.vpc_security_group_ingress_rule import VpcSecurityGroupIngressRule

if TYPE_CHECKING:
    from constructs import Construct

ANYWHERE = "0.0.0.0/0"

_HTTPS = 443


def closed_group(scope: Construct, id_: str, *, vpc_id: str, name: str, of: str) -> SecurityGroup:
    """Return a security group without a rule; the provider takes even AWS's own first rule, all outwards, away."""
    return SecurityGroup(scope, id_, vpc_id=vpc_id, name=name, description=of, tags={"Name": name})


def let_out(scope: Construct, id_: str, group: SecurityGroup) -> VpcSecurityGroupEgressRule:
    """Let ``group`` open HTTPS connections to anywhere.

    Names, time and instance metadata pass by security groups altogether.
    https://docs.aws.amazon.com/vpc/latest/userguide/vpc-security-groups.html
    """
    return VpcSecurityGroupEgressRule(
        scope,
        id_,
        security_group_id=group.id,
        description="HTTPS to anywhere",
        ip_protocol="tcp",
        from_port=_HTTPS,
        to_port=_HTTPS,
        cidr_ipv4=ANYWHERE,
    )


def let_in_from_range(scope: Construct, id_: str, group: SecurityGroup, cidr: str) -> VpcSecurityGroupIngressRule:
    """Let HTTPS connections from ``cidr`` into ``group``."""
    return VpcSecurityGroupIngressRule(
        scope,
        id_,
        security_group_id=group.id,
        description=f"HTTPS from {cidr}",
        ip_protocol="tcp",
        from_port=_HTTPS,
        to_port=_HTTPS,
        cidr_ipv4=cidr,
    )


def let_in_from_group(
    scope: Construct, id_: str, group: SecurityGroup, clients: SecurityGroup
) -> VpcSecurityGroupIngressRule:
    """Let HTTPS connections from members of ``clients`` into ``group``."""
    return VpcSecurityGroupIngressRule(
        scope,
        id_,
        security_group_id=group.id,
        description="HTTPS from clients",
        ip_protocol="tcp",
        from_port=_HTTPS,
        to_port=_HTTPS,
        referenced_security_group_id=clients.id,
    )
