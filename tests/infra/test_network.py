from __future__ import annotations

import json
from ipaddress import IPv4Network
from typing import TYPE_CHECKING

import pytest

from payments_infra.constructs.address_plan import AddressPlan
from payments_infra.constructs.naming import Naming
from payments_infra.constructs.network import Network
from tests.infra.ground import ACCOUNT, KEY, Ground, arn, granted, readable
from tests.infra.template import Body, Template, synthesized

if TYPE_CHECKING:
    from cdktf import TerraformStack

VPC = "${aws_vpc.network_vpc.id}"
FUNCTIONS_GROUP = "${aws_security_group.network_functions.id}"
OWN_ACCOUNT = {"aws:PrincipalAccount": ACCOUNT, "aws:ResourceAccount": ACCOUNT}


@pytest.fixture(scope="module")
def template() -> Template:
    def build(stack: TerraformStack) -> None:
        ground = Ground(stack)
        Network(stack, "network", naming=ground.naming, place=ground.place, key=ground.key)

    return synthesized(build)


@pytest.fixture(scope="module")
def two_networks() -> Template:
    def build(stack: TerraformStack) -> None:
        ground = Ground(stack)
        Network(stack, "first", naming=ground.naming, place=ground.place, key=ground.key)
        Network(
            stack,
            "second",
            naming=Naming(project="payments", suffix="second"),
            place=ground.place,
            key=ground.key,
            cidr="172.20.0.0/20",
            zones=3,
            flow_log_retention_days=365,
            interface_endpoints=("sqs", "sns"),
        )

    return synthesized(build)


def named(template: Template, type_: str, name: str) -> Body:
    """Return the resource of ``type_`` whose Name tag is ``name``."""
    (found,) = [body for body in template.resources(type_).values() if body["tags"]["Name"] == name]
    body: Body = readable(found)
    return body


def test_names_resolve_inside_the_vpc(template: Template) -> None:
    vpc = template.only("aws_vpc")
    assert vpc["cidr_block"] == "10.0.0.0/16"
    assert vpc["enable_dns_hostnames"] is True
    assert vpc["enable_dns_support"] is True


def test_zones_are_looked_up_and_too_few_of_them_are_told_by_the_plan(template: Template) -> None:
    """Defect: Hard-coded places."""
    (zones,) = template.data("aws_availability_zones").values()
    assert zones["state"] == "available"
    assert zones["filter"] == [{"name": "opt-in-status", "values": ["opt-in-not-required"]}]
    assert zones["exclude_zone_ids"] == ["use1-az3"]
    (told,) = zones["lifecycle"]["postcondition"]
    assert told["condition"] == "${length(self.names) >= 2}"
    assert "fewer than 2 availability zones" in told["error_message"]


def test_each_zone_has_a_public_and_a_private_subnet(template: Template) -> None:
    subnets = [readable(body) for body in template.resources("aws_subnet").values()]
    zone = "${data.aws_availability_zones.network_zones.names[%d]}"
    assert {body["tags"]["Name"]: (body["cidr_block"], body["availability_zone"]) for body in subnets} == {
        "payments-private-1-dev": ("10.0.0.0/20", zone % 0),
        "payments-private-2-dev": ("10.0.16.0/20", zone % 1),
        "payments-public-1-dev": ("10.0.128.0/20", zone % 0),
        "payments-public-2-dev": ("10.0.144.0/20", zone % 1),
    }
    assert not any(body["map_public_ip_on_launch"] for body in subnets)


def test_only_public_subnets_have_a_route_to_the_internet(template: Template) -> None:
    route = readable(template.only("aws_route"))
    assert route == {
        "route_table_id": "${aws_route_table.network_public_routes.id}",
        "destination_cidr_block": "0.0.0.0/0",
        "gateway_id": "${aws_internet_gateway.network_public_internet.id}",
    }
    associations = {
        (body["subnet_id"], body["route_table_id"])
        for body in readable(template.resources("aws_route_table_association")).values()
    }
    assert associations == {
        ("${aws_subnet.network_public_subnet_1.id}", "${aws_route_table.network_public_routes.id}"),
        ("${aws_subnet.network_public_subnet_2.id}", "${aws_route_table.network_public_routes.id}"),
        ("${aws_subnet.network_private_subnet_1.id}", "${aws_route_table.network_private_table_1.id}"),
        ("${aws_subnet.network_private_subnet_2.id}", "${aws_route_table.network_private_table_2.id}"),
    }


