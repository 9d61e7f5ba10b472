"""The way of orchestrated payments: examined, approved where they must be, and charged, by a workflow."""

from __future__ import annotations

from typing import TYPE_CHECKING

from payments_infra.channels import PROCESSOR_TIMEOUT_SECONDS
from payments_infra.constructs.payment_workflow import PaymentWorkflow
from payments_infra.workers import LEASE_MARGIN_SECONDS

if TYPE_CHECKING:
    from payments_infra.channels import Channels
    from payments_infra.ground import Ground
    from payments_infra.outside import GatewayAccess
    from payments_infra.storage import Storage
    from payments_infra.workers import Workers


class Orchestration:
    """Examiner, requester and charger, and the workflow over them.

    Args:
        ground: what everything stands on.
        workers: makes the functions.
        storage: where payments are.
        channels: the topic the back office listens to.
        gateway: how payments are charged.
    """

    def __init__(
        self, *, ground: Ground, workers: Workers, storage: Storage, channels: Channels, gateway: GatewayAccess
    ) -> None:
        payments = {"PAYMENTS_TABLE": storage.payments.name}
        self.examiner = workers.worker("examiner", timeout_seconds=30, environment=payments)
        self.requester = workers.worker(
            "requester", timeout_seconds=30, environment={**payments, "BACK_OFFICE_TOPIC_ARN": channels.back_office.arn}
        )
        self.charger = workers.worker(
            "charger",
            timeout_seconds=PROCESSOR_TIMEOUT_SECONDS,
            environment={
                **payments,
                **gateway.variables,
                "LEASE_SECONDS": str(PROCESSOR_TIMEOUT_SECONDS + LEASE_MARGIN_SECONDS),
            },
        )

        self.steps = (self.examiner, self.requester, self.charger)
        for function in self.steps:
            storage.payments.grant_read(function.role)
            storage.payments.grant_advance(function.role)
        channels.back_office.grant_publish(self.requester.role)
        gateway.grant_charge(self.charger.role)

        self.workflow = PaymentWorkflow(
            ground.scope,
            "payment_workflow",
            naming=ground.naming,
            place=ground.place,
            key=ground.keys.functions,
            log_key=ground.keys.logs,
            topic=channels.back_office,
            examiner=self.examiner,
            requester=self.requester,
            charger=self.charger,
            approval_timeout_seconds=ground.settings.approval_timeout_minutes * 60,
            log_retention_days=ground.settings.profile.log_retention_days,
        ).machine
