"""Settles by hand what nobody may guess."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from payments.domain.errors import RequestRefused, ReviewTooEarly, TransitionNotAllowed, Violation
from payments.domain.payment import Move, Status, moved
from payments.domain.request import FIELDS

if TYPE_CHECKING:
    from payments.domain.payment import Payment
    from payments.ports import Clock, PaymentStore, Tokens


LATEST_ARRIVAL = timedelta(minutes=2)
"""What no charge is seen of so long after its last attempt was not charged: a request has given up long before."""


def settle_review(
    payment_id: str,
    *,
    to: Status,
    actor: str,
    reason: str,
    store: PaymentStore,
    clock: Clock,
    tokens: Tokens,
    gateway_reference: str | None = None,
    failure_code: str | None = None,
) -> Payment:
    """Move a payment that needs review to ``to``, by a person's word, and return it; the audit trail names who and why.

    Whoever settles has looked the payment's reference up at the gateway: after ``failed`` no charge may stand there.

    Raises:
        RequestRefused: a text is empty, longer than 500 characters, or holds what must not be stored.
        PaymentNotFound: no payment has this id.
        TransitionNotAllowed: the payment does not need review, or can't become ``to``.
        ReviewTooEarly: it is not to succeed, and its last attempt was less than :data:`LATEST_ARRIVAL` ago.
        VersionConflict: somebody else settled it first.
    """
    violations: list[Violation] = []
    said = {"actor": actor, "reason": reason, "gateway_reference": gateway_reference, "failure_code": failure_code}
    for name, text in said.items():
        if text is not None:
            FIELDS["description"].kind.read(text, f"/{name}", violations)
    if violations:
        raise RequestRefused(violations)
    payment = store.get(payment_id)
    if payment.status is not Status.NEEDS_REVIEW:
        raise TransitionNotAllowed(payment_id, payment.status, to)
    now = clock()
    if to is not Status.SUCCEEDED and now < payment.updated_at + LATEST_ARRIVAL:
        raise ReviewTooEarly(payment_id, payment.updated_at + LATEST_ARRIVAL)
    settled = moved(
        payment,
        Move(
            to=to,
            at=now,
            actor=f"operator:{actor}",
            reason=reason,
            owner_token=tokens(),
            gateway_reference=gateway_reference,
            failure_code=failure_code,
        ),
    )
    store.advance(settled)
    return settled
