from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from cdktf_cdktf_provider_aws.data_aws_vpc_endpoint_service import DataAwsVpcEndpointService
from cdktf_cdktf_provider_aws.lambda_function import LambdaFunctionVpcConfig
from cdktf_cdktf_provider_aws.route import Route
from cdktf_cdktf_provider_aws.route_table import RouteTable
from cdktf_cdktf_provider_aws.route_table_association import RouteTableAssociation
from cdktf_cdktf_provider_aws.security_group import SecurityGroup, SecurityGroupEgress
from cdktf_cdktf_provider_aws.subnet import Subnet
from cdktf_cdktf_provider_aws.vpc import Vpc
from cdktf_cdktf_provider_aws.vpc_endpoint import VpcEndpoint
from cdktf_cdktf_provider_aws.vpc_security_group_ingress_rule import VpcSecurityGroupIngressRule

from payments_infra.constructs.nat import Nat, NatMode
from payments_infra.constructs.network import Network
from tests.infra.ground import Ground
from tests.infra.guarded import function, guarded, role

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cdktf import TerraformStack

STRANDED = (
    "worker: the function may call {services}, and private has neither a route to a NAT nor an endpoint it may use. "
    "Add a Nat, or Network(interface_endpoints={names}); S3 and DynamoDB take a gateway endpoint in the subnet's route "
    "table [unreachable-service]"
)
OUTWARDS = (SecurityGroupEgress(from_port=443, to_port=443, protocol="tcp", cidr_blocks=["0.0.0.0/0"]),)


class Isolated:
    """One private subnet with a function in it that may do ``actions``."""

    def __init__(self, stack: TerraformStack, *actions: str, egress: Sequence[SecurityGroupEgress] = OUTWARDS) -> None:
        self.stack = stack
        self.vpc = Vpc(stack, "vpc", cidr_block="10.0.0.0/16")
        self.subnet = Subnet(stack, "private", vpc_id=self.vpc.id, cidr_block="10.0.1.0/24")
        self.table = RouteTable(stack, "table", vpc_id=self.vpc.id)
        RouteTableAssociation(stack, "association", subnet_id=self.subnet.id, route_table_id=self.table.id)
        self.group = SecurityGroup(stack, "group", name="group", vpc_id=self.vpc.id, egress=list(egress) or None)
        function(
            stack,
            role=role(stack, "calling", *actions).arn,
            vpc_config=LambdaFunctionVpcConfig(subnet_ids=[self.subnet.id], security_group_ids=[self.group.id]),
        )

    def route(self, **target: Any) -> None:  # noqa: ANN401 - whatever Route takes
        Route(self.stack, "out", route_table_id=self.table.id, destination_cidr_block="0.0.0.0/0", **target)

    def endpoint(self, service: str, **options: Any) -> SecurityGroup:  # noqa: ANN401 - whatever VpcEndpoint takes
        group = SecurityGroup(self.stack, f"{service}_group", name=service, vpc_id=self.vpc.id)
        found = DataAwsVpcEndpointService(self.stack, f"{service}_service", service=service)
        given = {"private_dns_enabled": True, "security_group_ids": [group.id], **options}
        VpcEndpoint(
            self.stack,
            service,
            vpc_id=self.vpc.id,
            service_name=found.service_name,
            vpc_endpoint_type="Interface",
            subnet_ids=[self.subnet.id],
            **given,
        )
        return group

    def let_in(self, group: SecurityGroup, clients: SecurityGroup) -> None:
        VpcSecurityGroupIngressRule(
            self.stack,
            "let_in",
            security_group_id=group.id,
            referenced_security_group_id=clients.id,
            ip_protocol="tcp",
            from_port=443,
            to_port=443,
        )


def test_a_function_without_a_way_to_what_it_may_call_is_refused() -> None:
    found = guarded(lambda stack: Isolated(stack, "sqs:SendMessage", "dynamodb:PutItem", "kinesis:PutRecord"))
    assert found == [
        STRANDED.format(services="dynamodb, kinesis-streams, sqs", names=["dynamodb", "kinesis-streams", "sqs"])
    ]


def test_what_lambda_and_kms_do_for_a_function_needs_no_way_of_its_own() -> None:
    actions = ("logs:PutLogEvents", "xray:PutTraceSegments", "kms:Decrypt", "ec2:CreateNetworkInterface")
    polling = ("sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes", "dynamodb:GetRecords")
    assert not guarded(lambda stack: Isolated(stack, *actions, *polling))


