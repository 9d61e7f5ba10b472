from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from cdktf import TerraformOutput

from payments_infra.constructs.naming import Naming
from payments_infra.constructs.nat import Nat, NatMode
from payments_infra.constructs.nat_user_data import nat_user_data
from payments_infra.constructs.network import Network
from payments_infra.constructs.notifications import Topic
from tests.infra.ground import PARTITION, REGION, Ground, granted, readable
from tests.infra.template import Body, Template, synthesized

if TYPE_CHECKING:
    from typing import Any

    from cdktf import TerraformStack

    from payments_infra.constructs.metric import Metric

INSTANCE = "${aws_instance.nat_instance_1_instance.id}"
TOPIC = "${aws_sns_topic.alarms_topic.arn}"


def network(ground: Ground, id_: str = "network", *, suffix: str = "dev", zones: int = 2) -> Network:
    naming = Naming(project="payments", suffix=suffix)
    return Network(ground.stack, id_, naming=naming, place=ground.place, key=ground.key, zones=zones)


def with_nat(mode: NatMode, *, tells: bool = False, **options: Any) -> Template:  # noqa: ANN401 - whatever Nat takes
    """Return a stack with one network of two zones and a Nat, whose public addresses are an output."""

    def build(stack: TerraformStack) -> None:
        ground = Ground(stack)
        topic = Topic(stack, "alarms", part="alarms", naming=ground.naming, place=ground.place, key=ground.key)
        nat = Nat(
            stack,
            "nat",
            **{
                "mode": mode,
                "naming": ground.naming,
                "place": ground.place,
                "network": network(ground),
                "notify": [topic] if tells else [],
                **options,
            },
        )
        TerraformOutput(stack, "addresses", value=nat.public_ips).override_logical_id("addresses")

    return synthesized(build)


def metrics_of(mode: NatMode) -> list[Metric]:
    found: list[Metric] = []

    def build(stack: TerraformStack) -> None:
        ground = Ground(stack)
        nat = Nat(stack, "nat", mode=mode, naming=ground.naming, place=ground.place, network=network(ground))
        found.extend(nat.metrics_failing())

    synthesized(build)
    return found


def private_routes(template: Template) -> dict[str, Body]:
    """Return the default route of each private route table, by the table's Terraform name."""
    routes = [readable(body) for body in template.resources("aws_route").values() if "gateway_id" not in body]
    assert all(route.pop("destination_cidr_block") == "0.0.0.0/0" for route in routes)
    return {route.pop("route_table_id").split(".")[1]: route for route in routes}


def outputs(template: Template) -> list[str]:
    found: list[str] = readable(template.outputs["addresses"]["value"])
    return found


@pytest.fixture(scope="module")
def template() -> Template:
    return with_nat(NatMode.INSTANCE, tells=True)


@pytest.fixture(scope="module")
def instance(template: Template) -> Body:
    found: Body = readable(template.only("aws_instance"))
    return found


def test_without_nat_there_is_no_way_out_and_no_address() -> None:
    template = with_nat(NatMode.NONE)
    assert private_routes(template) == {}
    assert outputs(template) == []
    assert not template.resources("aws_eip")
    assert not template.data("aws_ssm_parameter")


def test_one_instance_serves_every_zone(template: Template) -> None:
    way_out = {"network_interface_id": "${aws_instance.nat_instance_1_instance.primary_network_interface_id}"}
    assert private_routes(template) == {"network_private_table_1": way_out, "network_private_table_2": way_out}
    assert outputs(template) == ["${aws_eip.nat_instance_1_address.public_ip}"]


def test_an_instance_per_zone_serves_its_own_zone_and_no_other() -> None:
    """Defect: Network that dies."""
    template = with_nat(NatMode.INSTANCE_PER_ZONE)
    for number in (1, 2):
        instance = f"aws_instance.nat_instance_{number}_instance"
        assert private_routes(template)[f"network_private_table_{number}"] == {
            "network_interface_id": f"${{{instance}.primary_network_interface_id}}"
        }
    subnets = {body["subnet_id"] for body in readable(template.resources("aws_instance")).values()}
    assert subnets == {"${aws_subnet.network_public_subnet_1.id}", "${aws_subnet.network_public_subnet_2.id}"}
    rules = readable(template.resources("aws_vpc_security_group_ingress_rule")).values()
    assert {(rule["security_group_id"], rule["cidr_ipv4"]) for rule in rules} == {
        ("${aws_security_group.nat_instance_1_group.id}", "10.0.0.0/20"),
        ("${aws_security_group.nat_instance_2_group.id}", "10.0.16.0/20"),
    }
    assert outputs(template) == [f"${{aws_eip.nat_instance_{number}_address.public_ip}}" for number in (1, 2)]
    assert len(template.data("aws_ssm_parameter")) == 1


