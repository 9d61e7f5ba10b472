"""Holds the gateway's ledger of a day against the payments: settles what is certain, reports what is not.

A payment is settled only where nobody is at it any more (in review, or open past its pauses), it is what was accepted,
and all that the gateway knows of it leaves one end. The write names the version that was compared, so whoever moves the
payment meanwhile is right, and the next run looks again. Nothing else is written: a run may die anywhere and be
repeated.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from itertools import islice
from typing import TYPE_CHECKING

from payments.domain.charge import verdict_of
from payments.domain.errors import PaymentNotFound, TransitionNotAllowed, VersionConflict
from payments.domain.examination import faults_of
from payments.domain.identifiers import is_payment_id
from payments.domain.payment import Move, Status, moved
from payments.domain.reconciliation import Agreement, Discrepancy, Finding, compared
from payments.domain.seen import Seen

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import date

    from payments.domain.payment import Payment
    from payments.ports import (
        Charge,
        Clock,
        DiscrepancyReport,
        GatewayLedger,
        LedgerEntry,
        ManyPayments,
        Measurements,
        PaymentStore,
        Tokens,
    )

DISCREPANCIES_METRIC = "LedgerDiscrepancies"

_CHARGES_AT_ONCE = 100


@dataclass(frozen=True, kw_only=True)
class Reconciled:
    """What came of one day: lines of the ledger, and of them and of the day's payments how many asked for what."""

    charges: int
    payments: int
    settled: int
    too_early: int
    discrepancies: int


def reconcile_day(
    day: date,
    *,
    ledger: GatewayLedger,
    payments: ManyPayments,
    store: PaymentStore,
    clock: Clock,
    tokens: Tokens,
    measure: Measurements,
    report: DiscrepancyReport,
) -> Reconciled:
    """Compare the charges made on ``day`` (UTC) with their payments, and the payments created on it with their charges.

    Each discrepancy is counted, then reported, every time it is met. Memory stays the same however long the day is.

    Raises:
        GatewayAmbiguous: the gateway could not tell; what was settled and reported before stands.
    """
    comparison = _Comparison(
        ledger=ledger,
        payments=payments,
        store=store,
        clock=clock,
        tokens=tokens,
        measure=measure,
        report=report,
        approved=Seen(salt=f"{day} {clock()}"),
    )
    start = datetime.combine(day, time(), UTC)
    for entries in _chunks(ledger.charges_between(start, start + timedelta(days=1))):
        comparison.of_charges(entries)
    for payment in payments.created_on(day):
        comparison.of_payment(payment)
    return comparison.result()


@dataclass(frozen=True, kw_only=True)
class _Comparison:
    """One run over one day; ``approved`` are the charges by which payments succeeded."""

    ledger: GatewayLedger
    payments: ManyPayments
    store: PaymentStore
    clock: Clock
    tokens: Tokens
    measure: Measurements
    report: DiscrepancyReport
    approved: Seen
    counts: Counter[str] = field(default_factory=Counter)

    def of_charges(self, entries: Sequence[LedgerEntry]) -> None:
        """Compare lines of the ledger with the payments they name."""
        stored = self.payments.get_all({entry.payment_id for entry in entries if is_payment_id(entry.payment_id)})
        for entry in entries:
            self.counts["charges"] += 1
            self._compare(entry.payment_id, entry.charge, stored.get(entry.payment_id))

    def of_payment(self, payment: Payment) -> None:
        """Compare a payment with its charge. One that is not among the day's charges may be of another day: ask."""
        self.counts["payments"] += 1
        if (
            payment.status is not Status.SUCCEEDED
            or _line(payment.payment_id, payment.gateway_reference) in self.approved
        ):
            return
        charges = self.ledger.charges_of(payment.payment_id)
        if not any(charge.approved and charge.reference == payment.gateway_reference for charge in charges):
            self._tell(Discrepancy.PAYMENT_WITHOUT_CHARGE, payment.payment_id, payment=payment)

    def result(self) -> Reconciled:
        """Return what came of the run."""
        return Reconciled(
            charges=self.counts["charges"],
            payments=self.counts["payments"],
            settled=self.counts[Agreement.SETTLES.name],
            too_early=self.counts[Agreement.TOO_EARLY.name],
            discrepancies=self.counts["discrepancies"],
        )

    def _compare(self, payment_id: str, charge: Charge, payment: Payment | None) -> None:
        found = compared(payment, charge, now=self.clock())
        if found is not Agreement.MATCHES:
            # What was read by the hundred may be a moment old, and nobody is to be told of a moment.
            payment = self._stored(payment_id)
            found = compared(payment, charge, now=self.clock())
        if found is Agreement.SETTLES and payment is not None:
            found = self._settled(payment, charge)
        if isinstance(found, Discrepancy):
            self._tell(found, payment_id, payment=payment, charge=charge)
            return
        self.counts[found.name] += 1
        if charge.approved and found is not Agreement.TOO_EARLY:
            self.approved.add(_line(payment_id, charge.reference))

    def _stored(self, payment_id: str) -> Payment | None:
        try:
            return self.store.get(payment_id) if is_payment_id(payment_id) else None
        except PaymentNotFound:
            return None

    def _settled(self, payment: Payment, charge: Charge) -> Agreement | Discrepancy:
        """Settle ``payment`` by all that the gateway knows of it, of which ``charge`` must be a part."""
        if faults_of(payment):
            # What was altered may be the amount that the charge seems to agree with.
            return Discrepancy.ALTERED
        charges = self.ledger.charges_of(payment.payment_id)
        approved = {one.reference: one for one in charges if one.approved}
        if charge not in charges:
            return Discrepancy.LEDGER_CONTRADICTED
        if len(approved) > 1:
            return Discrepancy.SECOND_CHARGE
        verdict = verdict_of(next(iter(approved.values()), charge), payment)
        if verdict.to is Status.NEEDS_REVIEW:
            return Discrepancy.ANOTHER_AMOUNT
        told = {**vars(verdict), "reason": f"{verdict.reason}, as its ledger has it"}
        return self._written(payment, Move(**told, at=self.clock(), actor="reconciler", owner_token=self.tokens()))

    def _written(self, payment: Payment, move: Move) -> Agreement | Discrepancy:
        try:
            self.store.advance(moved(payment, move))
        except TransitionNotAllowed:
            # Claimed, and as if nobody had: no worker writes that.
            return Discrepancy.ALTERED
        except VersionConflict:
            return Agreement.TOO_EARLY
        return Agreement.SETTLES

    def _tell(
        self, discrepancy: Discrepancy, payment_id: str, *, payment: Payment | None, charge: Charge | None = None
    ) -> None:
        self.counts["discrepancies"] += 1
        self.measure.count(DISCREPANCIES_METRIC)
        self.report(Finding(discrepancy=discrepancy, payment_id=payment_id, payment=payment, charge=charge))


def _chunks(entries: Iterator[LedgerEntry]) -> Iterator[list[LedgerEntry]]:
    while chunk := list(islice(entries, _CHARGES_AT_ONCE)):
        yield chunk


def _line(payment_id: str, charge_reference: str | None) -> str:
    return f"{payment_id} {charge_reference}"
