"""Batches as the use cases make them, for tests that start in the middle."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

from payments.domain.batch import Batch, BatchObject, BatchStatus, RowCounts
from payments.domain.payment import Status
from tests.samples import ANOTHER, MINUTE, START

REGISTRAR = "registrar-1"
"""Owner token of who registered and moves the batch."""

SOURCE = BatchObject(bucket="batches", key="incoming/July ü.csv", version="version-1")

COUNTS = RowCounts(received=5, accepted=3, rejected=2, totals={"EUR": Decimal("37.50"), "JPY": Decimal(1000)})


def registered(batch_id: str = "batch-1", **attributes: Any) -> Batch:  # noqa: ANN401 - any attribute of a batch
    """Return a batch at version 1, due a minute later."""
    at = attributes.pop("at", START)
    batch = Batch(
        batch_id=batch_id,
        source=SOURCE,
        status=BatchStatus.REGISTERED,
        created_at=at,
        begun_at=at,
        updated_at=at,
        version=1,
        owner_token=REGISTRAR,
        due_at=at + MINUTE,
    )
    return replace(batch, **attributes)


def next_version(batch: Batch, **changes: Any) -> Batch:  # noqa: ANN401 - any attribute of a batch
    """Return ``batch`` with ``changes``, one version and a minute later."""
    return replace(batch, version=batch.version + 1, updated_at=batch.updated_at + MINUTE, **changes)


def ingesting(batch: Batch, **changes: Any) -> Batch:  # noqa: ANN401 - any attribute of a batch
    """Return ``batch`` with its plan."""
    return next_version(batch, **{"status": BatchStatus.INGESTING, "rows": 5, **changes})


def completed(batch: Batch, **changes: Any) -> Batch:  # noqa: ANN401 - any attribute of a batch
    """Return ``batch`` with what came of its rows, none of them settled yet."""
    return next_version(
        batch,
        **{
            "status": BatchStatus.COMPLETED,
            "counts": COUNTS,
            "rejected_key": f"rejected/{batch.batch_id}.csv",
            "due_at": batch.updated_at + 2 * MINUTE,
            **changes,
        },
    )


def batch_settled(batch: Batch) -> Batch:
    """Return ``batch`` at its end: nothing is due any more."""
    settled = {Status.SUCCEEDED: 2, Status.DECLINED: 1}
    return next_version(batch, status=BatchStatus.SETTLED, settled=settled, due_at=None)


def batch_failed(batch: Batch) -> Batch:
    """Return ``batch`` after it failed."""
    return next_version(batch, status=BatchStatus.FAILED, reason="the header has no column amount", due_at=None)


def by_another(batch: Batch) -> Batch:
    """Return ``batch`` as another run would have written it."""
    return replace(batch, owner_token=ANOTHER, updated_at=batch.updated_at + timedelta(seconds=1))
