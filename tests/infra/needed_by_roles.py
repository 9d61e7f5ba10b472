"""What every role needs, and who must be able to assume it, by what runs under it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from tests.infra.clauses import TRUST, Clause, clause
from tests.infra.ground import ACCOUNT, arn
from tests.infra.integrations import (
    API_LOGS,
    CHANGES_OF_EVENTS,
    DELIVERED_LOGS,
    FLOW_LOG_GROUPS,
    FLOW_LOGS,
    MANIFESTS,
    MAP_RUNS,
    OF_INTERFACES,
    ON_INTERFACES,
    SESSION_MANAGER,
    WORKFLOW_KEY,
    WORKFLOW_LOGS,
    WORKFLOW_TRACES,
    via,
)
from tests.infra.permissions import Permission, key_use, needed_by_lambda
from tests.infra.whole_stack import address_of, keys_by_address, referred, worker_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from tests.infra.template import Body, Template

Needed = tuple[str, Clause]
"""A clause with the address of whose it is."""

FROM_US: Mapping[str, str | list[str]] = {"aws:SourceAccount": ACCOUNT}


def needed_by_roles(template: Template, called: Mapping[str, Iterable[Permission]]) -> Iterator[Needed]:
    """Yield what roles must be allowed and denied, and trusted by; ``called`` is what handlers call, by worker."""
    yield from _functions(template, called)
    yield from _machines(template)
    yield from _rules(template)
    for flow_log in template.resources("aws_flow_log").values():
        role, group = address_of(flow_log["iam_role_arn"]), address_of(flow_log["log_destination"])
        yield from ((role, clause(action, f"${{{group}.arn}}:*")) for action in FLOW_LOGS)
        yield role, clause(FLOW_LOG_GROUPS, f"${{{group}.arn}}")
        yield _trust(role, "vpc-flow-logs", FROM_US, ArnLike=arn("ec2", "vpc-flow-log/*"))
    for profile in template.resources("aws_iam_instance_profile").values():
        yield from ((address_of(profile["role"]), clause(action, "*")) for action in SESSION_MANAGER)
        yield _trust(address_of(profile["role"]), "ec2")
    for account in template.resources("aws_api_gateway_account").values():
        role = address_of(account["cloudwatch_role_arn"])
        yield from ((role, clause(action, "*")) for action in API_LOGS)
        yield _trust(role, "apigateway")


def _with_key(keys: Mapping[str, str], permissions: Iterable[Permission]) -> Iterator[Clause]:
    """Yield ``permissions``, and what the services they are about ask of ``keys`` in the caller's name."""
    for one in permissions:
        yield clause(one.action, one.resource)
        for action in key_use(one):
            service = one.action.partition(":")[0]
            yield clause(action, f"${{{keys[address_of(one.resource)]}.arn}}", conditions=via(service))


def _tasks(definition: Any) -> Iterator[Body]:  # noqa: ANN401 - any part of a definition
    """Yield every state and item reader of a state machine's definition that names a resource."""
    if isinstance(definition, dict):
        if "Resource" in definition:
            yield definition
        for part in definition.values():
            yield from _tasks(part)


def _functions(template: Template, called: Mapping[str, Iterable[Permission]]) -> Iterator[Needed]:
    keys = keys_by_address(template)
    events = {address_of(one["resource_arn"]) for one in template.resources("aws_dynamodb_resource_policy").values()}
    for function in template.resources("aws_lambda_function").values():
        role = address_of(function["role"])
        calls = set(called[worker_of(function)])
        needed = calls | set(needed_by_lambda(template, function))
        yield from ((role, one) for one in _with_key(keys, needed))
        yield _trust(role, "lambda")
        if "vpc_config" in function:
            own_code = {
                "ArnEquals": {"lambda:SourceFunctionArn": arn("lambda", f"function:{function['function_name']}")}
            }
            for action in (*ON_INTERFACES, *OF_INTERFACES):
                yield role, clause(action, "*", effect="Deny", conditions=own_code)
        for one in calls:
            if one.action == "dynamodb:PutItem" and address_of(one.resource) in events:
                yield from ((role, clause(action, one.resource, effect="Deny")) for action in CHANGES_OF_EVENTS)


def _machines(template: Template) -> Iterator[Needed]:
    keys = keys_by_address(template)
    for machine in template.resources("aws_sfn_state_machine").values():
        role, own_arn = address_of(machine["role_arn"]), arn("states", f"stateMachine:{machine['name']}")
        ours: Mapping[str, Mapping[str, str | list[str]]] = {
            "ArnLike": {"kms:EncryptionContext:aws:states:stateMachineArn": [own_arn, f"{own_arn}/*"]}
        }
        key = machine["encryption_configuration"]["kms_key_id"]
        yield from ((role, clause(action, key, conditions=ours)) for action in WORKFLOW_KEY)
        if "logging_configuration" in machine:
            yield from ((role, clause(action, "*")) for action in WORKFLOW_LOGS)
            yield role, clause("kms:GenerateDataKey", key, conditions=DELIVERED_LOGS)
        if machine["tracing_configuration"]["enabled"]:
            yield from ((role, clause(action, "*")) for action in WORKFLOW_TRACES)
        yield from ((role, one) for one in _with_key(keys, set(_steps(machine))))
        yield _trust(role, "states", FROM_US, ArnLike=[own_arn, f"{own_arn}/*"])


def _steps(machine: Body) -> Iterator[Permission]:
    for step in _tasks(json.loads(machine["definition"])):
        match step["Resource"].partition(":states:::")[2], step["Parameters"]:
            case "lambda:invoke" | "lambda:invoke.waitForTaskToken", {"FunctionName": function}:
                yield Permission("lambda:InvokeFunction", function)
            case "sns:publish", {"TopicArn": topic}:
                yield Permission("sns:Publish", topic)
            case "s3:getObject", {"Bucket": bucket}:
                yield Permission("s3:GetObject", f"${{{address_of(bucket)}.arn}}/{MANIFESTS}")
            case resource, _:
                raise NotImplementedError(f"say here what a step needs for {resource}")
    if '"DISTRIBUTED"' in machine["definition"]:
        executions = arn("states", f"execution:{machine['name']}")
        yield Permission("states:StartExecution", arn("states", f"stateMachine:{machine['name']}"))
        yield from (Permission(action, f"{executions}:*") for action in MAP_RUNS)
        yield Permission("states:RedriveExecution", f"{executions}/*:*")


def _rules(template: Template) -> Iterator[Needed]:
    """https://docs.aws.amazon.com/eventbridge/latest/userguide/cross-service-confused-deputy-prevention.html"""
    for target in template.resources("aws_cloudwatch_event_target").values():
        for role in referred(target.get("role_arn", "")):
            rule = template.resources("aws_cloudwatch_event_rule")[address_of(target["rule"]).partition(".")[2]]
            yield role, clause("states:StartExecution", target["arn"])
            yield _trust(role, "events", FROM_US, ArnEquals=arn("events", f"rule/{rule['name']}"))


def _trust(
    role: str, service: str, account: Mapping[str, str | list[str]] | None = None, **source: str | list[str]
) -> Needed:
    conditions = {operator: {"aws:SourceArn": source_arn} for operator, source_arn in source.items()}
    principal = {"Service": f"{service}.amazonaws.com"}
    conditions |= {"StringEquals": dict(account)} if account else {}
    return f"{TRUST}{role}", clause("sts:AssumeRole", principal=principal, conditions=conditions)
