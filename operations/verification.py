"""Verifies audit trails: each by its own hashes and, unless that is left out, against its payment."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from operator import attrgetter

from operations.chain import Fault, FaultKind, Recorded, first_difference, first_fault
from operations.tables import AuditTrails, Payments, Trail


@dataclass(frozen=True)
class Verdict:
    """One payment's trail: how many events it has, and what is wrong with it first."""

    payment_id: str
    events: int
    fault: Fault | None


@dataclass(frozen=True, kw_only=True)
class Verification:
    """Verifies the trails of one environment.

    Args:
        trails: the audit table.
        payments: the payments table, to compare with; None leaves the comparison out.
        now: the time.
        allowed_lag: how far a trail may be behind its payment, and an event behind the one that follows it.
    """

    trails: AuditTrails
    payments: Payments | None
    now: Callable[[], datetime]
    allowed_lag: timedelta

    def of(self, payment_ids: Iterable[str]) -> Iterator[Verdict]:
        """Yield a verdict on each of these payments."""
        for payment_id in payment_ids:
            yield self._verdict(payment_id, self.trails.of(payment_id))

    def of_all(self) -> Iterator[Verdict]:
        """Yield a verdict on everything that is recorded and, where it is compared, on every payment that is not."""
        seen: set[str] = set()
        for payment_id, trail in self.trails.all():
            seen.add(payment_id)
            yield self._certain((payment_id, trail))
        if self.payments:
            for payment_id in self.payments.ids():
                if payment_id not in seen:
                    yield self._verdict(payment_id, self.trails.of(payment_id))

    def _certain(self, trail: Trail) -> Verdict:
        verdict = self._verdict(*trail)
        # It may have grown while all were read.
        return self._verdict(trail[0], self.trails.of(trail[0])) if verdict.fault else verdict

    def _verdict(self, payment_id: str, trail: list[Recorded]) -> Verdict:
        now = self.now()
        faults = [self._difference(payment_id, trail, now)]
        # Where nothing is recorded, the comparison alone knows whether something had to be by now.
        if trail or self.payments is None:
            faults.insert(0, first_fault(payment_id, trail, now=now, allowed_lag=self.allowed_lag))
        earliest = min((fault for fault in faults if fault), key=attrgetter("version"), default=None)
        return Verdict(payment_id, len(trail), earliest)

    def _difference(self, payment_id: str, trail: list[Recorded], now: datetime) -> Fault | None:
        if self.payments is None:
            return None
        try:
            payment = self.payments.get(payment_id)
        except (KeyError, ValueError, ArithmeticError) as error:
            detail = f"the payment itself can't be read: {error!r}"
            return Fault(payment_id=payment_id, version=len(trail) or 1, kind=FaultKind.ALTERED, detail=detail)
        if payment is None and not trail:
            return Fault(payment_id=payment_id, version=1, kind=FaultKind.MISSING, detail="there is no such payment")
        return first_difference(payment_id, trail, payment, now=now, allowed_lag=self.allowed_lag)
