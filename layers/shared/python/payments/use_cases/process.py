"""Brings a payment to its end: claims it, has it charged under its one key, and writes down what the gateway said.

Between any two steps the process may die; what then goes on, and why nobody is charged twice:

* before the claim is written: nothing happened; the message comes back, or the sweeper wakes the payment;
* between the claim and the charge, or between the charge and the settlement: the lease and the pause run out, the next
  attempt takes over with the stored key, and the gateway answers that key as it did the first time;
* after the settlement: the message comes back to a settled payment and is acknowledged.

A payment that waits for a person's approval is never claimed: until its time is over it is left alone, then it fails.
One that is not what was accepted is never charged: it fails, or goes to review where a claim may have charged it.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from payments.domain.await_approval import after_waiting
from payments.domain.charge import Verdict, refused, undecided, verdict_of
from payments.domain.claim import claimed, is_held, key_may_be_forgotten, next_claim
from payments.domain.errors import GatewayAmbiguous, GatewayRefused, SettlementContradicted, VersionConflict
from payments.domain.examination import failed_validation, faults_of, may_be_charged_already
from payments.domain.payment import Move, Status, moved

if TYPE_CHECKING:
    from datetime import timedelta

    from payments.domain.payment import Claim, Payment
    from payments.ports import Clock, Measurements, PaymentGateway, PaymentStore, Tokens

REVIEW_METRIC = "PaymentsNeedingReview"

MAX_ATTEMPTS = 10
"""Attempts after which what is still unclear goes to review instead of being tried again."""


class Outcome(StrEnum):
    """What came of one wake-up. Each is a reason to acknowledge the message."""

    SUCCEEDED = "succeeded"
    DECLINED = "declined"
    FAILED = "failed"
    NEEDS_REVIEW = "needs_review"
    ALREADY_SETTLED = "already_settled"
    HELD = "held"
    """Somebody else is at it, the pause after an attempt runs, or a person has yet to approve; the sweeper wakes the
    payment when that is over."""


def process_payment(
    payment_id: str,
    *,
    actor: str,
    store: PaymentStore,
    gateway: PaymentGateway,
    clock: Clock,
    tokens: Tokens,
    lease: timedelta,
    measure: Measurements,
    max_attempts: int = MAX_ATTEMPTS,
) -> Outcome:
    """Do what the state of the payment asks for, and return what came of it.

    ``actor`` stands in the payment's history as who did it. ``lease`` must be longer than this call can take: whoever
    finds it run out takes the payment over. From the attempt after ``max_attempts`` on, what stays unclear goes to
    review instead of being tried again.

    Raises:
        PaymentNotFound: no payment has this id.
        GatewayAmbiguous: nobody knows whether the charge happened; the sweeper wakes the payment after its pause.
        VersionConflict: another worker took over while the gateway answered; wake the payment again.
        SettlementContradicted: the gateway approved what is settled otherwise.
    """
    payment = store.get(payment_id)
    now = clock()
    if not payment.is_open:
        return Outcome.ALREADY_SETTLED
    faults = "; ".join(faults_of(payment))
    if faults and not may_be_charged_already(payment):
        failed = failed_validation(payment, faults, actor=actor, now=now, owner_token=tokens())
        return _recorded(failed, store=store)
    if payment.awaits_approval and not faults:
        waiting = after_waiting(payment, actor=actor, now=now, owner_token=tokens())
        return _recorded(waiting, store=store) if waiting else Outcome.HELD
    if is_held(payment, now=now):
        return Outcome.HELD
    claim = next_claim(payment, now=now, lease=lease)
    ours = claimed(payment, claim, actor=actor, now=now, owner_token=tokens())
    try:
        store.advance(ours)
    except VersionConflict as conflict:
        return _left_to_others(conflict)
    exhausted = claim.attempt > max_attempts
    forgotten = key_may_be_forgotten(payment, now=now, lease=lease, key_retention=gateway.key_retention)
    if faults:
        verdict = undecided(f"never to be charged: {faults}")
    else:
        verdict = _verdict(ours, claim, gateway=gateway, look_up_first=exhausted or forgotten, exhausted=exhausted)
    return _settle(ours, verdict, store=store, clock=clock, measure=measure)


def _recorded(unclaimed: Payment, *, store: PaymentStore) -> Outcome:
    try:
        store.advance(unclaimed)
    except VersionConflict as conflict:
        return _left_to_others(conflict)
    return Outcome.HELD if unclaimed.is_open else Outcome.FAILED


def _verdict(ours: Payment, claim: Claim, *, gateway: PaymentGateway, look_up_first: bool, exhausted: bool) -> Verdict:
    if look_up_first:
        try:
            found = gateway.find(reference=ours.payment_id)
        except GatewayAmbiguous:
            return undecided(f"unclear at attempt {claim.attempt}, and looking it up at the gateway did not help")
        if found is not None:
            return verdict_of(found, ours)
    try:
        return _charge(ours, claim, gateway=gateway)
    except GatewayAmbiguous:
        if exhausted:
            return undecided(f"still unclear after {claim.attempt} attempts")
        raise


def _charge(ours: Payment, claim: Claim, *, gateway: PaymentGateway) -> Verdict:
    try:
        charge = gateway.charge(
            idempotency_key=claim.gateway_key,
            reference=ours.payment_id,
            amount=ours.amount,
            currency=ours.currency,
        )
    except GatewayRefused as refusal:
        # A refusal now says nothing of an earlier attempt whose answer never came: that charge may stand.
        earlier = gateway.find(reference=ours.payment_id) if claim.attempt > 1 else None
        return verdict_of(earlier, ours) if earlier is not None else refused(refusal.code)
    return verdict_of(charge, ours)


def _settle(ours: Payment, verdict: Verdict, *, store: PaymentStore, clock: Clock, measure: Measurements) -> Outcome:
    settled = moved(ours, Move(**vars(verdict), at=clock(), actor=ours.history[-1].actor, owner_token=ours.owner_token))
    if settled.status is Status.NEEDS_REVIEW:
        # Counted before it is written: a process that dies in between is followed by an attempt that counts again.
        measure.count(REVIEW_METRIC)
    try:
        store.advance(settled)
    except VersionConflict as conflict:
        _accept_or_raise(conflict, settled, measure=measure)
    return Outcome(settled.status)


def _left_to_others(conflict: VersionConflict) -> Outcome:
    if conflict.stored is None:
        raise conflict
    return Outcome.HELD if conflict.stored.is_open else Outcome.ALREADY_SETTLED


def _accept_or_raise(conflict: VersionConflict, settled: Payment, *, measure: Measurements) -> None:
    """Return if whoever was faster wrote the same end; raise otherwise: the same key will give this answer again."""
    stored = conflict.stored
    if stored is None or stored.is_open:
        raise conflict
    if (stored.status, stored.gateway_reference) == (settled.status, settled.gateway_reference):
        return
    if settled.status is Status.SUCCEEDED:
        measure.count(REVIEW_METRIC)
        raise SettlementContradicted(stored.payment_id, stored.status, str(settled.gateway_reference)) from conflict
    raise conflict
