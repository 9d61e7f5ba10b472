"""Counts rows as they come."""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal

from payments.domain.batch import EXACT_SUMS, RowCounts


class Tally:
    """Rows counted so far."""

    def __init__(self) -> None:
        self._accepted = 0
        self._rejected = 0
        self._totals: defaultdict[str, Decimal] = defaultdict(Decimal)

    def accept(self, amount: Decimal, currency: str) -> None:
        """Count a row that was accepted."""
        self._accepted += 1
        self._totals[currency] = EXACT_SUMS.add(self._totals[currency], amount)

    def reject(self) -> None:
        """Count a row that was rejected."""
        self._rejected += 1

    @property
    def counts(self) -> RowCounts:
        """What was counted."""
        return RowCounts(
            received=self._accepted + self._rejected,
            accepted=self._accepted,
            rejected=self._rejected,
            totals=dict(self._totals),
        )
