"""Where the simulated payment gateway keeps its book."""

from __future__ import annotations

from typing import TYPE_CHECKING

from constructs import Construct

from payments_infra.constructs.encrypted_table import Attribute, EncryptedTable, LeanIndex

if TYPE_CHECKING:
    from payments_infra.constructs.encryption import Key
    from payments_infra.constructs.iam import Role
    from payments_infra.constructs.naming import Naming

CHARGES_BY_DAY = LeanIndex(
    name="by-day",
    partition=Attribute(name="charged_shard"),
    sort=Attribute(name="charged_at"),
)
"""A day's charges: eight partitions, as the payments' own days have."""


class GatewaySimulatorLedger(Construct):
    """The simulated gateway's own book, apart from everything the product stores: a double charge is a second item.

    Args:
        naming: names the table.
        key: encrypts it; its permission comes along with the grant.
        deletion_protection: refuse to delete the table. Off: what a simulator noted is worth nothing.
        point_in_time_recovery: keep it restorable. Off, likewise.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        naming: Naming,
        key: Key,
        deletion_protection: bool = False,
        point_in_time_recovery: bool = False,
    ) -> None:
        super().__init__(scope, id_)
        self.table = EncryptedTable(
            self,
            "table",
            name=naming.name("gateway-ledger", kind="table"),
            key=key,
            partition=Attribute(name="reference"),
            sort=Attribute(name="idempotency_key"),
            indexes=(CHARGES_BY_DAY,),
            deletion_protection=deletion_protection,
            point_in_time_recovery=point_in_time_recovery,
        )

    @property
    def name(self) -> str:
        """Name of the table (a reference)."""
        return self.table.name

    def grant_use(self, role: Role) -> None:
        """Let ``role`` be the simulated gateway: note attempts, write charges, look them up."""
        self.table.allow(role, "dynamodb:PutItem", "dynamodb:Query", "dynamodb:UpdateItem")

    def grant_read(self, role: Role) -> None:
        """Let ``role`` read the book: what was charged for one payment, and on one day."""
        self.table.allow(role, "dynamodb:BatchGetItem", "dynamodb:Query")
        self.table.allow(role, "dynamodb:Query", index=CHARGES_BY_DAY)
