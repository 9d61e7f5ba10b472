"""Draws the synthesized stack as a Mermaid flow chart: what is there and what may call what, read off the template."""

from __future__ import annotations

import json
import re
from collections import defaultdict, deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

Body = dict[str, Any]

SHAPES = {
    "aws_api_gateway_rest_api": '{{{{"{}"}}}}',
    "aws_lambda_function": '["{}"]',
    "aws_dynamodb_table": '[("{}")]',
    "aws_sqs_queue": '>"{}"]',
    "aws_sns_topic": '(["{}"])',
    "aws_cloudwatch_event_rule": '(("{}"))',
    "aws_s3_bucket": '[("{}")]',
    "aws_sfn_state_machine": '[["{}"]]',
}
"""How each kind of resource is drawn; what is not listed is not drawn."""

NOUNS = {
    "aws_api_gateway_rest_api": "REST API",
    "aws_lambda_function": "",
    "aws_dynamodb_table": "table",
    "aws_sqs_queue": "queue",
    "aws_sns_topic": "topic",
    "aws_cloudwatch_event_rule": "rule",
    "aws_s3_bucket": "bucket",
    "aws_sfn_state_machine": "",
}

VERBS = {
    "dynamodb:PutItem": "adds",
    "dynamodb:UpdateItem": "updates",
    "dynamodb:GetItem": "reads",
    "dynamodb:BatchGetItem": "reads",
    "dynamodb:Query": "reads",
    "sqs:SendMessage": "sends",
    "sns:Publish": "publishes",
    "s3:GetObject": "reads",
    "s3:GetObjectVersion": "reads",
    "s3:PutObject": "writes",
    "lambda:InvokeFunction": "runs",
    "states:StartExecution": "starts",
    "states:SendTaskSuccess": "answers",
}
"""What a permission means to a reader; permissions not listed make no arrow."""

OUTSIDE = {
    "WEBHOOK_URL": ("webhook", "your webhook", "signed POST"),
    "GATEWAY": ("gateway", "payment gateway", "asks"),
    "LEASE_SECONDS": ("gateway", "payment gateway", "charges"),
}
"""Variables that make a function talk to somebody outside AWS."""

PACES = {"rate(1 minute)": "every minute", "cron(0 5 * * ? *)": "every day"}
"""What a schedule means to a reader."""

START = "client"
"""Where reading begins."""

_HASH = re.compile(r"_[0-9A-F]{8}$")
_REFERRED = re.compile(r"-\$\{[^}]*\}")
_REFERENCE = re.compile(r"\$\{(aws_\w+)\.(\w+)\.")


@dataclass(frozen=True)
class Arrow:
    """From one node to another, with what happens along it. ``dotted`` where something was given up."""

    source: str
    target: str
    label: str
    dotted: bool = False

    def drawn(self) -> str:
        """Return the arrow in Mermaid's words."""
        line = "-.->" if self.dotted else "-->"
        return f'  {_short(self.source)} {line}|"{self.label}"| {_short(self.target)}'


