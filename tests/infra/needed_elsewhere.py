"""What the policies of keys, queues, topics, buckets, tables, endpoints and functions must say, by who comes there."""

from __future__ import annotations

import re
from itertools import chain
from typing import TYPE_CHECKING

from tests.infra.clauses import ACCOUNT_WIDE, clause
from tests.infra.ground import ACCOUNT, REGION, arn
from tests.infra.integrations import (
    CHANGES_OF_EVENTS,
    DELIVERED_LOGS,
    DOMAIN,
    FIREWALL_LOGS,
    KEY_ADMINISTRATION,
    KEY_OF_LOGS,
    KEY_OF_SENDERS,
    OVER_TLS,
)
from tests.infra.needed_by_roles import FROM_US
from tests.infra.whole_stack import address_of, keys_by_address, many, referred, worker_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from tests.infra.needed_by_roles import Needed
    from tests.infra.permissions import Permission
    from tests.infra.template import Body, Template


def needed_elsewhere(template: Template, called: Mapping[str, Iterable[Permission]]) -> Iterator[Needed]:
    """Yield what the policies of resources must say; ``called`` is what handlers call, by worker."""
    yield from chain(
        _keys(template),
        _alarms(template),
        _rules(template),
        _over_tls(template),
        _events_kept(template, called),
        _endpoints(template),
        _routes(template),
        _firewalls(template),
    )


def _keys(template: Template) -> Iterator[Needed]:
    keys = keys_by_address(template)
    for name in template.resources("aws_kms_key"):
        yield f"aws_kms_key.{name}", clause("kms:*", "*", principal={"AWS": KEY_ADMINISTRATION})
    logs = {"Service": f"logs.{REGION}.{DOMAIN}"}
    for key, groups in _log_groups(template, keys).items():
        context = {"ArnEquals": {"kms:EncryptionContext:aws:logs:arn": groups}}
        yield from ((key, clause(action, "*", principal=logs, conditions=context)) for action in KEY_OF_LOGS)
    delivery = {"Service": "delivery.logs.amazonaws.com"}
    for machine in template.resources("aws_sfn_state_machine").values():
        key = address_of(machine["encryption_configuration"]["kms_key_id"])
        if "logging_configuration" in machine:
            yield key, clause("kms:Decrypt", "*", principal=delivery, conditions=DELIVERED_LOGS)


