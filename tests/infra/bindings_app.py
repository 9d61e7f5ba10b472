"""A small app of the bindings' many shapes: blocks, lists of blocks, a data source, tokens.

Usage: bindings_app.py OUTDIR
"""

from __future__ import annotations

import sys

from cdktf import App, TerraformOutput, TerraformStack, Token
from cdktf_cdktf_provider_aws.data_aws_iam_policy_document import (
    DataAwsIamPolicyDocument,
    DataAwsIamPolicyDocumentStatement,
    DataAwsIamPolicyDocumentStatementPrincipals,
)
from cdktf_cdktf_provider_aws.dynamodb_table import (
    DynamodbTable,
    DynamodbTableAttribute,
    DynamodbTableGlobalSecondaryIndex,
    DynamodbTablePointInTimeRecovery,
)
from cdktf_cdktf_provider_aws.provider import AwsProvider, AwsProviderDefaultTags
from cdktf_cdktf_provider_aws.security_group import SecurityGroup, SecurityGroupEgress
from cdktf_cdktf_provider_aws.sqs_queue import SqsQueue


def main(outdir: str) -> None:
    app = App(outdir=outdir)
    stack = TerraformStack(app, "small")
    AwsProvider(stack, "aws", region="eu-central-1", default_tags=[AwsProviderDefaultTags(tags={"Environment": "dev"})])
    queue = SqsQueue(stack, "queue", name="queue", visibility_timeout_seconds=90)
    queue.add_override("message_retention_seconds", 1209600)
    table = DynamodbTable(
        stack,
        "table",
        name="table",
        billing_mode="PAY_PER_REQUEST",
        hash_key="id",
        attribute=[DynamodbTableAttribute(name=name, type="S") for name in ("id", "day", "customer")],
        global_secondary_index=[
            DynamodbTableGlobalSecondaryIndex(name=f"by-{name}", hash_key=name, projection_type="KEYS_ONLY")
            for name in ("day", "customer")
        ],
        point_in_time_recovery=DynamodbTablePointInTimeRecovery(enabled=True),
        depends_on=[queue],
    )
    SecurityGroup(
        stack,
        "group",
        name="group",
        egress=[SecurityGroupEgress(from_port=443, to_port=443, protocol="tcp", cidr_blocks=["0.0.0.0/0"])],
    )
    document = DataAwsIamPolicyDocument(
        stack,
        "document",
        statement=[
            DataAwsIamPolicyDocumentStatement(
                actions=["sqs:SendMessage"],
                resources=[queue.arn],
                principals=[
                    DataAwsIamPolicyDocumentStatementPrincipals(type="Service", identifiers=["events.amazonaws.com"])
                ],
            )
        ],
    )
    TerraformOutput(stack, "policy", value=document.json)
    TerraformOutput(stack, "capacity", value=Token.as_string(table.read_capacity))
    app.synth()


if __name__ == "__main__":
    main(sys.argv[1])
