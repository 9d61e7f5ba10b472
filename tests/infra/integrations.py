"""What AWS needs beyond the calls that handlers make: the one table of it, each entry with AWS's page as its source."""

from __future__ import annotations

from tests.infra.ground import ACCOUNT, PARTITION, REGION, arn

DOMAIN = "${data.aws_partition.place_partition.dns_suffix}"

POLLING = {
    "aws_sqs_queue": ("sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage"),
    "aws_dynamodb_table": (
        "dynamodb:DescribeStream",
        "dynamodb:GetRecords",
        "dynamodb:GetShardIterator",
        "dynamodb:ListStreams",
    ),
}
"""What an event source mapping does with its source in the function's name.

https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html#events-sqs-permissions
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/iam-policy-example-lamda-process-dynamodb-streams.html
"""

FUNCTION_LOGS = ("logs:CreateLogStream", "logs:PutLogEvents")
"""https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs.html"""

ON_INTERFACES = (
    "ec2:AssignPrivateIpAddresses",
    "ec2:CreateNetworkInterface",
    "ec2:DeleteNetworkInterface",
    "ec2:UnassignPrivateIpAddresses",
)
OF_INTERFACES = ("ec2:DescribeNetworkInterfaces", "ec2:DescribeSubnets")
"""How Lambda puts a function into a VPC, on any resource of the account and on none; the function's own code is denied
both. https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html"""

FUNCTION_TRACES = ("xray:PutTelemetryRecords", "xray:PutTraceSegments")
"""https://docs.aws.amazon.com/lambda/latest/dg/services-xray.html"""

_READS = ("kms:Decrypt",)
_WRITES = ("kms:Decrypt", "kms:GenerateDataKey")
KEY_USE = {
    "dynamodb": _READS,
    "s3:GetObject": _READS,
    "s3:GetObjectVersion": _READS,
    "s3:PutObject": _WRITES,
    "secretsmanager": _READS,
    "sns:Publish": _WRITES,
    "sqs:ReceiveMessage": _READS,
    "sqs:SendMessage": _WRITES,
}
"""What a service asks of the resource's key in the caller's name, by action or by the whole service.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/encryption.howitworks.html
https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingKMSEncryption.html
https://docs.aws.amazon.com/secretsmanager/latest/userguide/security-encryption.html
https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html
https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-key-management.html
"""

WORKFLOW_LOGS = (
    "logs:CreateLogDelivery",
    "logs:DeleteLogDelivery",
    "logs:DescribeLogGroups",
    "logs:DescribeResourcePolicies",
    "logs:GetLogDelivery",
    "logs:ListLogDeliveries",
    "logs:PutResourcePolicy",
    "logs:UpdateLogDelivery",
)
"""How Step Functions has logs delivered. https://docs.aws.amazon.com/step-functions/latest/dg/cw-logs.html"""

WORKFLOW_TRACES = (*FUNCTION_TRACES, "xray:GetSamplingRules", "xray:GetSamplingTargets")
"""https://docs.aws.amazon.com/step-functions/latest/dg/concepts-xray-tracing.html"""

WORKFLOW_KEY = ("kms:Decrypt", "kms:GenerateDataKey")
DELIVERED_LOGS = {"StringLike": {"kms:EncryptionContext:SourceArn": arn("logs", "*")}}
"""How executions are encrypted, and, under this context, what is delivered to their log: the machine's role makes a
data key and the delivery service decrypts. https://docs.aws.amazon.com/step-functions/latest/dg/encryption-at-rest.html
"""

MANIFESTS = "work/*"
"""Where the planner leaves what a Distributed Map reads."""

MAP_RUNS = ("states:DescribeExecution", "states:StopExecution")
"""What a Distributed Map does with its children, beside starting them by its own name and redriving them.
https://docs.aws.amazon.com/step-functions/latest/dg/iam-policies-eg-dist-map.html"""

FLOW_LOGS = ("logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents")
FLOW_LOG_GROUPS = "logs:DescribeLogGroups"
"""On streams and on the group. https://docs.aws.amazon.com/vpc/latest/userguide/flow-logs-iam-role.html"""

SESSION_MANAGER = (
    "ssm:UpdateInstanceInformation",
    "ssmmessages:CreateControlChannel",
    "ssmmessages:CreateDataChannel",
    "ssmmessages:OpenControlChannel",
    "ssmmessages:OpenDataChannel",
)
"""https://docs.aws.amazon.com/systems-manager/latest/userguide/getting-started-create-iam-instance-profile.html"""

API_LOGS = (
    "logs:CreateLogGroup",
    "logs:CreateLogStream",
    "logs:DescribeLogGroups",
    "logs:DescribeLogStreams",
    "logs:FilterLogEvents",
    "logs:GetLogEvents",
    "logs:PutLogEvents",
)
"""What API Gateway asks of the account's one log role.
https://docs.aws.amazon.com/aws-managed-policy/latest/reference/AmazonAPIGatewayPushToCloudWatchLogs.html"""

KEY_OF_LOGS = ("kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey*", "kms:ReEncrypt*")
"""https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/encrypt-log-data-kms.html"""

KEY_OF_SENDERS = ("kms:Decrypt", "kms:GenerateDataKey")
"""What a service that sends in its own name needs of a topic's or a queue's key.
https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html
https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-key-management.html"""

FIREWALL_LOGS = ("logs:CreateLogStream", "logs:PutLogEvents")
"""https://docs.aws.amazon.com/waf/latest/developerguide/logging-cw-logs.html"""

KEY_ADMINISTRATION = f"arn:{PARTITION}:iam::{ACCOUNT}:root"
"""Who must be able to administer every key, or it can be lost for good.
https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-default.html"""

OVER_TLS = {"aws_s3_bucket": "s3:*", "aws_sns_topic": "sns:Publish", "aws_sqs_queue": "sqs:*"}
"""What is refused without TLS. https://docs.aws.amazon.com/sns/latest/dg/sns-security-best-practices.html"""

CHANGES_OF_EVENTS = (
    "dynamodb:BatchWriteItem",
    "dynamodb:DeleteItem",
    "dynamodb:PartiQLDelete",
    "dynamodb:PartiQLInsert",
    "dynamodb:PartiQLUpdate",
    "dynamodb:UpdateItem",
    "dynamodb:UpdateTimeToLive",
)
"""Every way to change or remove an item but by overwriting it, which a condition of the auditor's refuses.
https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazondynamodb.html"""


def via(service: str) -> dict[str, dict[str, str | list[str]]]:
    """Return the condition that a key is used through ``service`` alone."""
    return {"StringEquals": {"kms:ViaService": f"{service}.{REGION}.{DOMAIN}"}}
