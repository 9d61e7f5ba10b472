"""An instance that is the way out of private subnets, its address, and what brings it back when it fails."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cdktf import ITerraformDependable, TerraformResourceLifecycle
from cdktf_cdktf_provider_aws.cloudwatch_metric_alarm import CloudwatchMetricAlarm
from cdktf_cdktf_provider_aws.eip import Eip
from cdktf_cdktf_provider_aws.iam_instance_profile import IamInstanceProfile
from cdktf_cdktf_provider_aws.instance import (
    Instance,
    InstanceMetadataOptions,
    InstanceRootBlockDevice,
)
from constructs import Construct

from payments_infra.constructs.iam import Role
from payments_infra.constructs.metric import Metric
from payments_infra.constructs.nat_user_data import nat_user_data
from payments_infra.constructs.traffic import closed_group, let_in_from_range, let_out

if TYPE_CHECKING:
    from collections.abc import Sequence

    from payments_infra.constructs.naming import Naming
    from payments_infra.constructs.notifications import Topic
    from payments_infra.constructs.place import Place

SESSION_MANAGER_ACTIONS = (
    "ssm:UpdateInstanceInformation",
    "ssmmessages:CreateControlChannel",
    "ssmmessages:CreateDataChannel",
    "ssmmessages:OpenControlChannel",
    "ssmmessages:OpenDataChannel",
)
"""All that a shell by Session Manager takes; the managed policy would add reading every parameter of the account.
https://docs.aws.amazon.com/systems-manager/latest/userguide/getting-started-create-iam-instance-profile.html"""


class NatInstance(Construct):
    """An arm64 instance on Amazon Linux 2023 with an Elastic IP.

    It takes HTTPS from the given ranges and nothing else; people reach it by Session Manager, without a key or an
    open port. A newer image does not replace it; a changed ``nat_user_data.sh`` or another range does. Two alarms
    recover it, beside the recovery EC2 does by itself; where translation can't be set up it fails its own status check.

    Args:
        part: what it is called, kebab-case.
        naming: names everything.
        place: partition and region of the actions that recover it.
        vpc_id: the VPC.
        subnet_id: a public subnet.
        internet: the public subnets' route to the internet; there is no use in the instance before it.
        sources: ranges whose connections it takes.
        image_id: Amazon Linux 2023 for arm64.
        image_is_pinned: another ``image_id`` replaces the instance; otherwise only a new instance takes it, so that
            what AWS publishes replaces nothing by surprise.
        instance_type: an arm64 type.
        notify: topics that are told when it fails.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        part: str,
        naming: Naming,
        place: Place,
        vpc_id: str,
        subnet_id: str,
        internet: ITerraformDependable,
        sources: Sequence[str],
        image_id: str,
        image_is_pinned: bool = False,
        instance_type: str,
        notify: Sequence[Topic] = (),
    ) -> None:
        super().__init__(scope, id_)
        self._part, self._naming, self._place, self._notify = part, naming, place, notify
        self._name = name = naming.name(part)
        group = closed_group(self, "group", vpc_id=vpc_id, name=name, of="NAT instance: HTTPS through, nothing in")
        for number, source in enumerate(sources, start=1):
            let_in_from_range(self, f"in_{number}", group, source)
        let_out(self, "out", group)
        self.instance = Instance(
            self,
            "instance",
            ami=image_id,
            instance_type=instance_type,
            subnet_id=subnet_id,
            vpc_security_group_ids=[group.id],
            source_dest_check=False,
            iam_instance_profile=_session_manager_profile(self, naming.name(part, kind="role")),
            metadata_options=InstanceMetadataOptions(
                http_endpoint="enabled", http_tokens="required", http_put_response_hop_limit=1
            ),
            root_block_device=InstanceRootBlockDevice(volume_type="gp3", volume_size=8, encrypted=True),
            user_data=_for_terraform(nat_user_data(sources)),
            user_data_replace_on_change=True,
            lifecycle=TerraformResourceLifecycle(ignore_changes=[] if image_is_pinned else ["ami"]),
            depends_on=[internet],
            tags={"Name": name},
        )
        self.address = Eip(
            self, "address", domain="vpc", instance=self.instance.id, depends_on=[internet], tags={"Name": name}
        )
        # Different lengths, so that the two actions never race for one failure.
        # https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/UsingAlarmActions.html
        self._recover("System", by="recover", after_minutes=2)
        self._recover("Instance", by="reboot", after_minutes=3)

    @property
    def network_interface_id(self) -> str:
        """Id of the interface private route tables point to."""
        return str(self.instance.primary_network_interface_id)

    @property
    def public_ip(self) -> str:
        """The Elastic IP, which is what the internet sees."""
        return str(self.address.public_ip)

    def metric_failed_checks(self) -> Metric:
        """1 as long as AWS finds the instance, its network or its host unreachable."""
        return Metric(
            namespace="AWS/EC2",
            name="StatusCheckFailed",
            statistic="Maximum",
            dimensions={"InstanceId": self.instance.id},
            label=f"{self._name} failed status checks",
        )

    def _recover(self, check: str, *, by: str, after_minutes: int) -> None:
        name = self._naming.name(f"{self._part}-{by}", kind="alarm")
        for topic in self._notify:
            topic.allow_alarm(name)
        CloudwatchMetricAlarm(
            self,
            by,
            alarm_name=name,
            alarm_description=(
                f"The {check.lower()} status check of {self._name} fails: EC2 will {by} it. docs/runbook.md#nat-failing"
            ),
            namespace="AWS/EC2",
            metric_name=f"StatusCheckFailed_{check}",
            dimensions={"InstanceId": self.instance.id},
            statistic="Maximum",
            period=60,
            evaluation_periods=after_minutes,
            threshold=0,
            comparison_operator="GreaterThanThreshold",
            alarm_actions=[
                f"arn:{self._place.partition}:automate:{self._place.region}:ec2:{by}",
                *(topic.arn for topic in self._notify),
            ],
        )


def _session_manager_profile(scope: Construct, name: str) -> str:
    role = Role(scope, "role", name=name, service="ec2.amazonaws.com")
    # These actions know no resource: an agent registers before anything could name it.
    role.allow(*SESSION_MANAGER_ACTIONS, on="*")
    profile = IamInstanceProfile(
        scope, "profile", name=name, role=role.name, depends_on=[role.policy] if role.policy else None
    )
    return str(profile.name)


def _for_terraform(text: str) -> str:
    # Terraform would take the shell's own braces for references.
    return text.replace("${", "$${").replace("%{", "%%{")
