"""What carries word from one part to another, and to people."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from payments_infra.ground import Ground

PROCESSOR_TIMEOUT_SECONDS = 30
NOTIFIER_TIMEOUT_SECONDS = 30
NOTIFICATION_RECEIVES = 40
"""At a visibility time-out of three minutes, two hours in which a receiver of webhooks may be down."""


class Channels:
    """The queues and topics of one environment. Who is told of alarms belongs to its ground."""

    def __init__(self, ground: Ground) -> None:
        self.processing = ground.pipeline("processing", consumer_timeout_seconds=PROCESSOR_TIMEOUT_SECONDS)
        self.notification = ground.pipeline(
            "notification", consumer_timeout_seconds=NOTIFIER_TIMEOUT_SECONDS, max_receives=NOTIFICATION_RECEIVES
        )
        self.customers = ground.topic("customers", ground.settings.customer_email)
        self.back_office = ground.topic("back-office", ground.settings.back_office_email)
