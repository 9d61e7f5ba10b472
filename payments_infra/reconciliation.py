"""The daily look at the gateway's ledger: are all payments charged as they say, and is nothing else charged?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from payments_infra.constructs.schedule import Schedule

if TYPE_CHECKING:
    from payments_infra.ground import Ground
    from payments_infra.outside import GatewayAccess
    from payments_infra.storage import Storage
    from payments_infra.workers import Workers

DAILY = "cron(0 5 * * ? *)"
"""At five (UTC) the last attempt to charge what was accepted before midnight is over, with all its pauses."""


class Reconciliation:
    """The reconciler, run once a day.

    Args:
        ground: what everything stands on.
        workers: makes the functions.
        storage: where payments are.
        gateway: whose ledger is read.
    """

    def __init__(self, *, ground: Ground, workers: Workers, storage: Storage, gateway: GatewayAccess) -> None:
        self.reconciler = workers.worker(
            "reconciler",
            timeout_seconds=900,
            environment={"PAYMENTS_TABLE": storage.payments.name, **gateway.variables},
        )
        storage.payments.grant_read(self.reconciler.role)
        storage.payments.grant_read_many(self.reconciler.role)
        storage.payments.grant_advance(self.reconciler.role)
        gateway.grant_read_ledger(self.reconciler.role)
        Schedule(
            ground.scope,
            "reconciling",
            part="reconciler",
            naming=ground.naming,
            function=self.reconciler,
            expression=DAILY,
        )
