"""Public and private subnets, one of each kind in every zone, with the route tables that make them so."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cdktf_cdktf_provider_aws.internet_gateway import InternetGateway
from cdktf_cdktf_provider_aws.route import Route
from cdktf_cdktf_provider_aws.route_table import RouteTable
from cdktf_cdktf_provider_aws.route_table_association import RouteTableAssociation
from cdktf_cdktf_provider_aws.subnet import Subnet
from constructs import Construct

from payments_infra.constructs.traffic import ANYWHERE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from payments_infra.constructs.naming import Naming


class PublicSubnets(Construct):
    """Subnets with a route to the internet, for NAT. Nothing in them gets a public address by itself.

    Args:
        vpc_id: the VPC.
        ranges: range of each subnet.
        zones: availability zone of each subnet.
        naming: names the subnets.
    """

    def __init__(
        self, scope: Construct, id_: str, *, vpc_id: str, ranges: Sequence[str], zones: Sequence[str], naming: Naming
    ) -> None:
        super().__init__(scope, id_)
        self.internet_gateway = InternetGateway(self, "internet", vpc_id=vpc_id, tags={"Name": naming.name("internet")})
        table = RouteTable(self, "routes", vpc_id=vpc_id, tags={"Name": naming.name("public")})
        self.internet_route = Route(
            self,
            "to_internet",
            route_table_id=table.id,
            destination_cidr_block=ANYWHERE,
            gateway_id=self.internet_gateway.id,
        )
        self.subnets = _subnets(self, "public", vpc_id=vpc_id, ranges=ranges, zones=zones, naming=naming)
        for number, subnet in enumerate(self.subnets, start=1):
            RouteTableAssociation(self, f"routes_{number}", subnet_id=subnet.id, route_table_id=table.id)


class PrivateSubnets(Construct):
    """Subnets without a way out, each with a route table of its own that one can be added to.

    Args:
        vpc_id: the VPC.
        ranges: range of each subnet.
        zones: availability zone of each subnet.
        naming: names the subnets.
    """

    def __init__(
        self, scope: Construct, id_: str, *, vpc_id: str, ranges: Sequence[str], zones: Sequence[str], naming: Naming
    ) -> None:
        super().__init__(scope, id_)
        self.ranges = tuple(ranges)
        self.subnets = _subnets(self, "private", vpc_id=vpc_id, ranges=ranges, zones=zones, naming=naming)
        self.route_tables = tuple(
            RouteTable(self, f"table_{number}", vpc_id=vpc_id, tags={"Name": naming.name(f"private-{number}")})
            for number in range(1, len(self.subnets) + 1)
        )
        for number, (subnet, table) in enumerate(zip(self.subnets, self.route_tables, strict=True), start=1):
            RouteTableAssociation(self, f"routes_{number}", subnet_id=subnet.id, route_table_id=table.id)


def _subnets(
    scope: Construct, kind: str, *, vpc_id: str, ranges: Sequence[str], zones: Sequence[str], naming: Naming
) -> tuple[Subnet, ...]:
    return tuple(
        Subnet(
            scope,
            f"subnet_{number}",
            vpc_id=vpc_id,
            cidr_block=range_,
            availability_zone=zone,
            map_public_ip_on_launch=False,
            tags={"Name": naming.name(f"{kind}-{number}")},
        )
        for number, (range_, zone) in enumerate(zip(ranges, zones, strict=True), start=1)
    )