@pytest.mark.parametrize("target", ["nat_gateway_id", "network_interface_id", "transit_gateway_id"])
def test_a_default_route_to_a_nat_leads_to_every_service(target: str) -> None:
    assert not guarded(lambda stack: Isolated(stack, "sqs:SendMessage").route(**{target: "id-1"}))


def test_an_internet_gateway_leads_a_function_nowhere() -> None:
    found = guarded(lambda stack: Isolated(stack, "sqs:SendMessage").route(gateway_id="igw-1"))
    assert found == [STRANDED.format(services="sqs", names=["sqs"])]


def test_a_gateway_endpoint_leads_from_the_subnets_whose_routes_it_is_in() -> None:
    def build(stack: TerraformStack, *, routed: bool) -> None:
        isolated = Isolated(stack, "s3:GetObject")
        tables = [isolated.table.id] if routed else []
        name = "com.amazonaws.eu-central-1.s3"
        VpcEndpoint(stack, "s3", vpc_id=isolated.vpc.id, service_name=name, route_table_ids=tables)

    assert not guarded(lambda stack: build(stack, routed=True))
    assert guarded(lambda stack: build(stack, routed=False)) == [STRANDED.format(services="s3", names=["s3"])]


def test_an_interface_endpoint_leads_to_its_service_where_it_lets_the_function_in() -> None:
    def build(stack: TerraformStack) -> None:
        isolated = Isolated(stack, "sqs:SendMessage")
        isolated.let_in(isolated.endpoint("sqs"), isolated.group)

    assert not guarded(build)


def test_an_interface_endpoint_that_lets_others_in_leads_nowhere() -> None:
    def build(stack: TerraformStack) -> None:
        isolated = Isolated(stack, "sqs:SendMessage")
        isolated.let_in(isolated.endpoint("sqs"), SecurityGroup(stack, "others", name="others"))

    assert guarded(build) == [STRANDED.format(services="sqs", names=["sqs"])]


def test_an_interface_endpoint_without_its_services_name_leads_nowhere() -> None:
    def build(stack: TerraformStack) -> None:
        isolated = Isolated(stack, "sqs:SendMessage")
        isolated.let_in(isolated.endpoint("sqs", private_dns_enabled=False), isolated.group)

    assert guarded(build) == [STRANDED.format(services="sqs", names=["sqs"])]


@pytest.mark.parametrize(
    "egress",
    [(), (SecurityGroupEgress(from_port=80, to_port=80, protocol="tcp", cidr_blocks=["0.0.0.0/0"]),)],
    ids=["no rule", "another port"],
)
def test_a_function_whose_group_lets_no_https_out_is_refused(egress: tuple[SecurityGroupEgress, ...]) -> None:
    found = guarded(lambda stack: Isolated(stack, "sqs:SendMessage", egress=egress).route(nat_gateway_id="nat-1"))
    assert found == [
        (
            "worker: the function may call sqs, and group lets no HTTPS out. Give the security group an egress rule "
            "for TCP 443, as Network.functions_group has [unreachable-service]"
        )
    ]


def test_a_subnet_of_somebody_elses_is_not_judged() -> None:
    def build(stack: TerraformStack) -> None:
        network = LambdaFunctionVpcConfig(subnet_ids=["subnet-1"], security_group_ids=["sg-1"])
        function(stack, role=role(stack, "calling", "sqs:SendMessage").arn, vpc_config=network)

    assert not guarded(build)


@pytest.mark.parametrize("nat", [*NatMode])
def test_the_projects_own_network_is_judged_by_its_nat(nat: NatMode) -> None:
    def build(stack: TerraformStack) -> None:
        ground = Ground(stack)
        network = Network(stack, "network", naming=ground.naming, place=ground.place, key=ground.key)
        Nat(stack, "nat", mode=nat, naming=ground.naming, place=ground.place, network=network)
        worker = ground.function(network=network.attachment)
        worker.role.allow("sqs:SendMessage", "dynamodb:PutItem", on="*")

    stranded = [line for line in guarded(build) if line.endswith("[unreachable-service]")]
    if nat is NatMode.NONE:
        (problem,) = stranded
        assert problem.startswith("worker/function: the function may call sqs, and network/private/subnet_1, ")
    else:
        assert not stranded
