"""A payment gateway over HTTPS and JSON.

::

    POST {url}/charges                   Idempotency-Key: <key>
        {"reference": "<payment id>", "amount": "12.50", "currency": "EUR"}
    GET  {url}/charges?reference=<payment id>
        {"charges": [<charge>, …]}       an empty list says that there certainly is none

    <charge> = {"id", "status": "approved" | "declined", "reference", "amount", "currency", "decline_code"?}

What each answer means is in :mod:`payments.adapters.gateway_answers`.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from payments.adapters.gateway_answers import charge_answered, charges_listed
from payments.adapters.https import NoAnswer
from payments.adapters.secrets import SecretUnreadable
from payments.domain.errors import GatewayAmbiguous
from payments.domain.money import canonical_text

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import timedelta
    from decimal import Decimal

    from payments.adapters.https import Answer, HttpsClient
    from payments.ports import Charge


class HttpGateway:
    """A :class:`payments.ports.PaymentGateway`; ``secret`` gives the bearer token.

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
        answer = self._ask("GET", f"/charges?{urlencode({'reference': reference})}", headers={})
        charges = charges_listed(answer, reference=reference)
        approved = [charge for charge in charges if charge.approved]
        if len(approved) > 1:
            raise GatewayAmbiguous(f"the gateway lists {len(approved)} approved charges for {reference}")
        return next(iter(approved or charges), None)

    def _ask(self, method: str, path: str, *, headers: dict[str, str], body: bytes | None = None) -> Answer:
        try:
            authorized = {"Accept": "application/json", "Authorization": f"Bearer {self._secret()}", **headers}
            return self._server.request(method, path, headers=authorized, body=body)
        # Without the secret this request is not sent, but an earlier attempt may have been: as unclear as before.
        except (NoAnswer, SecretUnreadable) as error:
            raise GatewayAmbiguous(str(error)) from error
