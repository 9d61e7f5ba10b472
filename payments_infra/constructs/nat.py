"""How private subnets reach the internet: not at all, by instances of our own, or by AWS's gateways."""

from __future__ import annotations

import re
from enum import StrEnum
from typing import TYPE_CHECKING

from cdktf_cdktf_provider_aws.data_aws_ssm_parameter import DataAwsSsmParameter
from cdktf_cdktf_provider_aws.eip import Eip
from cdktf_cdktf_provider_aws.nat_gateway import NatGateway
from cdktf_cdktf_provider_aws.route import Route
from constructs import Construct

from payments_infra.constructs.metric import Metric
from payments_infra.constructs.nat_instance import NatInstance
from payments_infra.constructs.traffic import ANYWHERE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from payments_infra.constructs.naming import Naming
    from payments_infra.constructs.network import Network
    from payments_infra.constructs.notifications import Topic
    from payments_infra.constructs.place import Place

IMAGE_PARAMETER = "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-arm64"
"""https://docs.aws.amazon.com/linux/al2023/ug/ec2.html"""

_ARM64_TYPE = re.compile(r"[a-z]+\d+g[a-z]*\.[a-z0-9]+")


class NatMode(StrEnum):
    """What stands between private subnets and the internet; monthly prices are of us-east-1, before traffic."""

    NONE = "none"
    """Nothing: only endpoints are reached. Free."""
    INSTANCE = "instance"
    """One instance for all zones, about $7. Its zone's failure cuts off all."""
    INSTANCE_PER_ZONE = "instance-per-zone"
    """An instance in each zone, about $7 each. A zone's failure cuts off only itself."""
    GATEWAY = "gateway"
    """AWS's NAT gateway in each zone, about $37 each. Nothing to look after, and the most throughput."""


class Nat(Construct):
    """The way out of a network's private subnets. Every mode has the same attributes; what it lacks is empty.

    Args:
        mode: see :class:`NatMode`.
        naming: names everything.
        place: account and region.
        network: whose private subnets get a default route.
        instance_type: an arm64 (Graviton) type.
        image_id: Amazon Linux 2023 for arm64, and another one replaces the instances; None takes the one AWS publishes
            on the day an instance is made, and later ones replace nothing.
        notify: topics that are told when an instance is recovered.

    Raises:
        ValueError: ``instance_type`` is not an arm64 type.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        mode: NatMode,
        naming: Naming,
        place: Place,
        network: Network,
        instance_type: str = "t4g.nano",
        image_id: str | None = None,
        notify: Sequence[Topic] = (),
    ) -> None:
        super().__init__(scope, id_)
        if not _ARM64_TYPE.fullmatch(instance_type):
            raise ValueError(f"instance_type must be an arm64 type such as t4g.nano, got {instance_type!r}")
        self._naming = naming
        self._place = place
        self._network = network
        self.instances: tuple[NatInstance, ...] = ()
        self.gateways: tuple[NatGateway, ...] = ()
        self.public_ips: list[str] = []
        match mode:
            case NatMode.NONE:
                return
            case NatMode.GATEWAY:
                self._add_gateways()
            case NatMode.INSTANCE | NatMode.INSTANCE_PER_ZONE:
                per_zone = mode is NatMode.INSTANCE_PER_ZONE
                number = len(network.private.subnets) if per_zone else 1
                self._add_instances(number, image_id, instance_type, notify)

    def metrics_failing(self) -> tuple[Metric, ...]:
        """One metric for each way out; above 0 means that private subnets may be cut off."""
        return (
            *(instance.metric_failed_checks() for instance in self.instances),
            *(_metric_full(gateway, number) for number, gateway in enumerate(self.gateways, start=1)),
        )

    def _add_instances(self, number: int, image_id: str | None, instance_type: str, notify: Sequence[Topic]) -> None:
        ranges = self._network.private.ranges
        image = image_id or _published_image(self)
        self.instances = tuple(
            NatInstance(
                self,
                f"instance_{index + 1}",
                part=f"nat-{index + 1}",
                naming=self._naming,
                place=self._place,
                vpc_id=self._network.vpc_id,
                subnet_id=self._network.public.subnets[index].id,
                internet=self._network.public.internet_route,
                sources=ranges if number == 1 else ranges[index : index + 1],
                image_id=image,
                image_is_pinned=image_id is not None,
                instance_type=instance_type,
                notify=notify,
            )
            for index in range(number)
        )
        self.public_ips = [instance.public_ip for instance in self.instances]
        for index, table in enumerate(self._network.private.route_tables):
            Route(
                self,
                f"private_{index + 1}_to_internet",
                route_table_id=table.id,
                destination_cidr_block=ANYWHERE,
                network_interface_id=self.instances[index % number].network_interface_id,
            )

    def _add_gateways(self) -> None:
        public = self._network.public
        for index, table in enumerate(self._network.private.route_tables):
            number = index + 1
            tags = {"Name": self._naming.name(f"nat-{number}")}
            address = Eip(self, f"address_{number}", domain="vpc", depends_on=[public.internet_route], tags=tags)
            gateway = NatGateway(
                self,
                f"gateway_{number}",
                allocation_id=address.allocation_id,
                subnet_id=public.subnets[index].id,
                depends_on=[public.internet_route],
                tags=tags,
            )
            Route(
                self,
                f"private_{number}_to_internet",
                route_table_id=table.id,
                destination_cidr_block=ANYWHERE,
                nat_gateway_id=gateway.id,
            )
            self.gateways += (gateway,)
            self.public_ips.append(str(address.public_ip))


def _published_image(scope: Construct) -> str:
    # Not secret, and a plan that hides it can't be read.
    return str(DataAwsSsmParameter(scope, "image", name=IMAGE_PARAMETER).insecure_value)


def _metric_full(gateway: NatGateway, number: int) -> Metric:
    # https://docs.aws.amazon.com/vpc/latest/userguide/metrics-dimensions-nat-gateway.html
    return Metric(
        namespace="AWS/NATGateway",
        name="ErrorPortAllocation",
        statistic="Sum",
        dimensions={"NatGatewayId": gateway.id},
        label=f"NAT gateway {number} refused connections",
    )
