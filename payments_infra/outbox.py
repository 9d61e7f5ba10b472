"""The payments table's stream as the outbox: one reader hands changes on, the other records them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from payments_infra.constructs.event_sources import StreamSource
from payments_infra.constructs.table import PAYMENTS_ONLY

if TYPE_CHECKING:
    from payments_infra.channels import Channels
    from payments_infra.constructs.state_machine import StateMachine
    from payments_infra.ground import Ground
    from payments_infra.storage import Storage
    from payments_infra.workers import Workers


class Outbox:
    """Dispatcher and auditor, and where each leaves what it gave up.

    Args:
        ground: what everything stands on.
        workers: makes the functions.
        storage: whose stream is read, and where events are recorded.
        channels: queues that changes wake.
        workflow: what a new orchestrated payment starts, and a decided one goes on with.
    """

    def __init__(
        self, *, ground: Ground, workers: Workers, storage: Storage, channels: Channels, workflow: StateMachine
    ) -> None:
        self.undispatched = ground.dead_letters("dispatcher")
        self.unaudited = ground.dead_letters("auditor")
        self.dispatcher = workers.worker(
            "dispatcher",
            timeout_seconds=30,
            environment={
                "PROCESSING_QUEUE_URL": channels.processing.url,
                "NOTIFICATION_QUEUE_URL": channels.notification.url,
                "PAYMENT_WORKFLOW_ARN": workflow.arn,
            },
        )
        self.auditor = workers.worker("auditor", timeout_seconds=30, environment={"AUDIT_TABLE": storage.audit.name})

        channels.processing.grant_send(self.dispatcher.role)
        channels.notification.grant_send(self.dispatcher.role)
        workflow.grant_start(self.dispatcher.role)
        workflow.grant_answer(self.dispatcher.role)
        storage.audit.grant_append(self.auditor.role)

        for id_, function, failures in (
            ("dispatching", self.dispatcher, self.undispatched),
            ("auditing", self.auditor, self.unaudited),
        ):
            StreamSource(
                ground.scope,
                id_,
                function=function,
                table=storage.payments,
                failures=failures,
                filters=[PAYMENTS_ONLY],
            )
