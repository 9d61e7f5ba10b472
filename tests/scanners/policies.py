"""Every policy of a stack, with names such as AWS would give in the place of what Terraform knows only later."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.infra.template import Template

_REFERENCE = re.compile(r"\$\{(data\.)?(aws_\w+)\.\w+\.(\w+)\}")
_HERE = "eu-central-1:123456789012"
_PLACE = {"partition": "aws", "dns_suffix": "amazonaws.com", "account_id": "123456789012", "id": "eu-central-1"}
_ARNS = {
    "aws_cloudwatch_event_bus": f"arn:aws:events:{_HERE}:event-bus/name",
    "aws_cloudwatch_event_rule": f"arn:aws:events:{_HERE}:rule/name",
    "aws_cloudwatch_log_group": f"arn:aws:logs:{_HERE}:log-group:name",
    "aws_dynamodb_table": f"arn:aws:dynamodb:{_HERE}:table/name",
    "aws_iam_role": "arn:aws:iam::123456789012:role/name",
    "aws_kms_key": f"arn:aws:kms:{_HERE}:key/11111111-1111-1111-1111-111111111111",
    "aws_lambda_function": f"arn:aws:lambda:{_HERE}:function:name",
    "aws_s3_bucket": "arn:aws:s3:::name",
    "aws_secretsmanager_secret": f"arn:aws:secretsmanager:{_HERE}:secret:name-AbCdEf",
    "aws_sfn_state_machine": f"arn:aws:states:{_HERE}:stateMachine:name",
    "aws_sns_topic": f"arn:aws:sns:{_HERE}:name",
    "aws_sqs_queue": f"arn:aws:sqs:{_HERE}:name",
}


def policies(template: Template) -> dict[str, str]:
    """Return every policy document by resource and attribute.

    Raises:
        KeyError: one names a kind of resource whose ARN nobody wrote down here.
    """
    return {
        f"{type_}.{name}.{attribute}": _REFERENCE.sub(_as_aws_says, _with_resource(value, attribute))
        for type_, bodies in template.json["resource"].items()
        for name, body in bodies.items()
        for attribute, value in body.items()
        if isinstance(value, str) and '"Statement"' in value
    }


def _with_resource(policy: str, attribute: str) -> str:
    # A trust policy's resource is its role, and goes without saying; parliament wants it said.
    if attribute != "assume_role_policy":
        return policy
    document = json.loads(policy)
    for statement in document["Statement"]:
        statement["Resource"] = _ARNS["aws_iam_role"]
    return json.dumps(document)


def _as_aws_says(reference: re.Match[str]) -> str:
    data, type_, attribute = reference.groups()
    if data:
        return _PLACE[attribute]
    match attribute:
        case "arn":
            return _ARNS[type_]
        case "stream_arn":
            return f"{_ARNS[type_]}/stream/label"
        case _:
            return "name"
