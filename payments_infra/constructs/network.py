"""A VPC with a public and a private subnet in each zone, closed wherever nobody asked for a door."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cdktf_cdktf_provider_aws.default_security_group import DefaultSecurityGroup
from cdktf_cdktf_provider_aws.vpc import Vpc
from constructs import Construct

from payments_infra.constructs.address_plan import AddressPlan
from payments_infra.constructs.endpoints import GatewayEndpoints, InterfaceEndpoints
from payments_infra.constructs.flow_logs import FlowLogs
from payments_infra.constructs.function_network import NetworkAttachment
from payments_infra.constructs.subnets import PrivateSubnets, PublicSubnets
from payments_infra.constructs.traffic import closed_group, let_out
from payments_infra.constructs.zones import Zones

if TYPE_CHECKING:
    from collections.abc import Sequence

    from payments_infra.constructs.encryption import Key
    from payments_infra.constructs.naming import Naming
    from payments_infra.constructs.place import Place


class Network(Construct):
    """A VPC over several availability zones.

    Private subnets reach S3 and DynamoDB by gateway endpoints and nothing else, until a :class:`Nat` is added.

    Args:
        naming: names everything.
        place: account and region.
        key: encrypts the flow logs; its policy must let CloudWatch Logs in.
        cidr: private IPv4 range, /16 to /24; cut by :class:`AddressPlan`.
        zones: number of availability zones (1 to 6).
        flow_log_retention_days: how long flow logs are kept; a value CloudWatch Logs knows.
        interface_endpoints: short names of the services, for example ``sqs``, that functions reach by an address
            inside the VPC, about $7 a month for each service and zone. Without NAT they reach no others.

    Raises:
        ValueError: ``cidr`` or ``zones`` is outside what :class:`AddressPlan` takes.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        naming: Naming,
        place: Place,
        key: Key,
        cidr: str = "10.0.0.0/16",
        zones: int = 2,
        flow_log_retention_days: int = 14,
        interface_endpoints: Sequence[str] = (),
    ) -> None:
        super().__init__(scope, id_)
        self._naming = naming
        self._place = place
        plan = AddressPlan(cidr=cidr, zones=zones)
        self.vpc = Vpc(
            self,
            "vpc",
            cidr_block=cidr,
            enable_dns_support=True,
            enable_dns_hostnames=True,
            tags={"Name": naming.name("vpc")},
        )
        found = Zones(self, "zones", wanted=zones)
        names = [found.name(index) for index in range(zones)]
        self.public = PublicSubnets(self, "public", vpc_id=self.vpc_id, ranges=plan.public, zones=names, naming=naming)
        self.private = PrivateSubnets(
            self, "private", vpc_id=self.vpc_id, ranges=plan.private, zones=names, naming=naming
        )
        self._close_default_group()
        self.functions_group = closed_group(
            self, "functions", vpc_id=self.vpc_id, name=naming.name("functions"), of="Functions: HTTPS outwards only"
        )
        let_out(self, "functions_out", self.functions_group)
        self.flow_logs = FlowLogs(
            self,
            "flow_logs",
            vpc_id=self.vpc_id,
            naming=naming,
            place=place,
            key=key,
            retention_days=flow_log_retention_days,
        )
        self._add_endpoints(interface_endpoints)

    @property
    def vpc_id(self) -> str:
        """Id of the VPC."""
        return str(self.vpc.id)

    @property
    def attachment(self) -> NetworkAttachment:
        """Where functions run: in the private subnets, with HTTPS outwards only."""
        return NetworkAttachment(
            subnet_ids=[subnet.id for subnet in self.private.subnets],
            security_group_ids=[self.functions_group.id],
        )

    def _close_default_group(self) -> None:
        group = DefaultSecurityGroup(self, "default_group", vpc_id=self.vpc_id, tags={"Name": "closed"})
        # Left out, rules that somebody adds would stay; said aloud, the next apply takes them away.
        group.add_override("ingress", [])
        group.add_override("egress", [])

    def _add_endpoints(self, interface_endpoints: Sequence[str]) -> None:
        GatewayEndpoints(
            self,
            "gateway_endpoints",
            vpc_id=self.vpc_id,
            route_table_ids=[table.id for table in self.private.route_tables],
            naming=self._naming,
            place=self._place,
        )
        if interface_endpoints:
            InterfaceEndpoints(
                self,
                "interface_endpoints",
                vpc_id=self.vpc_id,
                services=interface_endpoints,
                subnet_ids=[subnet.id for subnet in self.private.subnets],
                clients=self.functions_group,
                naming=self._naming,
                place=self._place,
            )
