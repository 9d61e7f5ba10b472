"""A payment gateway that moves no money: magic amounts choose its answers, a ledger makes double charges countable.

The amounts are in minor units, so that they work in every currency (400002 is 4000.02 USD, 400002 JPY, 400.002 KWD):

======  ==============================================================
400002  declined, ``insufficient_funds``
400003  declined, ``expired_card``
400004  times out before charging, at the first attempt
400005  charges, then times out, at the first attempt
400006  answers 500 without charging, at the first attempt
400007  answers 500 without charging, at every attempt
400008  refused as invalid, ``invalid_request``
others  approved
======  ==============================================================
"""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Protocol

from payments.domain.errors import GatewayAmbiguous, GatewayRefused
from payments.domain.money import minor_units
from payments.ports import Charge

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from decimal import Decimal

    from payments.ports import LedgerEntry

DECLINE_CODES = {400002: "insufficient_funds", 400003: "expired_card"}
TIMES_OUT_BEFORE_CHARGING = 400004
TIMES_OUT_AFTER_CHARGING = 400005
FAILS_ONCE = 400006
FAILS_ALWAYS = 400007
REFUSED = 400008


class Ledger(Protocol):
    """The simulator's own book: what was tried and what was charged, apart from anything the product stores.

    One line per reference (payment id) and idempotency key. A second charge under another key is a second line, so
    whoever counts the lines of a reference counts its charges.
    """

    def begin(self, *, reference: str, idempotency_key: str) -> bool:
        """Note an attempt; return whether it is the first under this reference and key."""
        ...

    def record(self, charge: Charge, *, reference: str, idempotency_key: str, at: datetime) -> Charge:
        """Write ``charge``, made at ``at``, unless one stands under reference and key; return the one that stands."""
        ...

    def charges_of(self, reference: str) -> Sequence[Charge]:
        """Return every charge written for ``reference``, declined ones too, without attempts that charged nothing."""
        ...

    def charges_between(self, start: datetime, end: datetime) -> Iterator[LedgerEntry]:
        """Yield every charge written from ``start`` on and before ``end``, declined ones too."""
        ...


def _now() -> datetime:
    return datetime.now(UTC)


class SimulatorGateway:
    """Fulfils :class:`payments.ports.PaymentGateway` and :class:`payments.ports.GatewayLedger` from a ledger.

    ``clock`` is the gateway's own.
    """

    def __init__(
        self,
        ledger: Ledger,
        *,
        key_retention: timedelta = timedelta(hours=24),
        clock: Callable[[], datetime] = _now,
    ) -> None:
        self._ledger = ledger
        self._key_retention = key_retention
        self._clock = clock

    @property
    def key_retention(self) -> timedelta:
        """How long the product may trust a key. The simulator itself never forgets one."""
        return self._key_retention

    def charge(self, *, idempotency_key: str, reference: str, amount: Decimal, currency: str) -> Charge:
        """Answer as the amount says; a key charged before gets the charge that stands.

        Raises:
            GatewayAmbiguous: a magic amount asks for a time-out or a 500.
            GatewayRefused: a magic amount asks for it.
        """
        magic = minor_units(amount, currency)
        first = self._ledger.begin(reference=reference, idempotency_key=idempotency_key)
        _fail_before_charging(magic, first=first)
        decline_code = DECLINE_CODES.get(magic)
        charge = self._ledger.record(
            Charge(
                approved=decline_code is None,
                # As long as a UUID: in anything shorter one in a thousand would look like a card number.
                reference=f"sim_{hashlib.sha256(f'{reference} {idempotency_key}'.encode()).hexdigest()[:32]}",
                amount=amount,
                currency=currency,
                decline_code=decline_code,
            ),
            reference=reference,
            idempotency_key=idempotency_key,
            at=self._clock(),
        )
        if first and magic == TIMES_OUT_AFTER_CHARGING:
            raise GatewayAmbiguous("simulated time-out after charging")
        return charge

    def find(self, *, reference: str) -> Charge | None:
        """Return the charge made for ``reference``, an approved one first, or None if there certainly is none.

        Raises:
            GatewayAmbiguous: there are two approved ones, which only a person can settle.
        """
        charges = self.charges_of(reference)
        approved = [charge for charge in charges if charge.approved]
        if len(approved) > 1:
            raise GatewayAmbiguous(f"the ledger has {len(approved)} approved charges for {reference}")
        return next(iter(approved or charges), None)

    def charges_of(self, reference: str) -> Sequence[Charge]:
        """Return every charge made for ``reference``, declined ones too."""
        return self._ledger.charges_of(reference)

    def charges_between(self, start: datetime, end: datetime) -> Iterator[LedgerEntry]:
        """Yield every charge made from ``start`` on and before ``end``, declined ones too."""
        return self._ledger.charges_between(start, end)


def _fail_before_charging(magic: int, *, first: bool) -> None:
    if first and magic == TIMES_OUT_BEFORE_CHARGING:
        raise GatewayAmbiguous("simulated time-out before charging")
    if magic == FAILS_ALWAYS or (first and magic == FAILS_ONCE):
        raise GatewayAmbiguous("simulated answer 500")
    if magic == REFUSED:
        raise GatewayRefused("invalid_request", "simulated refusal")
