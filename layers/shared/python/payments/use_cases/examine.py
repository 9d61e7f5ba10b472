"""Tells a payment's workflow what is to be done about the payment."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from payments.domain.examination import failed_validation, faults_of, may_be_charged_already
from payments.domain.payment import Processing
from payments.use_cases.query import find_payment

if TYPE_CHECKING:
    from payments.domain.payment import Payment
    from payments.ports import Clock, PaymentStore, Tokens


class Verdict(StrEnum):
    """What a workflow does next."""

    PROCESS = "process"
    AWAIT_APPROVAL = "await_approval"
    REFUSED = "refused"
    SETTLED = "settled"


@dataclass(frozen=True)
class Examination:
    """The payment as it stands after it was examined, what is to be done about it, and why."""

    payment: Payment
    verdict: Verdict
    reason: str


def examine_payment(payment_id: str, *, store: PaymentStore, clock: Clock, tokens: Tokens) -> Examination:
    """Return what the workflow of the payment does next; a payment that was altered fails here and is never charged.

    One that somebody has claimed already goes on, whatever is wrong with it: it may be charged by now, and whoever
    processes it next leaves it to a person. A payment of the queue is left to the queue.

    Raises:
        PaymentNotFound: no payment has this id.
        VersionConflict: somebody else moved the payment meanwhile; examine it again.
    """
    payment = find_payment(payment_id, reader=store)
    if not payment.is_open:
        return Examination(payment, Verdict.SETTLED, f"the payment is {payment.status}")
    if payment.processing is not Processing.ORCHESTRATED:
        return Examination(payment, Verdict.REFUSED, "the payment belongs to the processing queue")
    if may_be_charged_already(payment):
        return Examination(payment, Verdict.PROCESS, "somebody has claimed the payment")
    faults = faults_of(payment)
    if faults:
        return _refused(payment, "; ".join(faults), store=store, clock=clock, tokens=tokens)
    if payment.awaits_approval:
        return Examination(payment, Verdict.AWAIT_APPROVAL, "a person must approve the payment")
    return Examination(payment, Verdict.PROCESS, "the payment may be charged")


def _refused(payment: Payment, reason: str, *, store: PaymentStore, clock: Clock, tokens: Tokens) -> Examination:
    if len(payment.history) != payment.version:
        # Nothing can be added to a history that was cut: no worker will move this payment, and it rings as overdue.
        return Examination(payment, Verdict.REFUSED, reason)
    failed = failed_validation(payment, reason, actor="workflow", now=clock(), owner_token=tokens())
    store.advance(failed)
    return Examination(failed, Verdict.REFUSED, reason)