def _log_groups(template: Template, keys: Mapping[str, str]) -> Mapping[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name, group in template.resources("aws_cloudwatch_log_group").items():
        key = keys[f"aws_cloudwatch_log_group.{name}"]
        found.setdefault(key, []).append(arn("logs", f"log-group:{group['name']}"))
    return found


def _alarms(template: Template) -> Iterator[Needed]:
    """https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Notify_Users_Alarm_Changes.html"""
    telling: dict[str, list[str]] = {}
    for alarm in template.resources("aws_cloudwatch_metric_alarm").values():
        for topic in {one for one in referred(alarm["alarm_actions"]) if one.startswith("aws_sns_topic.")}:
            telling.setdefault(topic, []).append(arn("cloudwatch", f"alarm:{alarm['alarm_name']}"))
    principal = {"Service": "cloudwatch.amazonaws.com"}
    for topic, alarms in telling.items():
        own_arn, source = _own_arn(template, topic), {"aws:SourceArn": alarms}
        conditions = {"StringEquals": FROM_US, "ArnEquals": source}
        yield topic, clause("sns:Publish", own_arn, principal=principal, conditions=conditions)
        context: dict[str, str | list[str]] = {**source, "kms:EncryptionContext:aws:sns:topicArn": own_arn}
        for action in KEY_OF_SENDERS:
            under = {"StringEquals": FROM_US, "ArnEquals": context}
            yield keys_by_address(template)[topic], clause(action, "*", principal=principal, conditions=under)


def _rules(template: Template) -> Iterator[Needed]:
    """https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-dlq.html"""
    events = {"Service": "events.amazonaws.com"}
    for target in template.resources("aws_cloudwatch_event_target").values():
        rule = address_of(target["rule"])
        source = arn(
            "events", f"rule/{template.resources('aws_cloudwatch_event_rule')[rule.partition('.')[2]]['name']}"
        )
        for queue in referred(target.get("dead_letter_config", {})):
            own_arn = _own_arn(template, queue)
            from_rule = {"ArnEquals": {"aws:SourceArn": source}}
            yield queue, clause("sqs:SendMessage", own_arn, principal=events, conditions=from_rule)
            context = {"kms:EncryptionContext:aws:sqs:arn": own_arn, "aws:SourceArn": source}
            for action in KEY_OF_SENDERS:
                conditions = {"StringEquals": FROM_US, "ArnEquals": context}
                yield keys_by_address(template)[queue], clause(action, "*", principal=events, conditions=conditions)
        for function in referred(target["arn"]):
            if function.startswith("aws_lambda_function."):
                by_rule = {"ArnLike": {"aws:SourceArn": f"${{{rule}.arn}}"}}
                yield function, clause("lambda:InvokeFunction", principal=events, conditions=by_rule)


def _over_tls(template: Template) -> Iterator[Needed]:
    plain_text = {"Bool": {"aws:SecureTransport": "false"}}
    for type_, action in OVER_TLS.items():
        for name in template.resources(type_):
            address = f"{type_}.{name}"
            objects = (f"${{{address}.arn}}", f"${{{address}.arn}}/*") if type_ == "aws_s3_bucket" else ()
            for resource in objects or (_own_arn(template, address),):
                yield address, clause(action, resource, effect="Deny", principal="*", conditions=plain_text)


def _events_kept(template: Template, called: Mapping[str, Iterable[Permission]]) -> Iterator[Needed]:
    table = "aws_dynamodb_table.audit_table"
    functions = template.resources("aws_lambda_function").values()
    auditors = [
        function["role"]
        for function in functions
        for one in called[worker_of(function)]
        if one.action == "dynamodb:PutItem" and address_of(one.resource) == table
    ]
    for action in CHANGES_OF_EVENTS:
        yield table, clause(action, f"${{{table}.arn}}", effect="Deny", principal="*")
    others = {"ArnNotEquals": {"aws:PrincipalArn": auditors}}
    yield table, clause("dynamodb:PutItem", f"${{{table}.arn}}", effect="Deny", principal="*", conditions=others)


def _endpoints(template: Template) -> Iterator[Needed]:
    """https://docs.aws.amazon.com/vpc/latest/privatelink/vpc-endpoints-access.html"""
    for name, endpoint in template.resources("aws_vpc_endpoint").items():
        ours, action = {"aws:PrincipalAccount": ACCOUNT}, "*"
        if endpoint["vpc_endpoint_type"] == "Gateway":
            service = template.data("aws_vpc_endpoint_service")[
                address_of(endpoint["service_name"]).rpartition(".")[2]
            ]["service"]
            ours["aws:ResourceAccount"], action = ACCOUNT, f"{service}:*"
        conditions = {"StringEquals": dict(ours)}
        yield f"aws_vpc_endpoint.{name}", clause(action, "*", principal="*", conditions=conditions)


def _routes(template: Template) -> Iterator[Needed]:
    """https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-control-access-using-iam-policies-to-invoke-api.html"""
    methods, stages = template.resources("aws_api_gateway_method"), template.resources("aws_api_gateway_stage")
    for integration in template.resources("aws_api_gateway_integration").values():
        method = methods[address_of(integration["http_method"]).partition(".")[2]]
        (api,) = referred(integration["rest_api_id"])
        path = "/".join(_path(template, method["resource_id"]))
        for stage in stages.values():
            route = f"${{{api}.execution_arn}}/{stage['stage_name']}/{method['http_method']}/{path}"
            conditions = {"ArnLike": {"aws:SourceArn": route}}
            principal = {"Service": "apigateway.amazonaws.com"}
            yield (
                address_of(integration["uri"]),
                clause("lambda:InvokeFunction", principal=principal, conditions=conditions),
            )


def _path(template: Template, resource_id: str) -> list[str]:
    if "root_resource_id" in resource_id:
        return []
    body: Body = template.resources("aws_api_gateway_resource")[address_of(resource_id).partition(".")[2]]
    return [*_path(template, body["parent_id"]), re.sub(r"\{\w+\}", "*", body["path_part"])]


def _firewalls(template: Template) -> Iterator[Needed]:
    conditions = {"StringEquals": FROM_US, "ArnLike": {"aws:SourceArn": arn("logs", "*")}}
    principal = {"Service": "delivery.logs.amazonaws.com"}
    for logging in template.resources("aws_wafv2_web_acl_logging_configuration").values():
        for group in many(logging["log_destination_configs"]):
            for action in FIREWALL_LOGS:
                yield ACCOUNT_WIDE, clause(action, f"{group}:*", principal=principal, conditions=conditions)


def _own_arn(template: Template, address: str) -> str:
    type_, _, name = address.partition(".")
    return arn({"aws_sns_topic": "sns", "aws_sqs_queue": "sqs"}[type_], template.resources(type_)[name]["name"])
