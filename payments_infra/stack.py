"""One environment of the payment pipeline, put together; each part says what it has and who may use it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cdktf import TerraformStack

from payments_infra.batches import Batches
from payments_infra.channels import Channels
from payments_infra.ground import Ground
from payments_infra.guardrails import guard
from payments_infra.intake import Intake
from payments_infra.orchestration import Orchestration
from payments_infra.outbox import Outbox
from payments_infra.outputs import tell_names
from payments_infra.outside import GatewayAccess, WebhookAccess
from payments_infra.processing import Processing
from payments_infra.provider import add_provider, add_state_backend
from payments_infra.reconciliation import Reconciliation
from payments_infra.storage import Storage
from payments_infra.watching import watch
from payments_infra.workers import Workers

if TYPE_CHECKING:
    from pathlib import Path

    from constructs import Construct

    from payments_infra.settings import Settings


class PaymentsStack(TerraformStack):
    """The whole pipeline of one environment.

    Args:
        settings: what may differ between two environments.
        root: folder that holds ``functions`` and ``layers``.
    """

    def __init__(self, scope: Construct, id_: str, *, settings: Settings, root: Path) -> None:
        super().__init__(scope, id_)
        add_provider(self, settings)
        add_state_backend(self, settings)
        self.ground = ground = Ground(self, settings=settings, root=root)
        self.storage = storage = Storage(ground)
        self.channels = channels = Channels(ground)
        self.gateway = GatewayAccess(ground)
        self.webhook = WebhookAccess(ground)
        self.workers = workers = Workers(ground)
        self.intake = Intake(ground=ground, workers=workers, storage=storage)
        self.orchestration = Orchestration(
            ground=ground, workers=workers, storage=storage, channels=channels, gateway=self.gateway
        )
        self.outbox = Outbox(
            ground=ground,
            workers=workers,
            storage=storage,
            channels=channels,
            workflow=self.orchestration.workflow,
        )
        self.processing = Processing(
            ground=ground,
            workers=workers,
            storage=storage,
            channels=channels,
            gateway=self.gateway,
            webhook=self.webhook,
        )
        self.reconciliation = Reconciliation(ground=ground, workers=workers, storage=storage, gateway=self.gateway)
        self.batches = Batches(ground=ground, workers=workers, storage=storage, channels=channels)
        self.monitoring = watch(self, runbook=root / "docs" / "runbook.md")
        tell_names(self)
        guard(self, retain_data=settings.profile.retain_data)