def test_gateways_stand_one_in_each_zone() -> None:
    template = with_nat(NatMode.GATEWAY)
    for number in (1, 2):
        assert private_routes(template)[f"network_private_table_{number}"] == {
            "nat_gateway_id": f"${{aws_nat_gateway.nat_gateway_{number}.id}}"
        }
        gateway = readable(template.resources("aws_nat_gateway"))[f"nat_gateway_{number}"]
        assert gateway["subnet_id"] == f"${{aws_subnet.network_public_subnet_{number}.id}}"
        assert gateway["allocation_id"] == f"${{aws_eip.nat_address_{number}.allocation_id}}"
    assert outputs(template) == [f"${{aws_eip.nat_address_{number}.public_ip}}" for number in (1, 2)]
    assert not template.resources("aws_instance")


def test_an_instance_is_amazon_linux_by_aws_own_parameter_and_stays_when_that_changes(
    template: Template, instance: Body
) -> None:
    """Defect: Network that dies."""
    (parameter,) = template.data("aws_ssm_parameter").values()
    assert parameter == {"name": "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-arm64"}
    assert instance["ami"] == "${data.aws_ssm_parameter.nat_image.insecure_value}"
    assert instance["lifecycle"] == {"ignore_changes": ["ami"]}
    assert instance["instance_type"] == "t4g.nano"


def test_an_instance_can_be_pinned_to_an_image_and_made_larger() -> None:
    template = with_nat(NatMode.INSTANCE, image_id="ami-0123456789abcdef0", instance_type="c7gn.medium")
    assert template.only("aws_instance")["ami"] == "ami-0123456789abcdef0"
    assert "ami" not in template.only("aws_instance").get("lifecycle", {}).get("ignore_changes", [])
    assert template.only("aws_instance")["instance_type"] == "c7gn.medium"
    assert not template.data("aws_ssm_parameter")


def test_an_instance_forwards_other_peoples_packets(instance: Body) -> None:
    assert instance["source_dest_check"] is False
    assert instance["subnet_id"] == "${aws_subnet.network_public_subnet_1.id}"


def test_an_instance_has_no_old_metadata_service_no_plain_disk_and_no_key(template: Template, instance: Body) -> None:
    """Defect: Open doors."""
    assert instance["metadata_options"] == {
        "http_endpoint": "enabled",
        "http_tokens": "required",
        "http_put_response_hop_limit": 1,
    }
    assert instance["root_block_device"] == {"encrypted": True, "volume_type": "gp3", "volume_size": 8}
    assert "key_name" not in instance
    assert not template.resources("aws_key_pair")


def test_an_instance_takes_https_from_private_subnets_only_and_passes_on_nothing_else(template: Template) -> None:
    """Defect: Open doors."""
    group = "${aws_security_group.nat_instance_1_group.id}"
    ingress = list(readable(template.resources("aws_vpc_security_group_ingress_rule")).values())
    egress = [
        rule
        for rule in readable(template.resources("aws_vpc_security_group_egress_rule")).values()
        if rule["security_group_id"] == group
    ]
    assert {rule["cidr_ipv4"] for rule in ingress} == {"10.0.0.0/20", "10.0.16.0/20"}
    assert {rule["security_group_id"] for rule in ingress} == {group}
    assert len(egress) == 1
    assert {(rule["ip_protocol"], rule["from_port"], rule["to_port"]) for rule in (*ingress, *egress)} == {
        ("tcp", 443, 443)
    }


