"""Several ways of telling customers, behind one port."""

from __future__ import annotations

from typing import TYPE_CHECKING

from payments.domain.errors import DeliveryFailed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from payments.domain.notification import Notification
    from payments.ports import Notifier


class EveryNotifier:
    """A :class:`payments.ports.Notifier` that tells all of ``notifiers``, also those after one that failed.

    One that failed makes the whole be delivered again: the others then repeat, with the same event id.
    """

    def __init__(self, notifiers: Sequence[Notifier]) -> None:
        self._notifiers = notifiers

    def notify(self, notification: Notification) -> None:
        """Tell everyone. See :meth:`payments.ports.Notifier.notify`."""
        failures = [failure for notifier in self._notifiers if (failure := _failure(notifier, notification))]
        if failures:
            raise DeliveryFailed("; ".join(map(str, failures))) from failures[0]


def _failure(notifier: Notifier, notification: Notification) -> DeliveryFailed | None:
    try:
        notifier.notify(notification)
    except DeliveryFailed as failure:
        return failure
    return None
