"""The reckoning after a run: what was promised, held against what everybody outside saw."""

from __future__ import annotations

from collections import Counter, defaultdict
from decimal import Decimal
from itertools import pairwise
from typing import TYPE_CHECKING

from payments.domain.batch import BatchStatus
from payments.domain.payment import TERMINAL_STATUSES, TRANSITIONS, Payment, Status
from payments.domain.public import public_payment
from payments.use_cases.process import REVIEW_METRIC
from tests.simulation.ledger_promises import SETTLED, TOLD_IF_WRONG, WRONG_IF_TOLD, hold_to_the_ledger
from tests.unit.invariants import PROMISES

if TYPE_CHECKING:
    from tests.simulation.run import Run

CONTINUOUS = ("is_left_to_the_holder_of_its_lease", "comes_to_rest", "is_answered_alike")
"""Promises that are watched while a run goes on."""

RECKONED = (
    "acknowledged_is_kept",
    "has_no_ghosts",
    "amounts_are_conserved",
    "changes_follow_each_other",
    "audit_events_are_never_changed",
    "webhooks_are_signed",
    "is_told_of_as_it_is",
    "batches_are_exact",
    SETTLED,
    TOLD_IF_WRONG,
    WRONG_IF_TOLD,
)
"""Promises of the whole, held against what everybody outside saw."""

ALL_PROMISES = frozenset({*PROMISES, *CONTINUOUS, *RECKONED})
"""The names of all promises, those of each payment at rest included."""


def reckon(run: Run) -> None:
    """Note in ``run`` whatever does not hold now that it rests."""
    for payment in run.site.store.payments.values():
        for name, promise in PROMISES.items():
            try:
                promise(run.site, payment)
            except AssertionError as broken:
                run.broken(name, payment.payment_id, str(broken).splitlines()[0])
    _acknowledged_is_kept(run)
    _has_no_ghosts(run)
    _amounts_are_conserved(run)
    _changes_follow_each_other(run)
    _audit_events_are_never_changed(run)
    _webhooks_are_signed_and_have_one_id(run)
    _reviews_ring(run)
    _batches_are_exact(run)
    hold_to_the_ledger(run)


def _acknowledged_is_kept(run: Run) -> None:
    for order in run.orders:
        ids = {answer["payment_id"] for answer in order.answers}
        if len(ids) > 1 or any(answer != order.answers[0] for answer in order.answers):
            run.broken("is_answered_alike", order.customer_id, f"{len(order.answers)} answers, not all the same")
        for payment_id in ids - run.site.store.payments.keys():
            run.broken("acknowledged_is_kept", payment_id, "it was acknowledged and is not there")


def _asked_for(run: Run) -> dict[str, tuple[Decimal, str]]:
    asked = {order.customer_id: (order.amount, order.currency) for order in run.orders}
    for upload in run.uploads:
        asked |= upload.rows
    return asked


def _has_no_ghosts(run: Run) -> None:
    asked = _asked_for(run)
    made = Counter(str(payment.customer_id) for payment in run.site.store.payments.values())
    for customer_id, count in made.items():
        if customer_id not in asked:
            run.broken("has_no_ghosts", customer_id, "nobody asked for it")
        elif count > 1:
            run.broken("has_no_ghosts", customer_id, f"one request, {count} payments")
    rows = {customer_id for upload in run.uploads for customer_id in upload.rows}
    for customer_id in rows - made.keys():
        run.broken("acknowledged_is_kept", customer_id, "a good row was never entered")


def _amounts_are_conserved(run: Run) -> None:
    asked = _asked_for(run)
    for payment in run.site.store.payments.values():
        said = asked.get(str(payment.customer_id))
        if said and (payment.amount, payment.currency) != said:
            run.broken("amounts_are_conserved", payment.payment_id, f"asked {said}, stored {payment.amount}")
        for charge in run.site.gateway.charges_of(payment.payment_id):
            if said and (charge.amount, charge.currency) != said:
                run.broken("amounts_are_conserved", payment.payment_id, f"asked {said}, charged {charge.amount}")


