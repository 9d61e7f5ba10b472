"""The network and its ways out, applied by real Terraform to moto, which knows more of EC2 than the embedded AWS."""

from __future__ import annotations

import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import boto3
import pytest
from moto.server import ThreadedMotoServer

from local_aws.progress import silent
from local_aws.terraform import Terraform
from local_aws.working_copy import WorkingCopy

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mypy_boto3_ec2 import EC2Client

pytestmark = pytest.mark.slow

APP = Path(__file__).parents[1] / "infra" / "network_app.py"
REGION = "eu-central-1"
MODES = ("none", "instance", "instance_per_zone", "gateway")
MOTO_FORGETS = {"aws_vpc_security_group_ingress_rule.none_network_interface_endpoints_clients"}
"""moto keeps no description of a rule that names another group, so each plan adds it again."""


@contextmanager
def moto() -> Iterator[str]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        yield "http://{}:{}".format(*server.get_host_and_port())
    finally:
        server.stop()


def ways_out(ec2: EC2Client, vpc_id: str) -> list[str]:
    """Return what each private subnet's default route leads to: ``eni``, ``nat``, or nothing."""
    tables = ec2.describe_route_tables(Filters=[{"Name": "vpc-id", "Values": [vpc_id]}])["RouteTables"]
    routes = [
        route for table in tables for route in table["Routes"] if route.get("DestinationCidrBlock") == "0.0.0.0/0"
    ]
    targets = [route.get("NetworkInterfaceId") or route.get("NatGatewayId") for route in routes]
    return sorted(target.split("-")[0] for target in targets if target)


def instances(ec2: EC2Client, vpc_id: str) -> list[tuple[bool, bool]]:
    """Return, for each running instance, whether it checks addresses and whether its disk is encrypted."""
    reservations = ec2.describe_instances(
        Filters=[{"Name": "vpc-id", "Values": [vpc_id]}, {"Name": "instance-state-name", "Values": ["running"]}]
    )["Reservations"]
    found = [instance for reservation in reservations for instance in reservation["Instances"]]
    volumes = [instance["BlockDeviceMappings"][0]["Ebs"]["VolumeId"] for instance in found]
    encrypted = [ec2.describe_volumes(VolumeIds=[volume])["Volumes"][0]["Encrypted"] for volume in volumes]
    return [
        (instance["SourceDestCheck"], is_encrypted) for instance, is_encrypted in zip(found, encrypted, strict=True)
    ]


def test_every_way_out_is_applied_stays_as_applied_and_can_be_destroyed(tmp_path: Path) -> None:
    """Defect: It never ran. Defect: Perpetual diffs. Defect: Two instances collide."""
    subprocess.run([sys.executable, str(APP), str(tmp_path / "synthesized")], check=True)  # noqa: S603 - ours
    with moto() as endpoint_url:
        terraform = Terraform(WorkingCopy(tmp_path / "working"), endpoint_url, REGION, silent)
        terraform.prepare(tmp_path / "synthesized" / "stacks" / "networks")
        terraform.validate()
        terraform.apply()
        outputs = terraform.outputs()
        ec2 = boto3.client(
            "ec2",
            endpoint_url=endpoint_url,
            region_name=REGION,
            aws_access_key_id="moto",
            aws_secret_access_key="takes any",  # noqa: S106 - no secret: moto takes any
        )
        vpcs = {mode: outputs[mode]["vpc_id"] for mode in MODES}

        assert {mode: len(outputs[mode]["public_ips"]) for mode in MODES} == {
            "none": 0,
            "instance": 1,
            "instance_per_zone": 2,
            "gateway": 2,
        }
        assert {mode: ways_out(ec2, vpc_id) for mode, vpc_id in vpcs.items()} == {
            "none": [],
            "instance": ["eni", "eni"],
            "instance_per_zone": ["eni", "eni"],
            "gateway": ["nat", "nat"],
        }
        assert instances(ec2, vpcs["instance"]) == [(False, True)]
        assert instances(ec2, vpcs["instance_per_zone"]) == [(False, True)] * 2

        changes = {change.address.rsplit("_", 1)[0] for change in terraform.plan()}
        assert changes <= MOTO_FORGETS

        terraform.destroy()
        left = {vpc["VpcId"] for vpc in ec2.describe_vpcs()["Vpcs"]}
        assert not left & set(vpcs.values())
