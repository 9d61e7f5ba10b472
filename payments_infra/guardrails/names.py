"""Physical names that AWS would refuse, minutes into an apply."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from payments_infra.constructs.naming import LIMITS
from payments_infra.guardrails.problem import Problem

if TYPE_CHECKING:
    from collections.abc import Iterator

    from payments_infra.guardrails.synthesized import Resource, Synthesized


@dataclass(frozen=True)
class _Named:
    """How one type of resource is named.

    Args:
        limit: longest name, in characters.
        argument: what holds the name.
        within: arguments that name what the name must be unique in, besides account and region.
    """

    limit: int
    argument: str = "name"
    within: tuple[str, ...] = ()


NAMED = {
    "aws_lambda_function": _Named(LIMITS["function"], "function_name"),
    "aws_iam_role": _Named(LIMITS["role"]),
    "aws_sqs_queue": _Named(LIMITS["queue"]),
    "aws_dynamodb_table": _Named(LIMITS["table"]),
    "aws_sns_topic": _Named(LIMITS["topic"]),
    "aws_s3_bucket": _Named(LIMITS["bucket"], "bucket"),
    "aws_sfn_state_machine": _Named(LIMITS["state_machine"]),
    "aws_cloudwatch_event_rule": _Named(LIMITS["rule"], within=("event_bus_name",)),
    "aws_kms_alias": _Named(len("alias/") + LIMITS["alias"]),
    "aws_cloudwatch_metric_alarm": _Named(LIMITS["alarm"], "alarm_name"),
    "aws_cloudwatch_composite_alarm": _Named(LIMITS["alarm"], "alarm_name"),
    "aws_lambda_layer_version": _Named(LIMITS["layer"], "layer_name"),
    "aws_api_gateway_stage": _Named(LIMITS["stage"], "stage_name", within=("rest_api_id",)),
    # https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_CreateLogGroup.html
    "aws_cloudwatch_log_group": _Named(512),
    # https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutMetricFilter.html
    "aws_cloudwatch_log_metric_filter": _Named(512, within=("log_group_name",)),
    # https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutDashboard.html
    "aws_cloudwatch_dashboard": _Named(255, "dashboard_name"),
    # https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_CreateSecret.html
    "aws_secretsmanager_secret": _Named(512),
    # https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
    "aws_iam_role_policy": _Named(128, within=("role",)),
    "aws_iam_policy": _Named(128),
    "aws_iam_instance_profile": _Named(128),
    # https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateSecurityGroup.html
    "aws_security_group": _Named(255, within=("vpc_id",)),
    # https://docs.aws.amazon.com/scheduler/latest/APIReference/API_CreateSchedule.html
    "aws_scheduler_schedule": _Named(64, within=("group_name",)),
    # https://docs.aws.amazon.com/waf/latest/APIReference/API_CreateWebACL.html
    "aws_wafv2_web_acl": _Named(128, within=("scope",)),
}
"""Every type whose names are looked at."""

_ACCOUNT = re.compile(r"\$\{data\.aws_caller_identity\.\w+\.account_id\}")
_REFERENCE = re.compile(r"\$\{[^}]*\}")


def long_names(stack: Synthesized) -> Iterator[Problem]:
    """Find names longer than AWS takes. What a reference adds is not known and counts nothing, account ids apart."""
    for type_, named in NAMED.items():
        for resource in stack.resources(type_):
            name = _name(resource)
            length = len(_REFERENCE.sub("", _ACCOUNT.sub("0" * 12, name)))
            if length > named.limit:
                yield Problem(
                    path=resource.path,
                    rule="long-name",
                    what=f"the name {name!r} has at least {length} characters and AWS allows {named.limit}",
                    mend=f"Shorten {named.argument}; Naming.name refuses such names where they are made",
                )


def repeated_names(stack: Synthesized) -> Iterator[Problem]:
    """Find resources of one type that bear one name: AWS refuses the second, or takes it for the first."""
    first: dict[str, Resource] = {}
    for type_, named in NAMED.items():
        for resource in stack.resources(type_):
            scope = [resource.body.get(argument) for argument in ("provider", "region", *named.within)]
            earlier = first.setdefault(json.dumps([type_, _name(resource), *scope]), resource)
            if _name(resource) and earlier is not resource:
                yield Problem(
                    path=resource.path,
                    rule="repeated-name",
                    what=f"{type_} is called {_name(resource)!r}, and so is {earlier.path}",
                    mend=f"Give each a {named.argument} of its own, made by Naming.name of another part",
                )


def _name(resource: Resource) -> str:
    return str(resource.body.get(NAMED[resource.type].argument) or "")
