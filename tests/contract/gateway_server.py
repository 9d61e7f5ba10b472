"""The gateway protocol of :mod:`payments.adapters.gateway_http`, served by the simulator on loopback."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

from payments.domain.errors import GatewayAmbiguous, GatewayRefused
from payments.domain.timestamps import parsed, rfc3339
from tests.contract.loopback import HANG_UP, Asked, Reply

if TYPE_CHECKING:
    from collections.abc import Mapping

    from payments.adapters.gateway_simulator import Ledger
    from payments.ports import Charge, PaymentGateway


class GatewayServer:
    """Answers as a gateway does; where the simulator says "time-out" it hangs up, where it says "500" it answers so.

    Its lists have ``longest_page`` charges at most, however many are asked for.
    """

    def __init__(self, gateway: PaymentGateway, ledger: Ledger, *, longest_page: int = 2) -> None:
        self.longest_page = longest_page
        self._gateway = gateway
        self._ledger = ledger

    def __call__(self, asked: Asked) -> Reply | None:
        if asked.method == "POST":
            return self._charge(asked)
        query = {name: value for name, (value,) in parse_qs(urlsplit(asked.path).query).items()}
        return self._look_up(query["reference"]) if "reference" in query else self._list(query)

    def _charge(self, asked: Asked) -> Reply | None:
        order = json.loads(asked.body)
        try:
            charge = self._gateway.charge(
                idempotency_key=asked.headers["idempotency-key"],
                reference=order["reference"],
                amount=Decimal(order["amount"]),
                currency=order["currency"],
            )
        except GatewayRefused as refusal:
            return Reply(422, json.dumps({"code": refusal.code, "detail": "no"}))
        except GatewayAmbiguous as ambiguity:
            return Reply(500, "<h1>oops</h1>") if "500" in str(ambiguity) else HANG_UP
        return Reply(201 if charge.approved else 402, json.dumps(_said(charge, order["reference"])))

    def _look_up(self, reference: str) -> Reply:
        charges = [_said(charge, reference) for charge in self._ledger.charges_of(reference)]
        return Reply(200, json.dumps({"charges": charges}))

    def _list(self, query: Mapping[str, str]) -> Reply:
        entries = list(self._ledger.charges_between(parsed(query["from"]), parsed(query["to"])))
        first = int(query.get("after", "0"))
        following = first + min(int(query["limit"]), self.longest_page)
        charges = [
            {**_said(entry.charge, entry.payment_id), "created_at": rfc3339(entry.charged_at)}
            for entry in entries[first:following]
        ]
        return Reply(200, json.dumps({"charges": charges, "next": str(following) if entries[following:] else None}))


def _said(charge: Charge, reference: str) -> dict[str, Any]:
    said = {
        "id": charge.reference,
        "status": "approved" if charge.approved else "declined",
        "reference": reference,
        "amount": str(charge.amount),
        "currency": charge.currency,
    }
    return said | ({"decline_code": charge.decline_code} if charge.decline_code else {})
