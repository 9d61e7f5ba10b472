"""A gateway that breaks one of its five promises: what the product still holds then, and what nobody could.

A gateway promises that one key is charged at most once and repeats answer alike for as long as keys are kept; that a
charge can be looked up; that amount and currency are echoed; that what it cannot do it refuses clearly; that its ledger
lists every charge, once, under its day. Whatever of the first four it breaks is found in a ledger that keeps the fifth.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from unittest import mock

from payments.domain.errors import GatewayRefused
from payments.domain.payment import Payment, Status
from tests.simulation import dishonest_ledger as ledgers
from tests.simulation.ledger_promises import SETTLED, WRONG_IF_TOLD
from tests.simulation.mutants import CHARGED, Mutant

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import ExitStack
    from datetime import datetime

    from payments.ports import Charge, LedgerEntry
    from tests.simulation.run import Run


@dataclass(frozen=True)
class Dishonesty:
    """One broken promise: the product's promises that can't be kept then (``costs``), and how far the damage goes.

    ``is_bounded`` says of one payment at rest whether it is as well off as it can be; ``says`` puts that in words.
    """

    name: str
    put_in: Callable[[Run, ExitStack], None]
    costs: frozenset[str]
    is_bounded: Callable[[Run, Payment], bool]
    says: str

    @property
    def mutant(self) -> Mutant:
        return Mutant(self.name, self.put_in, self.costs)


def _instead(stack: ExitStack, run: Run, name: str, replacement: Callable[..., Any]) -> None:
    stack.enter_context(mock.patch.object(run.site.gateway, name, replacement))


def _forgets_keys_early(run: Run, stack: ExitStack) -> None:
    gateway = run.site.gateway
    once = gateway._once

    def forgetful(key: str, reference: str, new: Charge) -> Charge:
        since, _ = gateway._remembered.get(key, (run.now, new))
        if run.now >= since + timedelta(seconds=30):
            gateway._remembered.pop(key, None)
        return once(key, reference, new)

    _instead(stack, run, "_once", forgetful)


def _charges_at_every_call(run: Run, stack: ExitStack) -> None:
    gateway = run.site.gateway
    once = gateway._once

    def greedy(key: str, reference: str, new: Charge) -> Charge:
        gateway._remembered.pop(key, None)
        return once(key, reference, new)

    _instead(stack, run, "_once", greedy)


def _finds_nothing(run: Run, stack: ExitStack) -> None:
    _instead(stack, run, "find", lambda **_: None)


def _finds_anothers_of_another_amount(run: Run, stack: ExitStack) -> None:
    _find_others(run, stack, lambda one, other: (one.amount, one.currency) != (other.amount, other.currency))


def _finds_anothers_of_the_same_amount(run: Run, stack: ExitStack) -> None:
    for order in run.orders:
        order.amount, order.currency = Decimal(5), "USD"
    run.uploads.clear()
    run.site.batches.files.objects.clear()
    _find_others(run, stack, lambda one, other: (one.amount, one.currency) == (other.amount, other.currency))


def _find_others(run: Run, stack: ExitStack, suits: Callable[[Payment, Charge], bool]) -> None:
    gateway = run.site.gateway

    def find(*, reference: str) -> Charge | None:
        payment = run.site.store.payments[reference]
        lines = [charge for of in sorted(gateway._charges) if of != reference for charge in gateway.charges_of(of)]
        others = [charge for charge in lines if charge.approved and suits(payment, charge)]
        return next(iter([*others, *gateway.charges_of(reference)]), None)

    _instead(stack, run, "find", find)


def _echoes_other_amounts(run: Run, stack: ExitStack) -> None:
    gateway, ledger = run.site.gateway, run.site.ledger
    charge, find, known, listed = gateway.charge, gateway.find, ledger.known, ledger.listed

    def other(said: Charge) -> Charge:
        return replace(said, amount=said.amount + 1)

    def found(*, reference: str) -> Charge | None:
        said = find(reference=reference)
        return other(said) if said else None

    def entries(start: datetime, end: datetime) -> list[LedgerEntry]:
        return [replace(entry, charge=other(entry.charge)) for entry in listed(start, end)]

    _instead(stack, run, "charge", lambda **order: other(charge(**order)))
    _instead(stack, run, "find", found)
    stack.enter_context(mock.patch.object(ledger, "known", lambda reference: list(map(other, known(reference)))))
    stack.enter_context(mock.patch.object(ledger, "listed", entries))


def _refuses_after_charging(run: Run, stack: ExitStack) -> None:
    charge = run.site.gateway.charge

    def refusing(**order: Any) -> Charge:  # noqa: ANN401 - as a charge is ordered
        said = charge(**order)
        if run.chance.random() < 0.3:
            raise GatewayRefused("account_closed", "after charging")
        return said

    _instead(stack, run, "charge", refusing)


def _taken(run: Run, payment: Payment) -> int:
    return run.site.gateway.taken.count(payment.payment_id)


def _is_exact(run: Run, payment: Payment) -> bool:
    taken = _taken(run, payment)
    return taken == 1 if payment.status is Status.SUCCEEDED else taken == 0 or payment.status is Status.NEEDS_REVIEW


def _is_exact_if_ordered_once(run: Run, payment: Payment) -> bool:
    return _is_exact(run, payment) or run.site.gateway.orders[payment.payment_id] > 1


def _is_exact_if_nothing_was_looked_up(run: Run, payment: Payment) -> bool:
    return _is_exact(run, payment) or (payment.claim is not None and payment.claim.attempt > 1)


def _never_succeeds_by_itself(run: Run, payment: Payment) -> bool:
    ended = payment.history[-1]
    return _is_exact(run, payment) and (ended.status != "succeeded" or ended.actor.startswith("operator:"))


def _is_charged_twice_never(run: Run, payment: Payment) -> bool:
    return _taken(run, payment) <= 1 and _is_exact_if_nothing_was_looked_up(run, payment)


def _is_charged_once_and_wrong_only_after_a_first_refusal(run: Run, payment: Payment) -> bool:
    refused_first = payment.status is Status.FAILED and payment.claim is not None and payment.claim.attempt == 1
    return _taken(run, payment) <= 1 and (_is_exact(run, payment) or refused_first)


DISHONESTIES = {
    each.name: each
    for each in (
        Dishonesty(
            "forgets keys early",
            _forgets_keys_early,
            frozenset({CHARGED}),
            _is_exact_if_ordered_once,
            "Cannot: tell a forgotten key from a new one; a repeat charges again. Can: a payment whose first answer "
            "came is exact, and everything but the charge is kept.",
        ),
        Dishonesty(
            "charges at every call",
            _charges_at_every_call,
            frozenset({CHARGED}),
            _is_exact_if_ordered_once,
            "Cannot: take back what a repeat charged. Can: nothing is repeated whose answer came.",
        ),
        Dishonesty(
            "finds nothing",
            _finds_nothing,
            frozenset({CHARGED}),
            _is_exact_if_nothing_was_looked_up,
            "Cannot: past the life of a key, know of a charge that is denied; it is made again, or taken for refused. "
            "Can: no first attempt is touched, for nothing is looked up there.",
        ),
        Dishonesty(
            "finds another's charge of another amount",
            _finds_anothers_of_another_amount,
            frozenset(),
            _is_exact,
            "Can: it is another amount, so a person looks; nothing succeeds on another's charge.",
        ),
        Dishonesty(
            "finds another's charge of the same amount",
            _finds_anothers_of_the_same_amount,
            frozenset({CHARGED}),
            _is_charged_twice_never,
            "Cannot: know it for another's. Can: nobody is charged twice, and no first attempt is touched.",
        ),
        Dishonesty(
            "echoes other amounts",
            _echoes_other_amounts,
            frozenset({SETTLED, WRONG_IF_TOLD}),
            _never_succeeds_by_itself,
            "Cannot: know that the charge was right; each is reported. Can: nothing succeeds without a person who "
            "looked, and each is charged once.",
        ),
        Dishonesty(
            "refuses after charging",
            _refuses_after_charging,
            frozenset({CHARGED}),
            _is_charged_once_and_wrong_only_after_a_first_refusal,
            "Cannot: doubt the refusal of a first call. Can: one after an unclear answer is looked up before it is "
            "believed, and nobody is charged twice.",
        ),
        Dishonesty(
            "omits lines of its ledger",
            ledgers.omits_lines,
            frozenset({SETTLED}),
            _is_exact,
            "Cannot: settle a payment in review by a charge that is not listed; a person has to look it up. Can: no "
            "payment whose charge is not listed is taken for uncharged, for it is asked for.",
        ),
        Dishonesty(
            "misdates lines of its ledger by a day",
            ledgers.misdates_lines_by_a_day,
            frozenset(),
            _is_exact,
            "Can: a line is held against its payment on whichever day it is met, and no payment is taken for "
            "uncharged whose charge is of another day.",
        ),
        Dishonesty(
            "misdates lines of its ledger by a week",
            ledgers.misdates_lines_by_a_week,
            frozenset({SETTLED}),
            _is_exact,
            "Cannot: meet what is entered under a day that is looked at no more; it is as if it were not listed. Can: "
            "what can be where it is not.",
        ),
        Dishonesty(
            "doubles lines of its ledger",
            ledgers.doubles_lines,
            frozenset(),
            _is_exact,
            "Can: what has one reference is one charge; it settles once and is never told of.",
        ),
        Dishonesty(
            "doubles lines of its ledger under another name",
            ledgers.doubles_lines_under_another_name,
            frozenset({WRONG_IF_TOLD}),
            _is_exact,
            "Cannot: know that the second was never made; a person is told. Can: it settles nothing, for the gateway "
            "does not know it when asked.",
        ),
    )
}
