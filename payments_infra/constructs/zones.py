"""Availability zones, looked up wherever the stack is deployed."""

from __future__ import annotations

from cdktf import Postcondition, TerraformResourceLifecycle
from cdktf_cdktf_provider_aws.data_aws_availability_zones import (
    DataAwsAvailabilityZones,
    DataAwsAvailabilityZonesFilter,
)
from constructs import Construct

TOO_OLD_ZONES = ("use1-az3",)
"""Zones that have neither Graviton instances nor Lambda in a VPC. Only this id, not the letter, is the same in every
account. https://docs.aws.amazon.com/ram/latest/userguide/working-with-az-ids.html"""


class Zones(Construct):
    """The first zones of the region, by name, leaving out local zones and those one must opt in to.

    Args:
        wanted: how many are needed; where the region has fewer, the plan says so.
    """

    def __init__(self, scope: Construct, id_: str, *, wanted: int) -> None:
        super().__init__(scope, id_)
        self._zones = DataAwsAvailabilityZones(
            self,
            "zones",
            state="available",
            exclude_zone_ids=list(TOO_OLD_ZONES),
            filter=[DataAwsAvailabilityZonesFilter(name="opt-in-status", values=["opt-in-not-required"])],
            lifecycle=TerraformResourceLifecycle(
                postcondition=[
                    Postcondition(
                        condition=f"${{length(self.names) >= {wanted}}}",
                        error_message=f"this region has fewer than {wanted} availability zones: ask for fewer",
                    )
                ]
            ),
        )

    def name(self, index: int) -> str:
        """Return the name of the zone at ``index``, counted from 0."""
        return f"${{{self._zones.fqn}.names[{index}]}}"
