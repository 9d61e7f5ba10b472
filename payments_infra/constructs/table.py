"""The payments table: one item per payment, four lean indexes that spread, and the stream that is the outbox."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from constructs import Construct

from payments_infra.constructs.encrypted_table import Attribute, EncryptedTable, LeanIndex

if TYPE_CHECKING:
    from collections.abc import Mapping

    from payments_infra.constructs.encryption import Key
    from payments_infra.constructs.iam import Role
    from payments_infra.constructs.metric import Metric
    from payments_infra.constructs.naming import Naming

BY_CUSTOMER = LeanIndex(
    name="by-customer",
    partition=Attribute(name="customer_id"),
    sort=Attribute(name="created_at"),
)
"""A customer's payments in the order they were made."""

BY_DAY = LeanIndex(
    name="by-day",
    partition=Attribute(name="created_shard"),
    sort=Attribute(name="created_at"),
)
"""A day's payments: eight partitions such as ``2026-11-22#07``, so that today's writes don't meet in one."""

OPEN_BY_DUE = LeanIndex(
    name="open-by-due",
    partition=Attribute(name="open_shard"),
    sort=Attribute(name="due_at"),
)
"""Open payments by deadline. Sparse: both attributes go when a payment is finished, and with them its entry."""

SETTLED_BY_BATCH = LeanIndex(
    name="settled-by-batch",
    partition=Attribute(name="batch_shard"),
    sort=Attribute(name="status"),
)
"""Payments of a batch that are not open any more, to be counted by status: partitions such as ``<batch_id>#07``.
Sparse: only a payment that came in a file gets there, once it is no longer open."""

PAYMENTS_ONLY: Mapping[str, Any] = {"dynamodb": {"NewImage": {"status": {"S": [{"exists": True}]}}}}
"""Filter for readers of the stream: changes of payments, not of the idempotency keys kept beside them."""


class PaymentsTable(Construct):
    """Payments, found by id, customer, day of creation, by being overdue, and counted by batch.

    Grants are one per thing a use case does, and give what the adapter calls for it.

    Args:
        naming: names the table.
        key: encrypts everything in it; its permissions come along with every grant.
        deletion_protection: refuse to delete the table; give it up only where payments may be lost.
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
        self.table = EncryptedTable(
            self,
            "table",
            name=naming.name("payments", kind="table"),
            key=key,
            partition=Attribute(name="payment_id"),
            indexes=(BY_CUSTOMER, BY_DAY, OPEN_BY_DUE, SETTLED_BY_BATCH),
            deletion_protection=deletion_protection,
            streamed=True,
            expiry_attribute="expires_at",
        )

    @property
    def name(self) -> str:
        """Name of the table (a reference)."""
        return self.table.name

    @property
    def arn(self) -> str:
        """ARN of the table."""
        return self.table.arn

    @property
    def stream_arn(self) -> str:
        """ARN of the stream of changes."""
        return self.table.stream_arn

    def grant_create(self, role: Role) -> None:
        """Let ``role`` add payments, alone or together with their idempotency key.

        A transaction asks for no more than its puts do, and neither does being told what a condition met.
        https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis-iam.html
        """
        self.table.allow(role, "dynamodb:PutItem")

    def grant_read(self, role: Role) -> None:
        """Let ``role`` read one payment by its id."""
        self.table.allow(role, "dynamodb:GetItem")

    def grant_list(self, role: Role) -> None:
        """Let ``role`` list payments by customer and by day: ids from the index, then the payments in a batch."""
        self.table.allow(role, "dynamodb:Query", index=BY_CUSTOMER)
        self.grant_read_many(role)

    def grant_read_many(self, role: Role) -> None:
        """Let ``role`` read payments by the hundred: by their ids, and those of a day."""
        self.table.allow(role, "dynamodb:Query", index=BY_DAY)
        self.table.allow(role, "dynamodb:BatchGetItem")

    def grant_advance(self, role: Role) -> None:
        """Let ``role`` move payments that exist to their next status; it can't add any."""
        self.table.allow(role, "dynamodb:UpdateItem")

    def grant_find_overdue(self, role: Role) -> None:
        """Let ``role`` see ids and deadlines of open payments, and nothing of the payments themselves."""
        self.table.allow(role, "dynamodb:Query", index=OPEN_BY_DUE)

    def grant_count_settled(self, role: Role) -> None:
        """Let ``role`` count how many payments of a batch stand at which status."""
        self.table.allow(role, "dynamodb:Query", index=SETTLED_BY_BATCH)

    def grant_stream(self, role: Role) -> None:
        """Let Lambda read the stream in the name of ``role``: exactly the actions an event source mapping checks.

        It checks ``ListStreams`` on this very stream, so no ``*`` is needed.
        https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/iam-policy-example-lamda-process-dynamodb-streams.html
        """
        self.table.allow_stream(
            role,
            "dynamodb:DescribeStream",
            "dynamodb:GetRecords",
            "dynamodb:GetShardIterator",
            "dynamodb:ListStreams",
        )

    def metric_read_throttles(self) -> Metric:
        """Reads DynamoDB turned away; the SDK repeats them a few times."""
        return self.table.metric("ReadThrottleEvents", "throttled reads")

    def metric_write_throttles(self) -> Metric:
        """Writes DynamoDB turned away because of the table itself."""
        return self.table.metric("WriteThrottleEvents", "throttled writes")

    def metric_index_write_throttles(self, index: LeanIndex) -> Metric:
        """Writes ``index`` could not follow; the table then turns writes away too."""
        metric = self.table.metric("WriteThrottleEvents", f"{index.name} throttled writes")
        return replace(metric, dimensions={**metric.dimensions, "GlobalSecondaryIndexName": index.name})
