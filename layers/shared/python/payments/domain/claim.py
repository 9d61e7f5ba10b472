"""Claims: the right to charge one payment for a while, and how far a gateway's memory of the key can be trusted."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from payments.domain.payment import Claim, Move, Status, moved

if TYPE_CHECKING:
    from datetime import datetime

    from payments.domain.payment import Payment

LONGEST_PAUSE = timedelta(hours=1)
"""The next attempt comes at least this often, however many failed."""

CLOCK_TOLERANCE = timedelta(minutes=10)
"""How far two workers' clocks may be apart before the gateway's memory of a key could be misjudged."""

_MAX_DOUBLINGS = 16


def is_held(payment: Payment, *, now: datetime) -> bool:
    """Return whether ``payment`` is to be left alone: somebody's claim on it runs, or the pause after an attempt does.

    A message that comes again during the pause would only use up an attempt; the sweeper wakes the payment at its end.
    """
    if payment.claim is None:
        return False
    return payment.claim.lease_expires_at > now or (payment.due_at is not None and payment.due_at > now)


def next_claim(payment: Payment, *, now: datetime, lease: timedelta) -> Claim:
    """Return a claim on ``payment`` until ``now + lease``: the first, or a take-over that keeps the gateway key."""
    before = payment.claim
    return Claim(
        gateway_key=before.gateway_key if before else payment.payment_id,
        lease_expires_at=now + lease,
        attempt=before.attempt + 1 if before else 1,
        first_claimed_at=before.first_claimed_at if before else now,
    )


def claimed(payment: Payment, claim: Claim, *, actor: str, now: datetime, owner_token: str) -> Payment:
    """Return ``payment`` under ``claim``, which ``actor`` makes.

    Raises:
        TransitionNotAllowed: ``payment`` is no longer open.
    """
    return moved(
        payment,
        Move(
            to=Status.PROCESSING,
            at=now,
            actor=actor,
            reason=f"attempt {claim.attempt}" + (", after the lease before ran out" if payment.claim else ""),
            owner_token=owner_token,
            claim=claim,
            due_at=now + _pause_after(claim, lease=claim.lease_expires_at - now),
        ),
    )


def _pause_after(claim: Claim, *, lease: timedelta) -> timedelta:
    # Doubling keeps hours of the gateway's outage from using up the attempts. The first pause ends with the lease.
    return min(lease * (1 << min(claim.attempt - 1, _MAX_DOUBLINGS)), max(lease, LONGEST_PAUSE))


def key_may_be_forgotten(payment: Payment, *, now: datetime, lease: timedelta, key_retention: timedelta) -> bool:
    """Return whether the gateway may no longer know the key of ``payment``, read before the attempt made ``now``.

    The whole attempt, a lease long at most, must end within the retention, by a clock that may be slow by
    ``CLOCK_TOLERANCE``: it would see the end of the retention late. The retention counts from the payment's creation
    where that is earlier: a fast clock at the first claim would make the key look younger than the gateway has it. A
    clock behind the last writer's can't vouch for anything.
    """
    if payment.claim is None:
        return False
    key_since = min(payment.created_at, payment.claim.first_claimed_at)
    return now < payment.updated_at or now + lease + CLOCK_TOLERANCE >= key_since + key_retention