def test_the_default_group_is_kept_closed(template: Template) -> None:
    """Defect: Open doors."""
    group = template.only("aws_default_security_group")
    assert readable(group["vpc_id"]) == VPC
    assert group["ingress"] == []
    assert group["egress"] == []


def test_functions_may_open_https_connections_and_nothing_may_be_opened_to_them(template: Template) -> None:
    """Defect: Open doors."""
    group = readable(template.only("aws_security_group"))
    assert group["name"] == "payments-functions-dev"
    assert not {"ingress", "egress"} & set(group)
    rule = readable(template.only("aws_vpc_security_group_egress_rule"))
    assert rule["security_group_id"] == FUNCTIONS_GROUP
    assert (rule["ip_protocol"], rule["from_port"], rule["to_port"]) == ("tcp", 443, 443)
    assert rule["cidr_ipv4"] == "0.0.0.0/0"
    assert not template.resources("aws_vpc_security_group_ingress_rule")


def test_functions_are_attached_to_the_private_subnets_in_their_own_group() -> None:
    def build(stack: TerraformStack) -> None:
        ground = Ground(stack)
        network = Network(stack, "network", naming=ground.naming, place=ground.place, key=ground.key)
        ground.function(network=network.attachment)

    function = readable(synthesized(build).only("aws_lambda_function"))
    assert function["vpc_config"] == {
        "subnet_ids": ["${aws_subnet.network_private_subnet_1.id}", "${aws_subnet.network_private_subnet_2.id}"],
        "security_group_ids": [FUNCTIONS_GROUP],
    }


@pytest.mark.parametrize("service", ["s3", "dynamodb"])
def test_private_subnets_reach_a_service_without_nat_for_this_accounts_sake_only(
    template: Template, service: str
) -> None:
    """Defect: Network that dies."""
    endpoint = named(template, "aws_vpc_endpoint", f"payments-{service}-dev")
    looked_up = f"network_gateway_endpoints_{service}_service"
    assert endpoint["service_name"] == f"${{data.aws_vpc_endpoint_service.{looked_up}.service_name}}"
    assert readable(template.data("aws_vpc_endpoint_service"))[looked_up] == {
        "service": service,
        "service_type": "Gateway",
    }
    assert endpoint["vpc_endpoint_type"] == "Gateway"
    assert endpoint["route_table_ids"] == [
        "${aws_route_table.network_private_table_1.id}",
        "${aws_route_table.network_private_table_2.id}",
    ]
    assert json.loads(endpoint["policy"])["Statement"] == [
        {
            "Sid": "OwnAccount",
            "Effect": "Allow",
            "Principal": "*",
            "Action": f"{service}:*",
            "Resource": "*",
            "Condition": {"StringEquals": OWN_ACCOUNT},
        }
    ]


def test_no_interface_endpoint_costs_money_unasked(template: Template) -> None:
    assert {body["vpc_endpoint_type"] for body in template.resources("aws_vpc_endpoint").values()} == {"Gateway"}


def test_an_interface_endpoint_takes_https_from_functions_and_serves_this_account(two_networks: Template) -> None:
    endpoint = named(two_networks, "aws_vpc_endpoint", "payments-sqs-second")
    group = "${aws_security_group.second_interface_endpoints_group.id}"
    assert endpoint["vpc_endpoint_type"] == "Interface"
    assert endpoint["private_dns_enabled"] is True
    assert endpoint["subnet_ids"] == [f"${{aws_subnet.second_private_subnet_{number}.id}}" for number in (1, 2, 3)]
    assert endpoint["security_group_ids"] == [group]
    (statement,) = json.loads(endpoint["policy"])["Statement"]
    assert statement["Condition"] == {"StringEquals": {"aws:PrincipalAccount": ACCOUNT}}
    rule = readable(two_networks.only("aws_vpc_security_group_ingress_rule"))
    assert rule["security_group_id"] == group
    assert rule["referenced_security_group_id"] == "${aws_security_group.second_functions.id}"
    assert (rule["ip_protocol"], rule["from_port"], rule["to_port"]) == ("tcp", 443, 443)
    assert named(two_networks, "aws_vpc_endpoint", "payments-sns-second")["security_group_ids"] == [group]