def _changes_follow_each_other(run: Run) -> None:
    versions: defaultdict[str, list[Payment]] = defaultdict(list)
    for old, new in run.site.store.changes:
        if (old is None) != (new.payment_id not in versions):
            run.broken("changes_follow_each_other", new.payment_id, "it was created twice")
        versions[new.payment_id].append(new)
    for payment_id, payments in versions.items():
        for before, after in pairwise(payments):
            if after.version != before.version + 1 or after.history[:-1] != before.history:
                said = f"version {after.version} after {before.version}"
                run.broken("changes_follow_each_other", payment_id, said)
            if after.status not in TRANSITIONS[before.status]:
                run.broken("never_moves_backwards", payment_id, f"from {before.status} to {after.status}")


def _audit_events_are_never_changed(run: Run) -> None:
    happened = {
        f"{payment.payment_id}#{entry.version}": entry
        for payment in run.site.store.payments.values()
        for entry in payment.history
    }
    for key, event in run.site.log.events.items():
        if happened.get(event.event_id) != event.entry or key != event.event_id:
            run.broken("audit_events_are_never_changed", event.event_id, f"it says {event.entry.reason!r}")


def _webhooks_are_signed_and_have_one_id(run: Run) -> None:
    if run.site.receiver.badly_signed:
        run.broken("webhooks_are_signed", "", f"{run.site.receiver.badly_signed} badly signed")
    ids: defaultdict[str, set[str]] = defaultdict(set)
    for webhook_id, body in run.site.receiver.received:
        ids[f"{body['data']['payment_id']}#{body['data']['version']}"].add(webhook_id)
    for payment in run.site.store.payments.values():
        if payment.status in TERMINAL_STATUSES and ids[payment.event_id] != {payment.event_id}:
            run.broken("is_told_of_under_one_id", payment.event_id, f"webhooks under {sorted(ids[payment.event_id])}")
    final = {payment.payment_id: public_payment(payment) for payment in run.site.store.payments.values()}
    for webhook_id, body in run.site.receiver.received:
        told = body["data"]
        ended = told["status"] in set(map(str, TERMINAL_STATUSES))
        if ended and told != final.get(told["payment_id"]):
            run.broken("is_told_of_as_it_is", webhook_id, f"told {told['status']}")


def _reviews_ring(run: Run) -> None:
    if run.site.measure.counts[REVIEW_METRIC] < len(run.reviews):
        run.broken("reaches_its_end", "", f"{len(run.reviews)} reviews, and fewer rang")


def _batches_are_exact(run: Run) -> None:
    payments = list(run.site.store.payments.values())
    batches = {batch.source.key: batch for batch in run.site.batches.batches.batches.values()}
    for upload in run.uploads:
        batch = batches.get(f"incoming/{upload.number}.csv")
        if batch is None or batch.counts is None:
            run.broken("batches_are_exact", f"file {upload.number}", "it never came to counts")
            continue
        entered = [payment for payment in payments if payment.batch_id == batch.batch_id]
        totals: defaultdict[str, Decimal] = defaultdict(Decimal)
        for payment in entered:
            totals[payment.currency] += payment.amount
        if (batch.counts.received, batch.counts.accepted) != (upload.received, len(entered)):
            run.broken("batches_are_exact", batch.batch_id, f"{batch.counts}, and {len(entered)} are there")
        if dict(batch.counts.totals) != dict(totals):
            run.broken("batches_are_exact", batch.batch_id, "its totals are not those of its payments")
        standing = Counter(payment.status for payment in entered if not payment.is_open)
        if batch.status is BatchStatus.SETTLED and {k: v for k, v in batch.settled.items() if v} != standing:
            run.broken("batches_are_exact", batch.batch_id, f"settled as {dict(batch.settled)}, stand as {standing}")
        if batch.status is not BatchStatus.SETTLED and not standing[Status.NEEDS_REVIEW]:
            run.broken("batches_are_exact", batch.batch_id, f"it is {batch.status}")
