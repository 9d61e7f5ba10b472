"""A payment gateway over HTTPS and JSON.

::

    POST {url}/charges                   Idempotency-Key: <key>
        {"reference": "<payment id>", "amount": "12.50", "currency": "EUR"}
    GET  {url}/charges?reference=<payment id>
        {"charges": [<charge>, …]}       an empty list says that there certainly is none
    GET  {url}/charges?from=<time>&to=<time>&limit=<number>[&after=<next>]
        {"charges": [<charge>, …], "next": "<what continues the list>" | null}

    <charge> = {"id", "status": "approved" | "declined", "reference", "amount", "currency", "decline_code"?,
                "created_at": <time>}    the time only in the list by time
    <time>   = RFC 3339, such as 2026-11-22T03:36:42.123Z; the list holds what was made at ``from`` or later and before
               ``to``, declined charges too, in any order

What each answer means is in :mod:`payments.adapters.gateway_answers`.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from payments.adapters.gateway_answers import Span, charge_answered, charges_listed, ledger_page
from payments.adapters.https import NoAnswer
from payments.adapters.secrets import SecretUnreadable
from payments.domain.errors import GatewayAmbiguous
from payments.domain.money import canonical_text
from payments.domain.timestamps import rfc3339

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime, timedelta
    from decimal import Decimal

    from payments.adapters.https import Answer, HttpsClient
    from payments.ports import Charge, LedgerEntry

LEDGER_PAGE = 500
"""Charges asked for at once."""

LONGEST_LEDGER_PAGE_BYTES = 1_048_576
"""Of a page whose every text is as long as it may be; ``server`` must take as much where the ledger is read."""


class HttpGateway:
    """A :class:`payments.ports.PaymentGateway` and :class:`payments.ports.GatewayLedger`.

    ``secret`` gives the bearer token.

    It never repeats a request itself: the queue does, and the payment's attempts are counted there.
    """

    def __init__(self, server: HttpsClient, *, secret: Callable[[], str], key_retention: timedelta) -> None:
        self._server = server
        self._secret = secret
        self._key_retention = key_retention

    @property
    def key_retention(self) -> timedelta:
        """How long the gateway remembers an idempotency key."""
        return self._key_retention

    def charge(self, *, idempotency_key: str, reference: str, amount: Decimal, currency: str) -> Charge:
        """Charge once per key. See :meth:`payments.ports.PaymentGateway.charge`."""
        order = {"reference": reference, "amount": canonical_text(amount, currency), "currency": currency}
        answer = self._ask(
            "POST",
            "/charges",
            headers={"Idempotency-Key": idempotency_key, "Content-Type": "application/json"},
            body=json.dumps(order).encode(),
        )
        return charge_answered(answer, reference=reference)

    def find(self, *, reference: str) -> Charge | None:
        """Return the charge made for ``reference``. See :meth:`payments.ports.PaymentGateway.find`.

        Several approved ones are a double charge, which only a person can settle: ambiguous.
        """
        charges = self.charges_of(reference)
        approved = [charge for charge in charges if charge.approved]
        if len(approved) > 1:
            raise GatewayAmbiguous(f"the gateway lists {len(approved)} approved charges for {reference}")
        return next(iter(approved or charges), None)

    def charges_of(self, reference: str) -> list[Charge]:
        """Return every charge made for ``reference``. See :meth:`payments.ports.GatewayLedger.charges_of`."""
        return charges_listed(self._ask("GET", _charges_where(reference=reference), headers={}), reference=reference)

    def charges_between(self, start: datetime, end: datetime) -> Iterator[LedgerEntry]:
        """Yield every charge of that time. See :meth:`payments.ports.GatewayLedger.charges_between`."""
        where = {"from": rfc3339(start), "to": rfc3339(end), "limit": str(LEDGER_PAGE)}
        after: str | None = None
        while True:
            asked = where if after is None else {**where, "after": after}
            answer = self._ask("GET", _charges_where(**asked), headers={})
            entries, following = ledger_page(answer, Span(start, end))
            yield from entries
            if following is None:
                return
            if following == after:
                raise GatewayAmbiguous("the gateway's ledger goes on with the same page")
            after = following

    def _ask(self, method: str, path: str, *, headers: dict[str, str], body: bytes | None = None) -> Answer:
        try:
            authorized = {"Accept": "application/json", "Authorization": f"Bearer {self._secret()}", **headers}
            return self._server.request(method, path, headers=authorized, body=body)
        # Without the secret this request is not sent, but an earlier attempt may have been: as unclear as before.
        except (NoAnswer, SecretUnreadable) as error:
            raise GatewayAmbiguous(str(error)) from error


def _charges_where(**query: str) -> str:
    return f"/charges?{urlencode(query)}"
