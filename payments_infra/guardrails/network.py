"""Functions in a VPC that may call a service and can't reach it: they run into their time-out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from payments_infra.guardrails.policies import allowed_to
from payments_infra.guardrails.problem import Problem
from payments_infra.guardrails.queues import MAPPING
from payments_infra.guardrails.reach import GROUP, SUBNET, has_nat, lets, reached_by_endpoint
from payments_infra.guardrails.synthesized import blocks, many

if TYPE_CHECKING:
    from collections.abc import Iterator

    from payments_infra.guardrails.synthesized import Body, Resource, Synthesized

_CALLED_BY_LAMBDA = frozenset({"ec2", "kms", "logs", "xray"})
"""Lambda makes interfaces, writes logs and traces in the function's name from outside the VPC; KMS is called by the
service that encrypts. https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html"""

_POLLING = frozenset(
    {
        "dynamodb:describestream",
        "dynamodb:getrecords",
        "dynamodb:getsharditerator",
        "dynamodb:liststreams",
        "sqs:changemessagevisibility",
        "sqs:deletemessage",
        "sqs:getqueueattributes",
        "sqs:receivemessage",
    }
)
"""What an event source mapping does in the function's name, from outside the VPC as well."""

_ENDPOINTS = {
    "cloudwatch": "monitoring",
    "execute-api": "execute-api",
    "firehose": "kinesis-firehose",
    "kinesis": "kinesis-streams",
    "ses": "email",
}
"""Endpoints that are not called as the service is in policies.
https://docs.aws.amazon.com/vpc/latest/privatelink/aws-services-privatelink-support.html"""


def unreachable_services(stack: Synthesized) -> Iterator[Problem]:
    """Find functions whose role may call a service that their subnets or security groups give no way to.

    Subnets, groups and policies that are not of this stack can't be judged and are passed over.
    """
    for function in stack.resources("aws_lambda_function"):
        for network in blocks(function.body.get("vpc_config")):
            services = _called(stack, function)
            groups = stack.referred(network.get("security_group_ids"), GROUP)
            if services and not lets(stack, "egress", groups, None):
                yield _shut_in(function, services, groups)
            else:
                yield from _without_way(stack, function, services, network)


def _without_way(stack: Synthesized, function: Resource, services: set[str], network: Body) -> Iterator[Problem]:
    groups = stack.referred(network.get("security_group_ids"), GROUP)
    subnets: dict[str, list[str]] = {}
    for subnet in stack.referred(network.get("subnet_ids"), SUBNET):
        reached = services if has_nat(stack, subnet) else reached_by_endpoint(stack, subnet, groups)
        for service in sorted(services - reached):
            subnets.setdefault(service, []).append(subnet.path)
    if subnets:
        stranded = ", ".join(sorted({path for some in subnets.values() for path in some}))
        yield Problem(
            path=function.path,
            rule="unreachable-service",
            what=f"the function may call {', '.join(subnets)}, and {stranded} has neither a route to a NAT nor an "
            "endpoint it may use",
            mend=f"Add a Nat, or Network(interface_endpoints={sorted(subnets)}); S3 and DynamoDB take a gateway "
            "endpoint in the subnet's route table",
        )


def _shut_in(function: Resource, services: set[str], groups: list[Resource]) -> Problem:
    return Problem(
        path=function.path,
        rule="unreachable-service",
        what=f"the function may call {', '.join(sorted(services))}, and {', '.join(one.path for one in groups)} lets "
        "no HTTPS out",
        mend="Give the security group an egress rule for TCP 443, as Network.functions_group has",
    )


def _called(stack: Synthesized, function: Resource) -> set[str]:
    """Return the services, by their endpoints' names, that the function's own code may call."""
    given_up = _given_up_to(stack, function)
    return {
        _ENDPOINTS.get(service, service)
        for role in stack.referred(function.body.get("role"), "aws_iam_role")
        for statement in allowed_to(stack, role)
        if not _only_on(stack, statement, given_up)
        for action in many(statement.get("Action"))
        if (service := action.partition(":")[0]) not in _CALLED_BY_LAMBDA and action.lower() not in _POLLING
    }


def _given_up_to(stack: Synthesized, function: Resource) -> list[Resource]:
    """Return where Lambda itself sends, in the function's name, what the function could not handle."""
    mappings = [one for one in stack.resources(MAPPING) if stack.function(one.body.get("function_name")) is function]
    named = [function.body.get("dead_letter_config"), *(one.body.get("destination_config") for one in mappings)]
    return stack.referred(named)


def _only_on(stack: Synthesized, statement: Body, resources: list[Resource]) -> bool:
    named = many(statement.get("Resource"))
    return bool(named) and all(any(one in stack.referred(arn) for one in resources) for arn in named)
