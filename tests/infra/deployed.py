"""What functions of a template talk to, made in a mock of AWS, and what they are told of it."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import uuid4

from tests.infra.whole_stack import everything

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from mypy_boto3_dynamodb.literals import KeyTypeType
    from mypy_boto3_dynamodb.type_defs import CreateTableInputTypeDef, KeySchemaElementTypeDef

    from tests.contract.services import Services
    from tests.infra.template import Body, Template

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"  # noqa: S105 - the specification's own example, for both secrets
"""https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md"""

_REFERENCE = re.compile(r"\$\{(aws_\w+\.\w+)\.(\w+)\}")


@dataclass(frozen=True)
class Deployed:
    """What was made of ``template``: by Terraform address, the attributes that others refer to."""

    template: Template
    attributes: Mapping[str, Mapping[str, str]]

    def variables_of(self, worker: str) -> dict[str, str]:
        """Return the environment the function of ``worker`` runs with, every reference in it resolved."""

        def resolved(reference: re.Match[str]) -> str:
            address, attribute = reference.groups()
            return self.attributes[address][attribute]

        variables = function_of(self.template, worker)["environment"]["variables"]
        return {name: _REFERENCE.sub(resolved, value) for name, value in variables.items()}

    def address_of(self, physical: str) -> str:
        """Return the Terraform address of what is called ``physical``: a name, a URL or an ARN."""
        (found,) = [address for address, attributes in self.attributes.items() if physical in attributes.values()]
        return found


def deployed(template: Template, services: Services) -> Deployed:
    """Make what functions talk to, under names of its own: nothing stands in the way of another deployment."""
    attributes = {
        address: _MAKERS[type_](services, f"{body.get('name', 'files')}-{uuid4()}", body)
        for address, body in everything(template).items()
        if (type_ := address.partition(".")[0]) in _MAKERS
    }
    return Deployed(template, attributes)


def function_of(template: Template, worker: str) -> Body:
    """Return the function that runs ``functions/{worker}``."""
    (found,) = [
        body
        for body in template.resources("aws_lambda_function").values()
        if body["environment"]["variables"]["POWERTOOLS_SERVICE_NAME"] == worker
    ]
    return found


def _table(services: Services, name: str, body: Body) -> dict[str, str]:
    wanted: CreateTableInputTypeDef = {
        "TableName": name,
        "BillingMode": body["billing_mode"],
        "AttributeDefinitions": [
            {"AttributeName": one["name"], "AttributeType": one["type"]} for one in body["attribute"]
        ],
        "KeySchema": _key_schema(body),
    }
    if body["global_secondary_index"]:
        wanted["GlobalSecondaryIndexes"] = [
            {
                "IndexName": index["name"],
                "KeySchema": _key_schema(index),
                "Projection": {"ProjectionType": index["projection_type"]},
            }
            for index in body["global_secondary_index"]
        ]
    return {"name": name, "arn": services.dynamodb.create_table(**wanted)["TableDescription"]["TableArn"]}


def _key_schema(body: Body) -> list[KeySchemaElementTypeDef]:
    kinds: dict[KeyTypeType, str | None] = {"HASH": body["hash_key"], "RANGE": body.get("range_key")}
    return [{"AttributeName": name, "KeyType": kind} for kind, name in kinds.items() if name]


def _queue(services: Services, name: str, _: Body) -> dict[str, str]:
    return {"name": name, "url": services.sqs.create_queue(QueueName=name)["QueueUrl"]}


def _topic(services: Services, name: str, _: Body) -> dict[str, str]:
    return {"name": name, "arn": services.sns.create_topic(Name=name)["TopicArn"]}


def _secret(services: Services, name: str, _: Body) -> dict[str, str]:
    return {"name": name, "arn": services.secrets_manager.create_secret(Name=name, SecretString=SECRET)["ARN"]}


def _bucket(services: Services, name: str, _: Body) -> dict[str, str]:
    services.s3.create_bucket(Bucket=name)
    services.s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
    return {"bucket": name, "arn": f"arn:aws:s3:::{name}"}


def _machine(services: Services, name: str, _: Body) -> dict[str, str]:
    made = services.step_functions.create_state_machine(
        name=name,
        definition=json.dumps({"StartAt": "Done", "States": {"Done": {"Type": "Succeed"}}}),
        roleArn="arn:aws:iam::123456789012:role/workflow",
    )
    return {"name": name, "arn": made["stateMachineArn"]}


_MAKERS: dict[str, Callable[[Services, str, Body], dict[str, str]]] = {
    "aws_dynamodb_table": _table,
    "aws_sqs_queue": _queue,
    "aws_sns_topic": _topic,
    "aws_secretsmanager_secret": _secret,
    "aws_s3_bucket": _bucket,
    "aws_sfn_state_machine": _machine,
}
