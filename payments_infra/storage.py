"""What is kept: payments, their audit trail, batches, and batch files."""

from __future__ import annotations

from typing import TYPE_CHECKING

from payments_infra.constructs.audit import AuditTable
from payments_infra.constructs.batch_bucket import BatchBucket
from payments_infra.constructs.batch_table import BatchTable
from payments_infra.constructs.table import PaymentsTable

if TYPE_CHECKING:
    from payments_infra.ground import Ground


class Storage:
    """The tables and the bucket of one environment, protected from deletion where its profile says so."""

    def __init__(self, ground: Ground) -> None:
        scope, naming, key = ground.scope, ground.naming, ground.keys.data
        protected = ground.settings.profile.retain_data
        self.payments = PaymentsTable(scope, "payments", naming=naming, key=key, deletion_protection=protected)
        self.audit = AuditTable(scope, "audit", naming=naming, key=key, deletion_protection=protected)
        self.batches = BatchTable(scope, "batches", naming=naming, key=key, deletion_protection=protected)
        self.files = BatchBucket(
            scope,
            "files",
            naming=naming,
            place=ground.place,
            key=key,
            retention_days=ground.settings.profile.file_retention_days,
            deletion_protection=protected,
        )
