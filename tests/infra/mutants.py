"""A template with one thing taken out of it, or opened wider: all there are of these."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

from tests.infra.clauses import POLICIES
from tests.infra.template import Template
from tests.infra.whole_stack import many

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.infra.template import Body

REMOVED = {
    "aws_cloudwatch_event_rule": "rule",
    "aws_cloudwatch_event_target": "rule's target",
    "aws_cloudwatch_log_resource_policy": "policy",
    "aws_dynamodb_resource_policy": "policy",
    "aws_iam_role_policy": "policy",
    "aws_lambda_event_source_mapping": "event source mapping",
    "aws_lambda_permission": "permission to invoke",
    "aws_s3_bucket_notification": "bucket's events",
    "aws_s3_bucket_policy": "policy",
}
"""What is taken out whole, by type, and what it is called."""

STRIPPED = {
    "aws_cloudwatch_event_rule": ("event_pattern", "schedule_expression"),
    "aws_cloudwatch_event_target": ("dead_letter_config", "role_arn"),
    "aws_lambda_event_source_mapping": ("destination_config", "function_response_types"),
    "aws_lambda_permission": ("source_arn",),
    "aws_s3_bucket_notification": ("eventbridge",),
    "aws_sqs_queue": ("redrive_allow_policy", "redrive_policy"),
}
"""Arguments that are taken out of what stays, by type."""


class Mutant(NamedTuple):
    """``template`` is the one it was made of but for one thing: ``kind`` says what was done, ``where`` to what."""

    kind: str
    where: str
    template: Template


def mutants(template: Template) -> Iterator[Mutant]:
    """Yield every mutant of ``template``; each shares with it all that is not changed."""
    yield from _without_resources(template)
    yield from _without_arguments(template)
    yield from _without_variables(template)
    yield from _without_alarm_actions(template)
    yield from _with_other_policies(template)


def _without_resources(template: Template) -> Iterator[Mutant]:
    for type_, called in REMOVED.items():
        for name in template.resources(type_):
            yield Mutant(f"{called} removed", f"{type_}.{name}", _with(template, type_, name, None))


def _without_arguments(template: Template) -> Iterator[Mutant]:
    for type_, arguments in STRIPPED.items():
        for name, body in template.resources(type_).items():
            for argument in (one for one in arguments if one in body):
                left = {key: value for key, value in body.items() if key != argument}
                yield Mutant(f"{argument} removed", f"{type_}.{name}", _with(template, type_, name, left))


def _with_other_policies(template: Template) -> Iterator[Mutant]:
    for type_, (argument, _) in {**POLICIES, "aws_iam_role": ("assume_role_policy", None)}.items():
        for name, body in template.resources(type_).items():
            if argument in body:
                for kind, changed in _policies(json.loads(body[argument])["Statement"]):
                    policy = json.dumps({"Version": "2012-10-17", "Statement": changed})
                    mutant = _with(template, type_, name, {**body, argument: policy})
                    yield Mutant(kind, f"{type_}.{name}", mutant)


def _without_variables(template: Template) -> Iterator[Mutant]:
    type_ = "aws_lambda_function"
    for name, body in template.resources(type_).items():
        variables = body["environment"]["variables"]
        for variable in variables:
            left = {key: value for key, value in variables.items() if key != variable}
            mutant = _with(template, type_, name, {**body, "environment": {"variables": left}})
            yield Mutant("variable removed", f"{type_}.{name} {variable}", mutant)


def _without_alarm_actions(template: Template) -> Iterator[Mutant]:
    type_ = "aws_cloudwatch_metric_alarm"
    for name, body in template.resources(type_).items():
        actions = body["alarm_actions"]
        for number, action in enumerate(actions):
            mutant = _with(template, type_, name, {**body, "alarm_actions": _without(actions, number)})
            yield Mutant("alarm action removed", f"{type_}.{name} {action}", mutant)


def _policies(statements: list[Body]) -> Iterator[tuple[str, list[Body]]]:
    for number, statement in enumerate(statements):
        if len(statements) > 1:
            yield "statement removed", _without(statements, number)
        for kind, changed in _statements(statement):
            yield kind, [*statements[:number], changed, *statements[number + 1 :]]


def _statements(statement: Body) -> Iterator[tuple[str, Body]]:
    for part in ("Action", "Resource"):
        values = many(statement.get(part, []))
        for number in range(len(values)) if len(values) > 1 else ():
            yield f"{part.lower()} removed", {**statement, part: _without(values, number)}
    for operator, keys in statement.get("Condition", {}).items():
        for key, value in keys.items():
            left = {other: keys[other] for other in keys if other != key}
            yield "condition removed", _under(statement, operator, left)
            for number in range(len(many(value))) if len(many(value)) > 1 else ():
                narrower = {**keys, key: _without(many(value), number)}
                yield "condition's value removed", _under(statement, operator, narrower)
    if statement["Effect"] == "Allow":
        yield from _wider(statement)


def _wider(statement: Body) -> Iterator[tuple[str, Body]]:
    for number, action in enumerate(many(statement["Action"])):
        if not action.endswith(":*"):
            actions = [*_without(many(statement["Action"]), number), f"{action.partition(':')[0]}:*"]
            yield "action widened", {**statement, "Action": actions}
    if "Resource" in statement and statement["Resource"] != "*":
        yield "resource widened", {**statement, "Resource": "*"}
    if "Principal" in statement and statement["Principal"] != "*":
        yield "principal widened", {**statement, "Principal": "*"}


def _under(statement: Body, operator: str, keys: Body) -> Body:
    conditions = {**statement["Condition"], operator: keys}
    return {**statement, "Condition": {one: values for one, values in conditions.items() if values}}


def _without(values: list[Any], number: int) -> list[Any]:
    return [*values[:number], *values[number + 1 :]]


def _with(template: Template, type_: str, name: str, body: Body | None) -> Template:
    bodies = {other: one for other, one in template.resources(type_).items() if other != name}
    if body is not None:
        bodies[name] = body
    return Template({**template.json, "resource": {**template.json["resource"], type_: bodies}})
