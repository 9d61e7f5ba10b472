"""Whom functions talk to outside AWS: the payment gateway and the customer's webhook, each with its secret."""

from __future__ import annotations

from typing import TYPE_CHECKING

from payments_infra.constructs.gateway import GatewaySimulatorLedger
from payments_infra.constructs.secret import Secret

if TYPE_CHECKING:
    from payments_infra.constructs.iam import Role
    from payments_infra.ground import Ground

GATEWAY_TIMEOUT_SECONDS = 10


class GatewayAccess:
    """How functions reach the payment gateway, or the simulator where none is named.

    ``variables`` are what a function that charges, or reads what was charged, is told.
    """

    def __init__(self, ground: Ground) -> None:
        url = ground.settings.gateway_url
        retention = {"GATEWAY_KEY_RETENTION_SECONDS": str(ground.settings.gateway_key_retention_hours * 3600)}
        self.secret = secret(ground, "gateway", "Bearer token of the payment gateway") if url else None
        self.ledger: GatewaySimulatorLedger | None = None
        if url and self.secret:
            self.variables = {
                **retention,
                "GATEWAY": "http",
                "GATEWAY_URL": url,
                "GATEWAY_SECRET_ARN": self.secret.arn,
                "GATEWAY_TIMEOUT_SECONDS": str(GATEWAY_TIMEOUT_SECONDS),
            }
        else:
            self.ledger = GatewaySimulatorLedger(ground.scope, "ledger", naming=ground.naming, key=ground.keys.data)
            self.variables = {**retention, "GATEWAY": "simulator", "GATEWAY_LEDGER_TABLE": self.ledger.name}

    def grant_charge(self, role: Role) -> None:
        """Let ``role`` charge: read the gateway's secret, or keep the simulator's book."""
        if self.secret:
            self.secret.grant_read(role)
        if self.ledger:
            self.ledger.grant_use(role)

    def grant_read_ledger(self, role: Role) -> None:
        """Let ``role`` read what was charged: the gateway's secret, or the simulator's book."""
        if self.secret:
            self.secret.grant_read(role)
        if self.ledger:
            self.ledger.grant_read(role)


class WebhookAccess:
    """How customers are told by a signed request, where somebody named an address.

    ``variables`` are what a function that tells them is told.
    """

    def __init__(self, ground: Ground) -> None:
        url = ground.settings.webhook_url
        self.secret: Secret | None = None
        self.variables: dict[str, str] = {}
        if url:
            self.secret = secret(ground, "webhook", "Signs webhooks: whsec_ and the base64 of 24 to 64 random bytes")
            self.variables = {"WEBHOOK_URL": url, "WEBHOOK_SECRET_ARN": self.secret.arn}

    def grant_sign(self, role: Role) -> None:
        """Let ``role`` read what signs webhooks, where there is any."""
        if self.secret:
            self.secret.grant_read(role)


def secret(ground: Ground, part: str, description: str) -> Secret:
    """Return an empty secret for an operator to fill."""
    return Secret(
        ground.scope,
        f"{part}_secret",
        part=part,
        naming=ground.naming,
        key=ground.keys.data,
        description=description,
        recovery_window_days=30 if ground.settings.profile.retain_data else 0,
    )
