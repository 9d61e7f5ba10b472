"""The batches table: one item per batch, listed by day, and found while it is due for a look."""

from __future__ import annotations

from typing import TYPE_CHECKING

from constructs import Construct

from payments_infra.constructs.encrypted_table import Attribute, EncryptedTable, LeanIndex

if TYPE_CHECKING:
    from payments_infra.constructs.encryption import Key
    from payments_infra.constructs.iam import Role
    from payments_infra.constructs.metric import Metric
    from payments_infra.constructs.naming import Naming

BATCHES_BY_DAY = LeanIndex(
    name="by-day",
    partition=Attribute(name="created_day"),
    sort=Attribute(name="created_at"),
)
"""A day's batches. One partition a day is enough: batches are files, not payments."""

OPEN_BATCHES_BY_DUE = LeanIndex(
    name="open-by-due",
    partition=Attribute(name="open_shard"),
    sort=Attribute(name="due_at"),
)
"""Batches somebody has to look at again, by when. Sparse: a batch that is settled or failed leaves it."""


class BatchTable(Construct):
    """Batches, found by id, by day, and by being due.

    Grants are one per thing a use case does, and give what the adapter calls for it.

    Args:
        naming: names the table.
        key: encrypts everything in it; its permissions come along with every grant.
        deletion_protection: refuse to delete the table; give it up only where the record of batches may be lost.
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
            name=naming.name("batches", kind="table"),
            key=key,
            partition=Attribute(name="batch_id"),
            indexes=(BATCHES_BY_DAY, OPEN_BATCHES_BY_DUE),
            deletion_protection=deletion_protection,
        )

    @property
    def name(self) -> str:
        """Name of the table (a reference)."""
        return self.table.name

    @property
    def arn(self) -> str:
        """ARN of the table."""
        return self.table.arn

    def grant_register(self, role: Role) -> None:
        """Let ``role`` add batches and move them on."""
        self.table.allow(role, "dynamodb:PutItem")
        self.grant_advance(role)

    def grant_advance(self, role: Role) -> None:
        """Let ``role`` move batches that exist to their next version."""
        self.table.allow(role, "dynamodb:UpdateItem")

    def grant_read(self, role: Role) -> None:
        """Let ``role`` read one batch by its id."""
        self.table.allow(role, "dynamodb:GetItem")

    def grant_list(self, role: Role) -> None:
        """Let ``role`` list batches by day: ids from the index, then the batches themselves."""
        self.table.allow(role, "dynamodb:Query", index=BATCHES_BY_DAY)
        self.table.allow(role, "dynamodb:BatchGetItem")

    def grant_find_overdue(self, role: Role) -> None:
        """Let ``role`` see ids and times of batches that are due, and nothing of the batches themselves."""
        self.table.allow(role, "dynamodb:Query", index=OPEN_BATCHES_BY_DUE)

    def metric_write_throttles(self) -> Metric:
        """Writes DynamoDB turned away."""
        return self.table.metric("WriteThrottleEvents", "throttled writes")