def test_an_instance_is_reached_by_session_manager_and_may_do_nothing_else(template: Template, instance: Body) -> None:
    """Defect: Too much permission."""
    assert instance["iam_instance_profile"] == "${aws_iam_instance_profile.nat_instance_1_profile.name}"
    profile = readable(template.only("aws_iam_instance_profile"))
    assert profile["role"] == "${aws_iam_role.nat_instance_1_role.name}"
    assert granted(template, "nat_instance_1_role") == [
        {
            "Effect": "Allow",
            "Action": [
                "ssm:UpdateInstanceInformation",
                "ssmmessages:CreateControlChannel",
                "ssmmessages:CreateDataChannel",
                "ssmmessages:OpenControlChannel",
                "ssmmessages:OpenDataChannel",
            ],
            "Resource": "*",
        }
    ]
    assert not template.resources("aws_iam_role_policy_attachment")


def test_an_instance_keeps_its_address_when_it_is_replaced(template: Template) -> None:
    address = readable(template.only("aws_eip"))
    assert address["domain"] == "vpc"
    assert address["instance"] == INSTANCE
    assert address["depends_on"] == ["aws_route.network_public_to_internet"]


@pytest.mark.parametrize(("action", "check", "minutes"), [("recover", "System", 2), ("reboot", "Instance", 3)])
def test_an_instance_that_fails_is_brought_back_and_somebody_is_told(
    template: Template, action: str, check: str, minutes: int
) -> None:
    """Defect: Dead alarms."""
    (alarm,) = [
        readable(body)
        for body in template.resources("aws_cloudwatch_metric_alarm").values()
        if body["alarm_name"] == f"payments-nat-1-{action}-dev"
    ]
    assert alarm["metric_name"] == f"StatusCheckFailed_{check}"
    assert alarm["namespace"] == "AWS/EC2"
    assert alarm["dimensions"] == {"InstanceId": INSTANCE}
    assert (alarm["statistic"], alarm["comparison_operator"], alarm["threshold"]) == (
        "Maximum",
        "GreaterThanThreshold",
        0,
    )
    assert (alarm["period"], alarm["evaluation_periods"]) == (60, minutes)
    assert alarm["alarm_actions"] == [f"arn:{PARTITION}:automate:{REGION}:ec2:{action}", TOPIC]


def test_every_way_out_can_be_watched() -> None:
    assert metrics_of(NatMode.NONE) == []
    (one,) = metrics_of(NatMode.INSTANCE)
    assert (one.namespace, one.name, one.statistic) == ("AWS/EC2", "StatusCheckFailed", "Maximum")
    assert set(one.dimensions) == {"InstanceId"}
    assert len(metrics_of(NatMode.INSTANCE_PER_ZONE)) == 2
    gateways = metrics_of(NatMode.GATEWAY)
    assert {(metric.namespace, metric.name, metric.statistic) for metric in gateways} == {
        ("AWS/NATGateway", "ErrorPortAllocation", "Sum")
    }
    assert len({metric.dimensions["NatGatewayId"] for metric in gateways}) == 2


def test_two_ways_out_stand_in_one_stack() -> None:
    """Defect: Two instances collide."""

    def build(stack: TerraformStack) -> None:
        ground = Ground(stack)
        for suffix in ("dev", "second"):
            naming = Naming(project="payments", suffix=suffix)
            own = network(ground, f"network_{suffix}", suffix=suffix)
            Nat(stack, f"nat_{suffix}", mode=NatMode.INSTANCE, naming=naming, place=ground.place, network=own)

    template = synthesized(build)
    assert {body["name"] for body in template.resources("aws_iam_instance_profile").values()} == {
        "payments-nat-1-dev",
        "payments-nat-1-second",
    }


@pytest.mark.parametrize("instance_type", ["t3.nano", "m5.large", "t4g", ""])
def test_a_type_that_cannot_run_the_image_is_refused_at_synth(instance_type: str) -> None:
    with pytest.raises(ValueError, match=r"instance_type must be an arm64 type such as t4g\.nano, got"):
        with_nat(NatMode.INSTANCE, instance_type=instance_type)


def test_user_data_reaches_the_instance_as_it_stands_in_its_file_with_the_private_ranges(instance: Body) -> None:
    deployed = instance["user_data"].replace("$${", "${").replace("%%{", "%{")
    assert deployed == nat_user_data(["10.0.0.0/20", "10.0.16.0/20"])
    assert instance["user_data_replace_on_change"] is True
    # EC2 takes 16 KB. https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/user-data.html
    assert len(deployed.encode()) < 16384
