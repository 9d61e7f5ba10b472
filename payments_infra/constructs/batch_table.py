"""The batches table: one item per batch, listed by day, and found while it is due for a look."""

from __future__ import annotations

from typing import TYPE_CHECKING

from constructs import Construct

from payments_infra.constructs.encrypted_table import Attribute, LeanIndex, encrypted_table, table_metric

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
        self._key = key
        self.table = encrypted_table(
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
        return str(self.table.name)

    @property
    def arn(self) -> str:
        """ARN of the table."""
        return str(self.table.arn)

    def grant_register(self, role: Role) -> None:
        """Let ``role`` add batches and move them on."""
        self._grant(role, "dynamodb:PutItem", on=self.arn)
        self.grant_advance(role)

    def grant_advance(self, role: Role) -> None:
        """Let ``role`` move batches that exist to their next version."""
        self._grant(role, "dynamodb:UpdateItem", on=self.arn)

    def grant_read(self, role: Role) -> None:
        """Let ``role`` read one batch by its id."""
        self._grant(role, "dynamodb:GetItem", on=self.arn)

    def grant_list(self, role: Role) -> None:
        """Let ``role`` list batches by day: ids from the index, then the batches themselves."""
        self._grant(role, "dynamodb:Query", on=self._index_arn(BATCHES_BY_DAY))
        self._grant(role, "dynamodb:BatchGetItem", on=self.arn)

    def grant_find_overdue(self, role: Role) -> None:
        """Let ``role`` see ids and times of batches that are due, and nothing of the batches themselves."""
        self._grant(role, "dynamodb:Query", on=self._index_arn(OPEN_BATCHES_BY_DUE))

    def metric_write_throttles(self) -> Metric:
        """Writes DynamoDB turned away."""
        return table_metric(self.table, "WriteThrottleEvents", "throttled writes")

    def _index_arn(self, index: LeanIndex) -> str:
        return f"{self.arn}/index/{index.name}"

    def _grant(self, role: Role, *actions: str, on: str) -> None:
        role.allow(*actions, on=on)
        self._key.grant_decrypt(role, through="dynamodb")
