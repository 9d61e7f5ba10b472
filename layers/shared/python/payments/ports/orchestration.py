"""What the use cases of orchestrated payments need from the outside world."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from datetime import datetime
    from decimal import Decimal


class Workflow(Protocol):
    """Runs one workflow a payment. Everything may be repeated."""

    def start(self, payment_id: str) -> None:
        """Start the payment's workflow, named by the payment id; one that runs, or ever ran, is left alone.

        Raises:
            DeliveryFailed: it was not started; try again.
        """
        ...

    def answer(self, task_token: str, *, granted: bool) -> None:
        """Tell the workflow that waits with ``task_token`` what was decided; one that waits no more is left alone.

        Raises:
            DeliveryFailed: it was not told; try again.
        """
        ...


class ApprovalRequests(Protocol):
    """Asks people to approve."""

    def ask(
        self,
        *,
        payment_id: str,
        amount: Decimal,
        currency: str,
        approval_token: str,
        asked_at: datetime,
        expires_at: datetime,
    ) -> None:
        """Tell the back office that ``POST /approvals/{approval_token}`` decides this payment until ``expires_at``.

        Of two requests for one payment the one asked later counts; the token of the other is worthless.

        Raises:
            DeliveryFailed: it was not taken; ask again.
        """
        ...
