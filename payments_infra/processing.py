"""The way of queued payments to their end: charged, told of, and woken again where nobody looks after them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from payments_infra.channels import NOTIFIER_TIMEOUT_SECONDS, PROCESSOR_TIMEOUT_SECONDS
from payments_infra.constructs.event_sources import QueueSource
from payments_infra.constructs.schedule import Schedule
from payments_infra.workers import LEASE_MARGIN_SECONDS

if TYPE_CHECKING:
    from payments_infra.channels import Channels
    from payments_infra.ground import Ground
    from payments_infra.outside import GatewayAccess, WebhookAccess
    from payments_infra.storage import Storage
    from payments_infra.workers import Workers

MOST_NOTIFIERS = 10
"""Notifiers at once: receivers of webhooks are others' and not made for ours."""


class Processing:
    """Processor, notifier and sweeper.

    Args:
        ground: what everything stands on.
        workers: makes the functions.
        storage: where payments are.
        channels: queues that wake the functions, and the topic customers listen to.
        gateway: how payments are charged.
        webhook: how customers are told beside the topic.
    """

    def __init__(
        self,
        *,
        ground: Ground,
        workers: Workers,
        storage: Storage,
        channels: Channels,
        gateway: GatewayAccess,
        webhook: WebhookAccess,
    ) -> None:
        payments = {"PAYMENTS_TABLE": storage.payments.name}
        self.processor = workers.worker(
            "processor",
            timeout_seconds=PROCESSOR_TIMEOUT_SECONDS,
            environment={
                **payments,
                **gateway.variables,
                "LEASE_SECONDS": str(PROCESSOR_TIMEOUT_SECONDS + LEASE_MARGIN_SECONDS),
            },
        )
        self.notifier = workers.worker(
            "notifier",
            timeout_seconds=NOTIFIER_TIMEOUT_SECONDS,
            environment={**payments, "CUSTOMER_TOPIC_ARN": channels.customers.arn, **webhook.variables},
        )
        self.sweeper = workers.worker(
            "sweeper",
            timeout_seconds=45,
            environment={**payments, "PROCESSING_QUEUE_URL": channels.processing.url},
        )

        storage.payments.grant_read(self.processor.role)
        storage.payments.grant_advance(self.processor.role)
        gateway.grant_charge(self.processor.role)
        storage.payments.grant_read(self.notifier.role)
        channels.customers.grant_publish(self.notifier.role)
        webhook.grant_sign(self.notifier.role)
        storage.payments.grant_find_overdue(self.sweeper.role)
        channels.processing.grant_send(self.sweeper.role)

        QueueSource(
            ground.scope,
            "charging",
            function=self.processor,
            pipeline=channels.processing,
            maximum_concurrency=ground.settings.profile.processor_concurrency,
        )
        QueueSource(
            ground.scope,
            "notifying",
            function=self.notifier,
            pipeline=channels.notification,
            maximum_concurrency=MOST_NOTIFIERS,
        )
        Schedule(ground.scope, "sweeping", part="sweeper", naming=ground.naming, function=self.sweeper)
