"""The gateway's ledger as the reconciler reads it: page after page, while everybody else goes on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from payments.domain.errors import GatewayAmbiguous

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from payments.ports import Charge, LedgerEntry
    from tests.fakes import FakeGateway
    from tests.simulation.mishaps import Mishaps

PAGE = 5


class WatchedLedger:
    """A :class:`payments.ports.GatewayLedger` that breaks off now and then, and always while the gateway is down."""

    def __init__(self, gateway: FakeGateway, mishaps: Mishaps) -> None:
        self._gateway, self._mishaps = gateway, mishaps

    def charges_of(self, reference: str) -> Sequence[Charge]:
        return self._mishaps.looking("charges", lambda: self.known(reference))

    def charges_between(self, start: datetime, end: datetime) -> Iterator[LedgerEntry]:
        seen = 0
        while page := self._page(start, end, seen):
            yield from page
            seen += len(page)

    def known(self, reference: str) -> Sequence[Charge]:
        """Return what the gateway says where a payment's charges are asked for."""
        self._answer()
        return self._gateway.charges_of(reference)

    def listed(self, start: datetime, end: datetime) -> list[LedgerEntry]:
        """Return what the gateway lists of a span of time."""
        return list(self._gateway.charges_between(start, end))

    def _page(self, start: datetime, end: datetime, seen: int) -> list[LedgerEntry]:
        return self._mishaps.looking("ledger", lambda: self._told(start, end)[seen : seen + PAGE])

    def _told(self, start: datetime, end: datetime) -> list[LedgerEntry]:
        self._answer()
        return self.listed(start, end)

    def _answer(self) -> None:
        if self._gateway.finds_nothing_out:
            raise GatewayAmbiguous("500")