class Picture:
    """The flow chart of one synthesized template."""

    def __init__(self, template: Mapping[str, Any], *, project: str, suffix: str) -> None:
        self._resources: dict[str, dict[str, Body]] = template["resource"]
        self._project, self._suffix = project, suffix

    def mermaid(self) -> str:
        """Return the chart as Mermaid source, the same for the same template."""
        found = {*self._requests(), *self._events(), *self._permissions(), *self._outside(), *self._dead_letters()}
        arrows = _in_reading_order(_merged(found))
        nodes, met = self._nodes(), dict.fromkeys(end for arrow in arrows for end in (arrow.source, arrow.target))
        return "\n".join(
            ["flowchart LR", *(f"  {_short(node)}{nodes[node]}" for node in met), *(arrow.drawn() for arrow in arrows)]
        )

    def _nodes(self) -> dict[str, str]:
        nodes = {
            node: SHAPES[type_].format(self._label(type_, body))
            for type_ in SHAPES
            for node, body in self._resources.get(type_, {}).items()
        }
        outside = {node: f'(["{label}"])' for node, label, _ in OUTSIDE.values()}
        return nodes | outside | {START: '(["client"])'}

    def _label(self, type_: str, body: Body) -> str:
        name = body.get("function_name") or body.get("name") or _REFERRED.sub("", body["bucket"])
        part = name.removeprefix(f"{self._project}-").removesuffix(f"-{self._suffix}").replace("-", " ")
        noun = "schedule" if "schedule_expression" in body else NOUNS[type_]
        return noun if part == "api" else f"{part} {noun}".strip()

    def _each(self, type_: str) -> Iterator[Body]:
        yield from self._resources.get(type_, {}).values()

    def _requests(self) -> Iterator[Arrow]:
        for integration in self._each("aws_api_gateway_integration"):
            function = _named(integration["uri"], "aws_lambda_function")
            method = self._resources["aws_api_gateway_method"][
                _named(integration["http_method"], "aws_api_gateway_method")
            ]
            api = _named(method["rest_api_id"], "aws_api_gateway_rest_api")
            label = f"{method['http_method']} {self._path(method['resource_id'])}"
            yield Arrow(START, api, "HTTPS")
            yield Arrow(api, function, label)

    def _path(self, resource_id: str) -> str:
        parts: list[str] = []
        while name := _named(resource_id, "aws_api_gateway_resource"):
            resource = self._resources["aws_api_gateway_resource"][name]
            parts.insert(0, resource["path_part"])
            resource_id = resource["parent_id"]
        return "/" + "/".join(parts)

    def _events(self) -> Iterator[Arrow]:
        for mapping in self._each("aws_lambda_event_source_mapping"):
            function = _named(mapping["function_name"], "aws_lambda_function")
            if table := _named(mapping["event_source_arn"], "aws_dynamodb_table"):
                yield Arrow(table, function, "stream")
            else:
                yield Arrow(_named(mapping["event_source_arn"], "aws_sqs_queue"), function, "wakes")
        for target in self._each("aws_cloudwatch_event_target"):
            rule = _named(target["rule"], "aws_cloudwatch_event_rule")
            if function := _named(target["arn"], "aws_lambda_function"):
                expression = self._resources["aws_cloudwatch_event_rule"][rule]["schedule_expression"]
                yield Arrow(rule, function, PACES.get(expression, "by the clock"))
        for rule, body in self._resources.get("aws_cloudwatch_event_rule", {}).items():
            if bucket := _named(body.get("event_pattern", ""), "aws_s3_bucket"):
                yield Arrow(START, bucket, "uploads")
                yield Arrow(bucket, rule, "tells of it")

    def _permissions(self) -> Iterator[Arrow]:
        roles = {_named(role, "aws_iam_role"): node for role, node in self._actors()}
        for policy in self._each("aws_iam_role_policy"):
            actor = roles.get(_named(policy["role"], "aws_iam_role"))
            for statement in json.loads(policy["policy"])["Statement"] if actor else ():
                yield from self._allowed(str(actor), statement)

    def _actors(self) -> Iterator[tuple[str, str]]:
        """Yield the role of everything that acts by one, with its node."""
        for node, function in self._functions():
            yield function["role"], node
        for node, machine in self._resources.get("aws_sfn_state_machine", {}).items():
            yield machine["role_arn"], node
        for target in self._each("aws_cloudwatch_event_target"):
            if "role_arn" in target:
                yield target["role_arn"], _named(target["rule"], "aws_cloudwatch_event_rule")

    def _allowed(self, actor: str, statement: Body) -> Iterator[Arrow]:
        if statement["Effect"] != "Allow":
            return
        verbs = sorted({VERBS[action] for action in _many(statement["Action"]) if action in VERBS})
        for resource in _many(statement["Resource"]):
            found = _REFERENCE.search(resource)
            if verbs and found and found[1] in SHAPES:
                failed = "dead_letters" in found[2] or "failures" in found[2]
                yield Arrow(actor, found[2], "gives up" if failed else ", ".join(verbs), dotted=failed)

    def _outside(self) -> Iterator[Arrow]:
        for function, body in self._functions():
            for variable in body.get("environment", {}).get("variables", {}):
                if variable in OUTSIDE:
                    node, _, label = OUTSIDE[variable]
                    yield Arrow(function, node, label)

    def _dead_letters(self) -> Iterator[Arrow]:
        for node, queue in self._resources.get("aws_sqs_queue", {}).items():
            if "redrive_policy" in queue:
                yield Arrow(node, _named(queue["redrive_policy"], "aws_sqs_queue"), "gives up", dotted=True)
        for target in self._each("aws_cloudwatch_event_target"):
            if "dead_letter_config" in target:
                rule = _named(target["rule"], "aws_cloudwatch_event_rule")
                given_up = _named(target["dead_letter_config"]["arn"], "aws_sqs_queue")
                yield Arrow(rule, given_up, "gives up", dotted=True)

    def _functions(self) -> Iterator[tuple[str, Body]]:
        yield from self._resources.get("aws_lambda_function", {}).items()


def _merged(arrows: set[Arrow]) -> list[Arrow]:
    """Return one arrow for each pair of nodes, with all labels between them."""
    labels: dict[tuple[str, str, bool], list[str]] = defaultdict(list)
    for arrow in sorted(arrows, key=lambda one: (one.source, one.target, one.label)):
        labels[arrow.source, arrow.target, arrow.dotted].append(arrow.label)
    return [Arrow(source, target, "<br>".join(some), dotted) for (source, target, dotted), some in labels.items()]


def _in_reading_order(arrows: list[Arrow]) -> list[Arrow]:
    """Return the arrows in the order they are met on the way from the client, as Mermaid lays out what comes first."""
    ordered: list[Arrow] = []
    waiting, met = deque([START]), {START}
    while waiting:
        node = waiting.popleft()
        for arrow in arrows:
            if arrow.source == node:
                ordered.append(arrow)
                if arrow.target not in met:
                    met.add(arrow.target)
                    waiting.append(arrow.target)
    return ordered + [arrow for arrow in arrows if arrow not in ordered]


def _short(node: str) -> str:
    """Return the node's id without CDKTF's hash."""
    return _HASH.sub("", node)


def _named(reference: str, type_: str) -> str:
    """Return the Terraform name of the ``type_`` that ``reference`` refers to, or nothing."""
    found = _REFERENCE.search(reference)
    return found[2] if found and found[1] == type_ else ""


def _many(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value
