"""The audit table: every status change once, added by one role, changed and removed by nobody."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cdktf_cdktf_provider_aws.dynamodb_resource_policy import DynamodbResourcePolicy
from constructs import Construct

from payments_infra.constructs.encrypted_table import Attribute, EncryptedTable
from payments_infra.constructs.iam import policy_document, statement

if TYPE_CHECKING:
    from payments_infra.constructs.encryption import Key
    from payments_infra.constructs.iam import Role
    from payments_infra.constructs.metric import Metric
    from payments_infra.constructs.naming import Naming

CHANGES_OR_REMOVES = (
    "dynamodb:BatchWriteItem",
    "dynamodb:DeleteItem",
    "dynamodb:PartiQLDelete",
    "dynamodb:PartiQLInsert",
    "dynamodb:PartiQLUpdate",
    "dynamodb:UpdateItem",
    "dynamodb:UpdateTimeToLive",
)
"""Every way an event could change or vanish, a late TTL included. PartiQL and batches, because nobody here uses them
and a batch can't be conditional."""


class AuditTable(Construct):
    """Append-only record of status changes, keyed by payment and version.

    Append-only by permission twice over: the one role that may add is denied everything else, and the table's own
    policy denies changes to every principal of the account, administrators included, and adding to all but that role.
    Whoever must repair the record has to change that policy first, which CloudTrail keeps.

    IAM cannot ask for a condition on a put: that an event is never overwritten is the adapter's
    ``attribute_not_exists`` and the chain of hashes.

    Args:
        naming: names the table.
        key: encrypts everything in it; its permissions come along with every grant.
        deletion_protection: refuse to delete the table; give it up only where the record may be lost.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        naming: Naming,
        key: Key,
        deletion_protection: bool = True,
    ) -> None:
        super().__init__(scope, id_)
        self._appenders: list[str] = []
        self.table = EncryptedTable(
            self,
            "table",
            name=naming.name("audit", kind="table"),
            key=key,
            partition=Attribute(name="payment_id"),
            sort=Attribute(name="version", type="N"),
            deletion_protection=deletion_protection,
        )
        self.resource_policy = DynamodbResourcePolicy(
            self,
            "append_only",
            resource_arn=self.arn,
            policy=self._append_only(),
        )

    @property
    def name(self) -> str:
        """Name of the table (a reference)."""
        return self.table.name

    @property
    def arn(self) -> str:
        """ARN of the table."""
        return self.table.arn

    def grant_append(self, role: Role) -> None:
        """Let ``role`` add events, and deny it every way to change or remove one."""
        self.table.allow(role, "dynamodb:PutItem")
        role.deny(*CHANGES_OR_REMOVES, on=self.arn)
        self._appenders.append(role.arn)
        self.resource_policy.policy = self._append_only()

    def grant_read(self, role: Role) -> None:
        """Let ``role`` read the events of a payment in order."""
        self.table.allow(role, "dynamodb:Query")

    def metric_write_throttles(self) -> Metric:
        """Events DynamoDB did not take at once; the stream delivers them again."""
        return self.table.metric("WriteThrottleEvents", "throttled writes")

    def _append_only(self) -> str:
        others = {"ArnNotEquals": {"aws:PrincipalArn": self._appenders}} if self._appenders else None
        return policy_document(
            statement(*CHANGES_OR_REMOVES, sid="NeverChanged", effect="Deny", principal="*", on=self.arn),
            statement(
                "dynamodb:PutItem",
                sid="AddedByTheAuditorOnly",
                effect="Deny",
                principal="*",
                on=self.arn,
                conditions=others,
            ),
        )
