"""Counts of rows as the steps of a batch hand them to each other: JSON, with totals as text, never as floats."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from payments.domain.batch import RowCounts

if TYPE_CHECKING:
    from collections.abc import Mapping


def counts_json(counts: RowCounts) -> dict[str, Any]:
    """Return ``counts`` JSON-ready."""
    return {
        "received": counts.received,
        "accepted": counts.accepted,
        "rejected": counts.rejected,
        "totals": {currency: f"{total:f}" for currency, total in counts.totals.items()},
    }


def counts_from(said: Mapping[str, Any]) -> RowCounts:
    """Return the counts that :func:`counts_json` wrote; a workflow may have made text of numbers.

    Raises:
        KeyError, ValueError, ArithmeticError: ``said`` has another shape.
    """
    return RowCounts(
        received=int(said["received"]),
        accepted=int(said["accepted"]),
        rejected=int(said["rejected"]),
        totals={currency: Decimal(total) for currency, total in said["totals"].items()},
    )
