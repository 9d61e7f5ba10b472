"""A function's place in a VPC, and what Lambda must be allowed for it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from cdktf_cdktf_provider_aws.lambda_function import LambdaFunctionVpcConfig

if TYPE_CHECKING:
    from collections.abc import Sequence

    from payments_infra.constructs.iam import Role
    from payments_infra.constructs.place import Place

_ON_INTERFACES = (
    "ec2:AssignPrivateIpAddresses",
    "ec2:CreateNetworkInterface",
    "ec2:DeleteNetworkInterface",
    "ec2:UnassignPrivateIpAddresses",
)
# Listing actions know no resources, so they can only be allowed on all.
_LISTING = ("ec2:DescribeNetworkInterfaces", "ec2:DescribeSubnets")


@dataclass(frozen=True, kw_only=True)
class NetworkAttachment:
    """Where functions run inside a VPC.

    Args:
        subnet_ids: private subnets, one for each zone.
        security_group_ids: what the functions may talk to.
    """

    subnet_ids: Sequence[str]
    security_group_ids: Sequence[str]


def vpc_config(network: NetworkAttachment | None) -> LambdaFunctionVpcConfig | None:
    """Return ``network`` as Lambda wants to be told."""
    if network is None:
        return None
    return LambdaFunctionVpcConfig(
        subnet_ids=list(network.subnet_ids),
        security_group_ids=list(network.security_group_ids),
    )


def grant_network_interfaces(role: Role, *, place: Place, function_arn: str) -> None:
    """Let Lambda keep network interfaces in the name of ``role``, and deny the function's own code the same.

    Deleting must be allowed on every resource of the account, so says Lambda; hence the ``*/*``. The denial holds
    where a request comes from inside the function: the handler gains nothing.
    https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html
    """
    role.allow(*_ON_INTERFACES, on=place.arn("ec2", "*/*"))
    role.allow(*_LISTING, on="*")
    role.deny(
        *_ON_INTERFACES,
        *_LISTING,
        on="*",
        conditions={"ArnEquals": {"lambda:SourceFunctionArn": function_arn}},
    )
