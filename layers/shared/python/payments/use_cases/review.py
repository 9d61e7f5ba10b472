"""Settles by hand what nobody may guess."""

from __future__ import annotations

from typing import TYPE_CHECKING

from payments.domain.errors import RequestRefused, TransitionNotAllowed, Violation
from payments.domain.payment import Move, Status, moved
from payments.domain.request import FIELDS

if TYPE_CHECKING:
    from payments.domain.payment import Payment
    from payments.ports import Clock, PaymentStore, Tokens


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
    settled = moved(
        payment,
        Move(
            to=to,
            at=clock(),
            actor=f"operator:{actor}",
            reason=reason,
            owner_token=tokens(),
            gateway_reference=gateway_reference,
            failure_code=failure_code,
        ),
    )
    store.advance(settled)
    return settled
