"""Signed webhooks after the Standard Webhooks specification, version 1.0.0.

https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
"""

from __future__ import annotations

import json
from datetime import UTC
from typing import TYPE_CHECKING

from standardwebhooks import Webhook

from payments.adapters.https import NoAnswer
from payments.adapters.secrets import SecretUnreadable
from payments.domain.errors import DeliveryFailed

if TYPE_CHECKING:
    from collections.abc import Callable

    from payments.adapters.https import HttpsClient
    from payments.domain.notification import Notification
    from payments.ports import Clock


class WebhookNotifier:
    """A :class:`payments.ports.Notifier` that posts to one address.

    ``webhook-id`` is the event's id: the same at every try, so receivers drop repeats by it. ``secrets`` gives one
    signing secret (``whsec_…``), or several parted by white space while the receiver changes over: each signs.
    """

    def __init__(self, receiver: HttpsClient, *, secrets: Callable[[], str], clock: Clock) -> None:
        self._receiver = receiver
        self._secrets = secrets
        self._clock = clock

    def notify(self, notification: Notification) -> None:
        """Post ``notification``; any answer but 2xx is a failure. See :meth:`payments.ports.Notifier.notify`."""
        body = json.dumps(notification.payload(), separators=(",", ":"))
        try:
            headers = {"Content-Type": "application/json", **self._signed(notification.event_id, body)}
            status = self._receiver.request("POST", "", headers=headers, body=body.encode()).status
        except (NoAnswer, SecretUnreadable) as error:
            raise DeliveryFailed(f"the webhook for {notification.event_id}: {error}") from error
        if not 200 <= status < 300:  # noqa: PLR2004 - the range RFC 9110 calls successful
            raise DeliveryFailed(f"the webhook for {notification.event_id} was answered with {status}")

    def _signed(self, message_id: str, body: str) -> dict[str, str]:
        # A full stop parts the signed texts, so an id that had one could be read in two ways.
        if "." in message_id:
            raise ValueError(f"a webhook id may not contain a full stop: {message_id}")
        secrets = self._secrets().split()
        if not secrets:
            raise DeliveryFailed("the webhook's signing secret is blank; nothing is sent unsigned")
        now = self._clock().astimezone(UTC)
        signatures = [Webhook(secret).sign(message_id, now, body) for secret in secrets]
        return {
            "webhook-id": message_id,
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": " ".join(signatures),
        }
