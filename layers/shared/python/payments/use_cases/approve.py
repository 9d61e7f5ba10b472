"""Has a person approve a payment: asks on behalf of the workflow that waits, and takes the answer.

Each is one conditional write; the stream carries a decision on to the workflow. What can cross, and what then holds:

* two decisions at once, or a decision and the end of its time: the first write stands, the other is told so;
* asked again, because the workflow's wait began anew: only the newest token decides, an older one is unknown;
* decided while the wait began anew: nobody is asked, the workflow is told to go by the payment's state;
* decided, and the workflow gone: the sweeper wakes the payment when its deadline has passed, as it does any other.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from payments.domain.approval import ApprovalState, approval_token, payment_id_in
from payments.domain.errors import (
    ApprovalClosed,
    ApprovalNotAwaited,
    ApprovalNotFound,
    PaymentNotFound,
    VersionConflict,
)
from payments.domain.examination import APPROVER
from payments.domain.payment import Move, Status, moved
from payments.use_cases.query import find_payment

if TYPE_CHECKING:
    from datetime import datetime, timedelta

    from payments.domain.approval import Approval
    from payments.domain.decision import DecisionRequest
    from payments.domain.payment import Payment
    from payments.ports import ApprovalRequests, Clock, PaymentStore, Tokens

APPROVAL_REFUSED = "approval_refused"
"""Failure code of a payment that a person refused."""


def request_approval(
    payment_id: str,
    *,
    task_token: str,
    expires_at: datetime,
    store: PaymentStore,
    requests: ApprovalRequests,
    clock: Clock,
    tokens: Tokens,
) -> Payment:
    """Ask the back office to decide the payment until ``expires_at``, for the wait that ``task_token`` names.

    Asking again for the same wait names the same approval token. Returns the payment as it stands.

    Raises:
        PaymentNotFound: no payment has this id.
        ApprovalNotAwaited: there is nothing to decide, or no longer, or no time left for it; no answer will come.
        VersionConflict: somebody else moved the payment meanwhile; ask again.
        DeliveryFailed: the back office was not told; ask again.
    """
    payment = find_payment(payment_id, reader=store)
    approval = payment.approval
    if approval is None or not payment.awaits_approval:
        raise ApprovalNotAwaited(f"payment {payment_id} waits for nobody's approval")
    if expires_at <= clock():
        raise ApprovalNotAwaited(f"the time in which payment {payment_id} may be approved is over")
    if approval.task_token != task_token:
        asked = approval.asked(task_token=task_token, expires_at=expires_at)
        payment = _asked(payment, asked, at=clock(), owner_token=tokens())
        store.advance(payment)
        approval = asked
    requests.ask(
        payment_id=payment_id,
        amount=payment.amount,
        currency=payment.currency,
        approval_token=approval_token(payment_id, task_token),
        asked_at=payment.updated_at,
        expires_at=approval.expires_at,
    )
    return payment


def decide_approval(
    token: str,
    decision: DecisionRequest,
    *,
    store: PaymentStore,
    clock: Clock,
    tokens: Tokens,
    open_deadline: timedelta,
) -> Payment:
    """Record what a person decided of the payment that waits under ``token``, and return the payment as it stands.

    The same decision again changes nothing, whoever makes it. The sweeper looks after an approved payment that nobody
    has claimed once ``open_deadline`` has passed.

    Raises:
        ApprovalNotFound: no payment waits, or waited last, under this token.
        ApprovalClosed: it was decided otherwise, or its time is over.
    """
    payment = _payment_under(token, store=store)
    while True:
        approval = _approval_under(token, payment)
        if not approval.is_pending:
            return _same_again(payment, approval, decision)
        now = clock()
        if not payment.is_open or approval.expires_at <= now:
            raise ApprovalClosed("the payment no longer waits for a decision")
        decided = _decided(payment, approval, decision, at=now, owner_token=tokens(), due_at=now + open_deadline)
        try:
            store.advance(decided)
        except VersionConflict as conflict:
            if conflict.stored is None:
                raise
            payment = conflict.stored
        else:
            return decided


def _payment_under(token: str, *, store: PaymentStore) -> Payment:
    payment_id = payment_id_in(token)
    if payment_id is None:
        raise ApprovalNotFound("no approval waits under this token")
    try:
        return store.get(payment_id)
    except PaymentNotFound:
        raise ApprovalNotFound("no approval waits under this token") from None


def _approval_under(token: str, payment: Payment) -> Approval:
    if payment.approval is None or not payment.approval.is_opened_by(token):
        raise ApprovalNotFound("no approval waits under this token")
    return payment.approval


def _same_again(payment: Payment, approval: Approval, decision: DecisionRequest) -> Payment:
    if decision.grants != (approval.state is ApprovalState.GRANTED):
        raise ApprovalClosed(f"the approval is {approval.state} already")
    return payment


def _asked(payment: Payment, asked: Approval, *, at: datetime, owner_token: str) -> Payment:
    return moved(
        payment,
        Move(
            to=Status.ACCEPTED,
            at=at,
            actor="workflow",
            reason="asked the back office for its approval",
            owner_token=owner_token,
            approval=asked,
            # Before its time is over there is nothing to wake the payment for.
            due_at=asked.expires_at,
        ),
    )


def _decided(
    payment: Payment, approval: Approval, decision: DecisionRequest, *, at: datetime, owner_token: str, due_at: datetime
) -> Payment:
    word = "approved" if decision.grants else "refused"
    return moved(
        payment,
        Move(
            to=Status.ACCEPTED if decision.grants else Status.FAILED,
            at=at,
            actor=f"{APPROVER}{decision.actor}",
            reason=f"{word}: {decision.reason}" if decision.reason else word,
            owner_token=owner_token,
            approval=approval.decided(granted=decision.grants, by=decision.actor),
            due_at=due_at,
            failure_code=None if decision.grants else APPROVAL_REFUSED,
        ),
    )
