"""The gateway protocol of :mod:`payments.adapters.gateway_http`, served by the simulator on loopback."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

from payments.domain.errors import GatewayAmbiguous, GatewayRefused
from tests.contract.loopback import HANG_UP, Asked, Reply

if TYPE_CHECKING:
    from payments.adapters.gateway_simulator import Ledger
    from payments.ports import Charge, PaymentGateway


class GatewayServer:
    """Answers as a gateway does; where the simulator says "time-out" it hangs up, where it says "500" it answers so."""

    def __init__(self, gateway: PaymentGateway, ledger: Ledger) -> None:
        self._gateway = gateway
        self._ledger = ledger

    def __call__(self, asked: Asked) -> Reply | None:
        return self._charge(asked) if asked.method == "POST" else self._look_up(asked)

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

    def _look_up(self, asked: Asked) -> Reply:
        (reference,) = parse_qs(urlsplit(asked.path).query)["reference"]
        charges = [_said(charge, reference) for charge in self._ledger.charges_of(reference)]
        return Reply(200, json.dumps({"charges": charges}))


def _said(charge: Charge, reference: str) -> dict[str, Any]:
    said = {
        "id": charge.reference,
        "status": "approved" if charge.approved else "declined",
        "reference": reference,
        "amount": str(charge.amount),
        "currency": charge.currency,
    }
    return said | ({"decline_code": charge.decline_code} if charge.decline_code else {})
