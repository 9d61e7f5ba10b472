"""Permissions as pairs of an IAM action and a resource in Terraform's words: what roles have and what Lambda needs."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, NamedTuple

from tests.infra.ground import arn
from tests.infra.integrations import FUNCTION_LOGS, FUNCTION_TRACES, KEY_USE, OF_INTERFACES, ON_INTERFACES, POLLING
from tests.infra.whole_stack import address_of, many, statements_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.infra.template import Body, Template


class Permission(NamedTuple):
    """One action on one resource, such as ``${aws_sqs_queue.processing_queue.arn}``."""

    action: str
    resource: str


def needed_by_lambda(template: Template, function: Body) -> Iterator[Permission]:
    """Yield what Lambda needs in the function's name: for its logs, traces, network, event sources and failures."""
    group = address_of(function["logging_config"]["log_group"])
    yield from (Permission(action, f"${{{group}.arn}}:*") for action in FUNCTION_LOGS)
    if function["tracing_config"]["mode"] == "Active":
        yield from (Permission(action, "*") for action in FUNCTION_TRACES)
    if "vpc_config" in function:
        yield from (Permission(action, arn("ec2", "*/*")) for action in ON_INTERFACES)
        yield from (Permission(action, "*") for action in OF_INTERFACES)
    for mapping in _mappings_to(template, function):
        source = mapping["event_source_arn"]
        yield from (Permission(action, source) for action in POLLING[address_of(source).partition(".")[0]])
        if "destination_config" in mapping:
            yield Permission("sqs:SendMessage", mapping["destination_config"]["on_failure"]["destination_arn"])


def key_use(permission: Permission) -> tuple[str, ...]:
    """Return what the service asks of the key of the resource that ``permission`` is about."""
    action = permission.action
    return KEY_USE.get(action) or KEY_USE.get(action.partition(":")[0]) or ()


def said(template: Template, function: Body, effect: str) -> Iterator[tuple[Permission, Body]]:
    """Yield what the function's role allows or denies (``effect``), each with its conditions."""
    for statement in statements_of(template, address_of(function["role"])):
        if statement["Effect"] == effect:
            for action in many(statement["Action"]):
                for resource in many(statement["Resource"]):
                    yield Permission(action, resource), statement.get("Condition", {})


def denied(template: Template, function: Body) -> Iterator[Permission]:
    """Yield what the function's role or a table's own policy denies it, whatever else allows it."""
    yield from (permission for permission, conditions in said(template, function, "Deny") if not conditions)
    for policy in template.resources("aws_dynamodb_resource_policy").values():
        for statement in json.loads(policy["policy"])["Statement"]:
            spared = statement.get("Condition", {}).get("ArnNotEquals", {}).get("aws:PrincipalArn", [])
            if function["role"] not in spared:
                yield from (Permission(action, statement["Resource"]) for action in many(statement["Action"]))


def _mappings_to(template: Template, function: Body) -> Iterator[Body]:
    for mapping in template.resources("aws_lambda_event_source_mapping").values():
        if template.resource(*address_of(mapping["function_name"]).split(".")) is function:
            yield mapping
