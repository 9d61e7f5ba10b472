"""A gateway's books for tests of reconciliation: what it lists of a day, and what it knows when asked for a payment."""

from __future__ import annotations

from collections import Counter, defaultdict
from decimal import Decimal
from typing import TYPE_CHECKING

from payments.domain.errors import GatewayAmbiguous
from payments.ports import Charge, LedgerEntry
from tests.samples import START

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime


def approved(reference: str = "ch-1", *, amount: str = "12.50", currency: str = "EUR") -> Charge:
    return Charge(approved=True, reference=reference, amount=Decimal(amount), currency=currency)


def declined(reference: str = "ch-1", *, amount: str = "12.50", currency: str = "EUR") -> Charge:
    return Charge(
        approved=False,
        reference=reference,
        amount=Decimal(amount),
        currency=currency,
        decline_code="insufficient_funds",
    )


class Books:
    """Keeps two books, which an honest gateway has alike; it breaks off after ``lists_only`` charges."""

    def __init__(self) -> None:
        self.listed: list[LedgerEntry] = []
        self.known: defaultdict[str, list[Charge]] = defaultdict(list)
        self.lists_only: int | None = None
        self.asked_for: Counter[str] = Counter()

    def enter(self, payment_id: str, *charges: Charge, at: datetime = START) -> None:
        """Enter ``charges`` in both books."""
        self.known[payment_id] += charges
        self.pretend(payment_id, *charges, at=at)

    def pretend(self, payment_id: str, *charges: Charge, at: datetime = START) -> None:
        """List ``charges``, and know nothing of them when asked."""
        self.listed += [LedgerEntry(payment_id=payment_id, charge=charge, charged_at=at) for charge in charges]

    def charges_between(self, start: datetime, end: datetime) -> Iterator[LedgerEntry]:
        for number, entry in enumerate(entry for entry in self.listed if start <= entry.charged_at < end):
            if number == self.lists_only:
                raise GatewayAmbiguous("500")
            yield entry

    def charges_of(self, reference: str) -> Sequence[Charge]:
        self.asked_for[reference] += 1
        return tuple(self.known[reference])