def test_every_connection_is_logged_encrypted(template: Template) -> None:
    flow_log = readable(template.only("aws_flow_log"))
    assert flow_log["traffic_type"] == "ALL"
    assert flow_log["vpc_id"] == VPC
    assert flow_log["log_destination"] == "${aws_cloudwatch_log_group.network_flow_logs_log_group.arn}"
    assert flow_log["iam_role_arn"] == "${aws_iam_role.network_flow_logs_writer_role.arn}"
    group = readable(template.only("aws_cloudwatch_log_group"))
    assert group == {"name": "/aws/vpc/payments-flow-logs-dev", "kms_key_id": KEY, "retention_in_days": 14}


def test_the_flow_logs_role_serves_this_accounts_flow_logs_and_writes_one_log_group(template: Template) -> None:
    """Defect: Too much permission."""
    role = readable(template.only("aws_iam_role"))
    (trust,) = json.loads(role["assume_role_policy"])["Statement"]
    assert trust["Principal"] == {"Service": "vpc-flow-logs.amazonaws.com"}
    assert trust["Condition"] == {
        "StringEquals": {"aws:SourceAccount": ACCOUNT},
        "ArnLike": {"aws:SourceArn": arn("ec2", "vpc-flow-log/*")},
    }
    group = "${aws_cloudwatch_log_group.network_flow_logs_log_group.arn}"
    assert granted(template, "network_flow_logs_writer") == [
        {
            "Effect": "Allow",
            "Action": ["logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"],
            "Resource": f"{group}:*",
        },
        {"Effect": "Allow", "Action": "logs:DescribeLogGroups", "Resource": group},
    ]


def test_two_networks_of_different_sizes_stand_in_one_stack(two_networks: Template) -> None:
    """Defect: Two instances collide."""
    assert len(two_networks.resources("aws_vpc")) == 2
    ranges = {body["tags"]["Name"]: body["cidr_block"] for body in two_networks.resources("aws_subnet").values()}
    assert ranges["payments-private-3-second"] == "172.20.2.0/24"
    assert ranges["payments-public-3-second"] == "172.20.10.0/24"
    groups = two_networks.resources("aws_cloudwatch_log_group").values()
    assert {body["name"]: body["retention_in_days"] for body in groups} == {
        "/aws/vpc/payments-flow-logs-dev": 14,
        "/aws/vpc/payments-flow-logs-second": 365,
    }


@pytest.mark.parametrize("cidr", ["10.0.0.0/16", "192.168.7.0/24", "172.31.0.0/19", "100.64.0.0/16"])
@pytest.mark.parametrize("zones", [1, 2, 6])
def test_subnets_lie_inside_the_vpc_and_apart_from_each_other(cidr: str, zones: int) -> None:
    plan = AddressPlan(cidr=cidr, zones=zones)
    subnets = [IPv4Network(range_) for range_ in (*plan.private, *plan.public)]
    assert len(subnets) == 2 * zones
    assert all(subnet.subnet_of(IPv4Network(cidr)) for subnet in subnets)
    assert all(subnet.prefixlen <= 28 for subnet in subnets)
    assert not [(one, other) for one in subnets for other in subnets if one is not other and one.overlaps(other)]


def test_another_zone_moves_no_subnet() -> None:
    two, three = (AddressPlan(cidr="10.0.0.0/16", zones=zones) for zones in (2, 3))
    assert three.private[:2] == two.private
    assert three.public[:2] == two.public


@pytest.mark.parametrize(
    "cidr",
    [
        "10.0.0.0/15",  # larger than a VPC may be
        "10.0.0.0/25",  # too small to be cut
        "8.8.0.0/16",  # somebody's
        "127.0.0.0/16",  # private in a sense, but no network
        "172.16.0.0/11",  # partly public
        "10.0.0.1/16",  # an address, not a range
        "fd00::/16",
        "ten",
        "",
    ],
)
def test_a_range_no_vpc_can_have_is_refused_at_synth(cidr: str) -> None:
    with pytest.raises(ValueError, match=r"a VPC needs a private IPv4 range from /16 to /24") as refusal:
        AddressPlan(cidr=cidr, zones=2)
    assert repr(cidr) in str(refusal.value)


@pytest.mark.parametrize("zones", [0, 7])
def test_a_number_of_zones_no_region_has_is_refused_at_synth(zones: int) -> None:
    def build(stack: TerraformStack) -> None:
        ground = Ground(stack)
        Network(stack, "network", naming=ground.naming, place=ground.place, key=ground.key, zones=zones)

    with pytest.raises(ValueError, match=rf"zones must be between 1 and 6, got {zones}"):
        synthesized(build)
