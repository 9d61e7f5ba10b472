"""The role API Gateway writes logs with: one for a whole account and region."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cdktf_cdktf_provider_aws.api_gateway_account import ApiGatewayAccount
from constructs import Construct

from payments_infra.constructs.iam import Role

if TYPE_CHECKING:
    from payments_infra.constructs.naming import Naming

LOG_ACTIONS = (
    "logs:CreateLogGroup",
    "logs:CreateLogStream",
    "logs:DescribeLogGroups",
    "logs:DescribeLogStreams",
    "logs:FilterLogEvents",
    "logs:GetLogEvents",
    "logs:PutLogEvents",
)
"""What API Gateway makes sure of before it takes a role, on every log group: it serves all APIs of the account.
https://docs.aws.amazon.com/aws-managed-policy/latest/reference/AmazonAPIGatewayPushToCloudWatchLogs.html"""


class ApiLogRole(Construct):
    """Lets every API of this account and region log. Without it API Gateway refuses a stage that should log.

    It is one setting for all: have exactly one stack per account and region manage it, or two will set it in turns; and
    destroy that stack last.
    https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-logging.html

    Args:
        naming: names the role.
    """

    def __init__(self, scope: Construct, id_: str, *, naming: Naming) -> None:
        super().__init__(scope, id_)
        self.role = Role(
            self,
            "role",
            name=naming.name("api-logs", kind="role"),
            # No condition on the source: API Gateway is not documented to name one when it assumes this role.
            service="apigateway.amazonaws.com",
        )
        self.role.allow(*LOG_ACTIONS, on="*")
        self.account = ApiGatewayAccount(
            self,
            "account",
            cloudwatch_role_arn=self.role.arn,
            depends_on=[self.role.policy] if self.role.policy else [],
        )
