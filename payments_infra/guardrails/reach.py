"""The ways out of a VPC: routes, endpoints and what security groups let through."""

from __future__ import annotations

from typing import TYPE_CHECKING

from payments_infra.guardrails.synthesized import blocks, many

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from payments_infra.guardrails.synthesized import Body, Resource, Synthesized

SUBNET = "aws_subnet"
GROUP = "aws_security_group"
ENDPOINT = "aws_vpc_endpoint"

HTTPS = 443
ANYWHERE = "0.0.0.0/0"

_TO_NAT = ("nat_gateway_id", "network_interface_id", "transit_gateway_id", "vpc_peering_connection_id")
"""Targets of a route that carry what has only a private address; an internet gateway does not.
https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc-internet.html"""

_RULES_APART = {
    "egress": "aws_vpc_security_group_egress_rule",
    "ingress": "aws_vpc_security_group_ingress_rule",
}


def has_nat(stack: Synthesized, subnet: Resource) -> bool:
    """Return whether ``subnet`` has a default route that works without a public address."""
    tables = _tables(stack, subnet)
    routes = [
        *(route.body for route in stack.resources("aws_route") if _of(stack, route.body.get("route_table_id"), tables)),
        *(block for table in tables for block in blocks(table.body.get("route"))),
    ]
    return any(_is_default(route) and any(route.get(target) for target in _TO_NAT) for route in routes)


def reached_by_endpoint(stack: Synthesized, subnet: Resource, clients: Iterable[Resource]) -> set[str]:
    """Return the short names of the services that members of ``clients`` in ``subnet`` reach by an endpoint."""
    tables, clients = _tables(stack, subnet), list(clients)
    found = set()
    for endpoint in stack.resources(ENDPOINT):
        body = endpoint.body
        if body.get("vpc_endpoint_type", "Gateway") == "Gateway":
            reached = _of(stack, body.get("route_table_ids"), tables) or _routed_apart(stack, endpoint, tables)
        else:
            groups = stack.referred(body.get("security_group_ids"), GROUP)
            reached = _same_network(stack, subnet, endpoint) and lets(stack, "ingress", groups, clients)
        if reached:
            found.add(_service(stack, endpoint))
    return found


def lets(stack: Synthesized, direction: str, groups: Iterable[Resource], peers: Iterable[Resource] | None) -> bool:
    """Return whether one of ``groups`` lets HTTPS pass in ``direction``, ``egress`` or ``ingress``.

    A rule for another security group counts where that is one of ``peers``, and always where those are None. Groups
    of other stacks are taken to let it pass: nothing is known of them.
    """
    groups = list(groups)
    allowed = None if peers is None else {peer.address for peer in peers}
    return not groups or any(
        _lets_https(rule) and _is_for(stack, rule, allowed)
        for group in groups
        for rule in _rules(stack, direction, group)
    )


def _tables(stack: Synthesized, subnet: Resource) -> list[Resource]:
    return [
        table
        for association in stack.resources("aws_route_table_association")
        if _of(stack, association.body.get("subnet_id"), [subnet])
        for table in stack.referred(association.body.get("route_table_id"), "aws_route_table")
    ]


def _routed_apart(stack: Synthesized, endpoint: Resource, tables: list[Resource]) -> bool:
    return any(
        _of(stack, one.body.get("vpc_endpoint_id"), [endpoint]) and _of(stack, one.body.get("route_table_id"), tables)
        for one in stack.resources("aws_vpc_endpoint_route_table_association")
    )


def _of(stack: Synthesized, value: object, some: Iterable[Resource]) -> bool:
    return any(one in stack.referred(value) for one in some)


def _is_default(route: Body) -> bool:
    return ANYWHERE in {route.get("destination_cidr_block"), route.get("cidr_block")}


def _same_network(stack: Synthesized, subnet: Resource, endpoint: Resource) -> bool:
    # Its name leads every subnet of the VPC to it.
    private_name = endpoint.body.get("private_dns_enabled") is True
    return private_name and _of(stack, endpoint.body.get("vpc_id"), stack.referred(subnet.body.get("vpc_id")))


def _service(stack: Synthesized, endpoint: Resource) -> str:
    name = endpoint.body.get("service_name", "")
    looked_up = stack.target(name, "data.aws_vpc_endpoint_service")
    if looked_up:
        name = looked_up.body.get("service") or looked_up.body.get("service_name", "")
    return str(name).rpartition(".")[2]


def _rules(stack: Synthesized, direction: str, group: Resource) -> Iterator[Body]:
    yield from blocks(group.body.get(direction))
    for rule in stack.resources(_RULES_APART[direction], "aws_security_group_rule"):
        if _of(stack, rule.body.get("security_group_id"), [group]) and rule.body.get("type", direction) == direction:
            yield rule.body


def _lets_https(rule: Body) -> bool:
    protocol = str(rule.get("ip_protocol", rule.get("protocol")))
    first, last = rule.get("from_port", HTTPS), rule.get("to_port", HTTPS)
    return protocol in {"-1", "all"} or (protocol in {"tcp", "6"} and int(first) <= HTTPS <= int(last))


def _is_for(stack: Synthesized, rule: Body, allowed: set[str] | None) -> bool:
    named = [
        rule.get("referenced_security_group_id"),
        rule.get("source_security_group_id"),
        *many(rule.get("security_groups")),
    ]
    others = stack.referred([one for one in named if one], GROUP)
    return allowed is None or not others or any(other.address in allowed for other in others)
