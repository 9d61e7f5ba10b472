"""Where the rest of MiniStack answers otherwise than AWS."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest

from local_aws.loopback import Reply, send

if TYPE_CHECKING:
    from tests.e2e.probes.account import Account

CRASHES = """
class GatewayDown(Exception):
    pass
def handler(event, context):
    raise GatewayDown('a secret text')
"""
DIES = """
import os, signal
def handler(event, context):
    os.kill(os.getpid(), signal.SIGKILL)
"""
ANSWERS = """
def handler(event, context):
    return {'statusCode': 200, 'body': 'asked'}
"""


SENDS = """
import boto3
def handler(event, context):
    sqs = boto3.client('sqs')
    url = sqs.get_queue_url(QueueName=event)['QueueUrl']
    sqs.send_message_batch(QueueUrl=url, Entries=[{'Id': '1', 'MessageBody': '"sent"'}])
"""
ONE_MESSAGE = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": ["sqs:GetQueueUrl", "sqs:SendMessage"], "Resource": "*"}],
}
TLS_ONLY = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Deny",
            "Principal": "*",
            "Action": "sqs:*",
            "Resource": "*",
            "Condition": {"Bool": {"aws:SecureTransport": "false"}},
        }
    ],
}


def posted(
    account: Account, name: str, code: str, *, model: dict[str, Any] | None = None, body: bytes = b"plain"
) -> Reply:
    """Post plain text to an API of one function, with a model for JSON bodies or none."""
    gateway = account.client("apigateway")
    api = gateway.create_rest_api(name=name)["id"]
    root = gateway.get_resources(restApiId=api)["items"][0]["id"]
    options: dict[str, Any] = {}
    if model is not None:
        gateway.create_model(restApiId=api, name="Body", contentType="application/json", schema=json.dumps(model))
        validator = gateway.create_request_validator(restApiId=api, name="body", validateRequestBody=True)
        options = {"requestModels": {"application/json": "Body"}, "requestValidatorId": validator["id"]}
    gateway.put_method(restApiId=api, resourceId=root, httpMethod="POST", authorizationType="NONE", **options)
    invocation = (
        f"arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/{account.function(name, code)}/invocations"
    )
    gateway.put_integration(
        restApiId=api,
        resourceId=root,
        httpMethod="POST",
        type="AWS_PROXY",
        integrationHttpMethod="POST",
        uri=invocation,
    )
    gateway.create_deployment(restApiId=api, stageName="probe")
    url = f"{account.endpoint_url}/_aws/execute-api/{api}/probe/"
    return send("POST", url, headers={"Content-Type": "text/plain"}, body=body)


def crash_answers(account: Account) -> None:
    """A crash is answered without a word of the exception."""
    reply = posted(account, "crash", CRASHES)
    assert reply.status == 502
    assert reply.json == {"message": "Internal server error"}


def cross_origin_headers(account: Account) -> None:
    """Only an answer to a browser has headers for browsers."""
    headers = account.client("sqs").list_queues()["ResponseMetadata"]["HTTPHeaders"]
    assert [name for name in headers if name.startswith("access-control-")] == []


def request_models(account: Account) -> None:
    """A body of a type that has no model reaches the function."""
    assert posted(account, "model", ANSWERS, model={"type": "object"}).body == b"asked"


def request_size(account: Account) -> None:
    """A body of more than 10 MB is refused."""
    assert posted(account, "large", ANSWERS, body=b" " * (10 * 1024 * 1024 + 1)).status == 413


def api_keys(account: Account) -> None:
    """A key whose value is left blank gets one."""
    assert account.client("apigateway").create_api_key(name="blank", value="", enabled=True)["value"]


def alarm_queries(account: Account) -> None:
    """The query protocol answers with all that an alarm was given."""
    given = {
        "AlarmName": "probe",
        "MetricName": "Errors",
        "Namespace": "AWS/Lambda",
        "Statistic": "Sum",
        "Period": "60",
        "EvaluationPeriods": "1",
        "Threshold": "0",
        "ComparisonOperator": "GreaterThanThreshold",
        "TreatMissingData": "notBreaching",
        "Dimensions.member.1.Name": "FunctionName",
        "Dimensions.member.1.Value": "validator",
        "AlarmActions.member.1": quote("arn:aws:sns:us-east-1:000000000000:alarms"),
    }
    account.query("monitoring", "PutMetricAlarm", **given)
    told = account.query("monitoring", "DescribeAlarms", **{"AlarmNames.member.1": "probe"}).body.decode()
    assert "<TreatMissingData>notBreaching</TreatMissingData>" in told
    assert "<Dimensions><member><Name>FunctionName</Name><Value>validator</Value></member></Dimensions>" in told
    assert "<member>arn:aws:sns:us-east-1:000000000000:alarms</member>" in told
    assert "<ActionsEnabled>true</ActionsEnabled>" in told


def alarm_dimensions(account: Account) -> None:
    """An alarm rings for the metric of its own dimensions alone."""
    metrics = account.client("cloudwatch")
    metric: dict[str, Any] = {"MetricName": "Rings", "Dimensions": [{"Name": "Door", "Value": "front"}]}
    metrics.put_metric_alarm(
        AlarmName="back door",
        Namespace="Probe",
        **(metric | {"Dimensions": [{"Name": "Door", "Value": "back"}]}),
        Statistic="Sum",
        Period=60,
        EvaluationPeriods=1,
        Threshold=0,
        ComparisonOperator="GreaterThanThreshold",
    )
    metrics.put_metric_data(Namespace="Probe", MetricData=[metric | {"Value": 1}])
    assert metrics.describe_alarms(AlarmNames=["back door"])["MetricAlarms"][0]["StateValue"] == "INSUFFICIENT_DATA"


def error_names(account: Account) -> None:
    """A function's error has the name of its exception's class."""
    account.function("named", CRASHES)
    answer = account.client("lambda").invoke(FunctionName="named")
    assert json.load(answer["Payload"])["errorType"] == "GatewayDown"


def error_names_of_the_dead(account: Account) -> None:
    """A function whose process is killed says so."""
    account.function("killed", DIES)
    answer = account.client("lambda").invoke(FunctionName="killed")
    assert json.load(answer["Payload"])["errorType"] == "Runtime.ExitError"


def batch_permissions(account: Account) -> None:
    """A role that may send one message may send a batch."""
    url, _ = account.queue("batches")
    account.function("batches", SENDS, policy=ONE_MESSAGE)
    account.client("lambda").invoke(FunctionName="batches", Payload='"batches"')
    assert account.received(url) == ["sent"]


def transport(account: Account) -> None:
    """A queue that refuses plain text takes what comes over loopback."""
    url, _ = account.queue("secure", Policy=json.dumps(TLS_ONLY))
    account.sqs.send_message(QueueUrl=url, MessageBody='"sent"')
    assert account.received(url) == ["sent"]


def blank_secrets(account: Account) -> None:
    """A secret that was never filled in has no value to give."""
    manager = account.client("secretsmanager")
    manager.create_secret(Name="blank")
    with pytest.raises(manager.exceptions.ResourceNotFoundException):
        manager.get_secret_value(SecretId="blank")


def repeated_permissions(account: Account) -> None:
    """A permission that is added again as it is changes nothing; one of its name that says otherwise is refused."""
    functions = account.client("lambda")
    account.function("permitted", ANSWERS)
    said = {"FunctionName": "permitted", "StatementId": "one", "Action": "lambda:InvokeFunction"}
    for _ in range(2):
        functions.add_permission(Principal="apigateway.amazonaws.com", **said)
    with pytest.raises(functions.exceptions.ResourceConflictException):
        functions.add_permission(Principal="events.amazonaws.com", **said)
    assert len(json.loads(functions.get_policy(FunctionName="permitted")["Policy"])["Statement"]) == 1
