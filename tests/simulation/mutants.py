"""The product with one piece replaced by a plausible mistake: each must be caught, or the reckoning proves nothing."""

from __future__ import annotations

import json
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from unittest import mock

from functions.dispatcher import handler as dispatcher
from functions.processor import handler as processor
from functions.reconciler import handler as reconciler
from payments.domain import claim as claims
from payments.domain import history
from payments.domain import payment as payment_module
from payments.domain.charge import refused
from payments.domain.errors import GatewayAmbiguous, VersionConflict
from payments.domain.notification import notification_of
from payments.domain.payment import Payment, Status
from payments.runtime.batch import each_message
from payments.use_cases import Queue, Wake, accept, dispatch_change, notify, process
from payments.use_cases.batches import ingest
from tests.fakes import ProcessDied
from tests.simulation.ledger_promises import SETTLED, TOLD_IF_WRONG, WRONG_IF_TOLD
from tests.simulation.mishaps import Throttled

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import ExitStack

    from tests.fakes import FakeAuditLog
    from tests.simulation.run import Run

    PutIn = Callable[[Run, ExitStack], None]


@dataclass(frozen=True)
class Mutant:
    """A mistake: its name, how it gets into a run, and the promises that it may break."""

    name: str
    put_in: PutIn
    breaks: frozenset[str]


MUTANTS: dict[str, Mutant] = {}


def _mutant(*breaks: str) -> Callable[[PutIn], PutIn]:
    def register(put_in: PutIn) -> PutIn:
        name = put_in.__name__.strip("_").replace("_", " ")
        MUTANTS[name] = Mutant(name, put_in, frozenset(breaks))
        return put_in

    return register


def _instead(stack: ExitStack, target: Any, name: str, replacement: Any) -> None:  # noqa: ANN401 - any piece
    stack.enter_context(mock.patch.object(target, name, replacement))


CHARGED = "is_charged_once_if_it_succeeded_and_never_if_not"
BACKWARDS = "never_moves_backwards"
FOLLOW = "changes_follow_each_other"
AUDITED = "has_one_audit_event_for_each_change"
TOLD = "is_told_of_under_one_id"
ENDS = "reaches_its_end"
LEFT = "is_left_to_the_holder_of_its_lease"
AMOUNTS = "amounts_are_conserved"
GHOSTS = "has_no_ghosts"
BATCHES = "batches_are_exact"
APPROVED = "is_never_charged_without_its_approval"
ONE_KEY = "has_one_key_at_the_gateway"


@_mutant(FOLLOW, BACKWARDS)
def _writes_without_condition(run: Run, stack: ExitStack) -> None:
    store = run.site.store
    _instead(stack, store, "_advance", lambda payment: store._put(store.payments.get(payment.payment_id), payment))


@_mutant(FOLLOW)
def _creates_without_condition(run: Run, stack: ExitStack) -> None:
    store = run.site.store

    def create(payment: Payment, _: object) -> Payment:
        store._put(None, payment)
        return payment

    _instead(stack, store, "_create", create)


@_mutant(TOLD)
def _sends_before_it_writes(run: Run, stack: ExitStack) -> None:
    # The stream no longer tells of an end; whoever writes it sends the message first.
    def silent(old: Payment | None, new: Payment) -> tuple[object, ...]:
        asked = dispatch_change(old, new)
        return tuple(each for each in asked if not (isinstance(each, Wake) and each.queue is Queue.NOTIFICATION))

    write = run.site.store.advance

    def send_then_write(payment: Payment) -> None:
        if not payment.is_open:
            run.site.queues[Queue.NOTIFICATION].send([payment.payment_id])
        write(payment)

    _instead(stack, dispatcher, "dispatch_change", silent)
    _instead(stack, run.site.store, "advance", send_then_write)


@_mutant(TOLD)
def _sends_after_it_writes(run: Run, stack: ExitStack) -> None:
    # Likewise, and who dies in between tells nobody.
    def silent(old: Payment | None, new: Payment) -> tuple[object, ...]:
        asked = dispatch_change(old, new)
        return tuple(each for each in asked if not (isinstance(each, Wake) and each.queue is Queue.NOTIFICATION))

    write = run.site.store.advance

    def write_then_send(payment: Payment) -> None:
        write(payment)
        if not payment.is_open:
            run.site.queues[Queue.NOTIFICATION].send([payment.payment_id])

    _instead(stack, dispatcher, "dispatch_change", silent)
    _instead(stack, run.site.store, "advance", write_then_send)


@_mutant(CHARGED, ONE_KEY)
def _charges_under_a_new_key_each_time(run: Run, stack: ExitStack) -> None:
    charge = run.site.gateway.charge

    def charged(**order: Any) -> Any:  # noqa: ANN401 - as the gateway says
        return charge(**{**order, "idempotency_key": run.site.tokens()})

    _instead(stack, run.site.gateway, "charge", charged)


@_mutant(CHARGED, ONE_KEY)
def _takes_over_with_a_key_of_its_own(_: Run, stack: ExitStack) -> None:
    def fresh(payment: Payment, **times: Any) -> Any:  # noqa: ANN401 - a claim
        claim = claims.next_claim(payment, **times)
        return replace(claim, gateway_key=f"{payment.payment_id}-{claim.attempt}")

    _instead(stack, process, "next_claim", fresh)


@_mutant(TOLD, AUDITED, ENDS)
def _acknowledges_on_error(run: Run, stack: ExitStack) -> None:
    def all_well(consume: Callable[..., object]) -> Callable[..., object]:
        def consumed(*arguments: Any, **more: Any) -> dict[str, list[object]]:  # noqa: ANN401 - an event and how to handle it
            with suppress(Exception):
                consume(*arguments, **more)
            return {"batchItemFailures": []}

        return consumed

    for name in ("each_message", "each_change", "all_changes"):
        _instead(stack, run.site, name, all_well(getattr(run.site, name)))


@_mutant(TOLD)
def _answers_for_the_batch_as_a_whole(run: Run, stack: ExitStack) -> None:
    def consumed(event: dict[str, Any], context: Any, consume: Any) -> dict[str, list[object]]:  # noqa: ANN401 - as above
        failures = len(each_message(event, context, consume)["batchItemFailures"])
        if failures == len(event["Records"]):
            raise RuntimeError("all failed")
        return {"batchItemFailures": []}

    _instead(stack, run.site, "each_message", consumed)


@_mutant(TOLD)
def _handles_the_first_record_only(run: Run, stack: ExitStack) -> None:
    def consumed(event: dict[str, Any], context: Any, consume: Any) -> object:  # noqa: ANN401 - as above
        return each_message({"Records": event["Records"][:1]}, context, consume)

    _instead(stack, run.site, "each_message", consumed)


@_mutant(LEFT)
def _ignores_leases(_: Run, stack: ExitStack) -> None:
    _instead(stack, process, "is_held", lambda *_, **__: False)


@_mutant(AMOUNTS)
def _trusts_the_amount_of_the_message(run: Run, stack: ExitStack) -> None:
    def trusting(message: str, ports: processor.Ports) -> object:
        said = json.loads(message)
        store = ports.store

        class Trusting:
            advance = staticmethod(store.advance)

            def get(self, payment_id: str) -> Payment:
                payment = store.get(payment_id)
                return replace(payment, amount=Decimal(said["amount"])) if "amount" in said else payment

        return processor.process(message, replace(ports, store=Trusting()))  # type: ignore[arg-type]

    _instead(stack, run.site, "process_one", trusting)


@_mutant(BACKWARDS)
def _sweeps_payments_back_to_accepted(run: Run, stack: ExitStack) -> None:
    site = run.site
    sweep = site.sweep_all

    def sweep_back(ports: Any) -> int:  # noqa: ANN401 - the sweeper's
        for payment_id in ports.overdue.ids_due_before(ports.clock(), limit=250):
            payment = site.store.payments[payment_id]
            entry = history.next_entry(
                payment_id, payment.history, status="accepted", at=ports.clock(), actor="sweeper", reason="again"
            )
            reset = replace(
                payment, status=Status.ACCEPTED, claim=None, version=entry.version, history=(*payment.history, entry)
            )
            with suppress(VersionConflict):
                site.store.advance(replace(reset, owner_token=site.tokens()))
        return int(sweep(ports))

    _instead(stack, site, "sweep_all", sweep_back)


@_mutant(ENDS)
def _never_sweeps(run: Run, stack: ExitStack) -> None:
    _instead(stack, run.site, "sweep_all", lambda _: 0)


@_mutant(TOLD)
def _forgets_what_a_queue_did_not_take(run: Run, stack: ExitStack) -> None:
    dispatch = run.site.dispatch_all

    def forgetful(*arguments: Any) -> list[object]:  # noqa: ANN401 - as the dispatcher's
        dispatch(*arguments)
        return []

    _instead(stack, run.site, "dispatch_all", forgetful)


@_mutant("audit_events_are_never_changed", AUDITED)
def _writes_audit_events_over(run: Run, stack: ExitStack) -> None:
    log = run.site.log
    _instead(stack, log, "_append", lambda event: log.events.update({event.event_id: event}))


@_mutant("audit_events_are_never_changed", AUDITED)
def _names_audit_events_by_the_second(run: Run, stack: ExitStack) -> None:
    def by_second(log: FakeAuditLog) -> Callable[[Any], None]:
        return lambda event: log.events.update({f"{event.payment_id}#{event.entry.at:%H%M%S}": event})

    _instead(stack, run.site.log, "_append", by_second(run.site.log))


@_mutant(AUDITED)
def _breaks_the_chain(_: Run, stack: ExitStack) -> None:
    whole = history.next_entry

    def untied(payment_id: str, entries: Any, **said: Any) -> Any:  # noqa: ANN401 - entries of a history
        entry = replace(whole(payment_id, entries, **said), previous_hash="")
        return replace(entry, hash=history.entry_hash(payment_id, entry))

    _instead(stack, payment_module, "next_entry", untied)


@_mutant(GHOSTS)
def _ignores_key_records(run: Run, stack: ExitStack) -> None:
    _instead(stack, run.site.store, "_check_key", lambda *_: None)


@_mutant(GHOSTS)
def _draws_ids_instead_of_deriving_them(run: Run, stack: ExitStack) -> None:
    _instead(stack, accept, "payment_id_from_key", lambda _: run.site.tokens())


@_mutant(APPROVED)
def _ignores_approvals(_: Run, stack: ExitStack) -> None:
    _instead(stack, Payment, "awaits_approval", property(lambda _: False))


@_mutant(CHARGED)
def _ignores_how_long_the_gateway_keeps_keys(_: Run, stack: ExitStack) -> None:
    _instead(stack, process, "key_may_be_forgotten", lambda *_, **__: False)


@_mutant(CHARGED)
def _takes_an_unknown_outcome_for_a_failure(_: Run, stack: ExitStack) -> None:
    charge = process._charge

    def guessed(*arguments: Any, **more: Any) -> Any:  # noqa: ANN401 - a verdict
        try:
            return charge(*arguments, **more)
        except GatewayAmbiguous:
            return refused("unknown")

    _instead(stack, process, "_charge", guessed)


@_mutant(CHARGED)
def _takes_an_unknown_outcome_for_a_success(run: Run, stack: ExitStack) -> None:
    charge = process._charge

    def guessed(ours: Payment, claim: Any, *, gateway: Any) -> Any:  # noqa: ANN401 - a verdict
        try:
            return charge(ours, claim, gateway=gateway)
        except GatewayAmbiguous:
            return replace(refused("none"), to=Status.SUCCEEDED, failure_code=None)

    _instead(stack, process, "_charge", guessed)
    run.site.trace.add(None, "guesses", "success")


@_mutant(CHARGED)
def _believes_a_refusal_after_an_unknown_outcome(_: Run, stack: ExitStack) -> None:
    # The gateway refuses what it has charged already, and nobody looks whether it has.
    charge = process._charge

    def as_if_it_were_the_first(ours: Payment, claim: Any, *, gateway: Any) -> Any:  # noqa: ANN401 - a verdict
        return charge(ours, replace(claim, attempt=1), gateway=gateway)

    _instead(stack, process, "_charge", as_if_it_were_the_first)


@_mutant(FOLLOW, BACKWARDS)
def _the_reconciler_settles_without_naming_the_version(run: Run, stack: ExitStack) -> None:
    site, compare = run.site, run.site.compare
    store = site.store

    class Blind:
        get = staticmethod(store.get)

        def advance(self, payment: Payment) -> None:
            site.mishaps.around("advance", lambda: store._put(store.payments.get(payment.payment_id), payment))

    _instead(stack, site, "compare", lambda event, ports: compare(event, replace(ports, store=Blind())))


@_mutant(TOLD_IF_WRONG, SETTLED)
def _the_reconciler_never_runs(run: Run, stack: ExitStack) -> None:
    _instead(stack, run.site, "compare", lambda *_: [])


@_mutant(TOLD_IF_WRONG)
def _charges_twice_and_the_reconciler_keeps_it_to_itself(run: Run, stack: ExitStack) -> None:
    _charges_under_a_new_key_each_time(run, stack)
    _instead(stack, reconciler, "_report", lambda _: None)


@_mutant(WRONG_IF_TOLD)
def _the_reconciler_takes_what_another_day_has_for_missing(run: Run, stack: ExitStack) -> None:
    _instead(stack, run.site.ledger, "known", lambda _: [])


@_mutant(AMOUNTS)
def _reckons_in_floats(run: Run, stack: ExitStack) -> None:
    create = run.site.store._create

    def floated(payment: Payment, key_record: Any) -> Payment:  # noqa: ANN401 - a key record
        return create(replace(payment, amount=Decimal(str(float(payment.amount)))), key_record)

    _instead(stack, run.site.store, "_create", floated)


@_mutant(ENDS)
def _counts_no_reviews(run: Run, stack: ExitStack) -> None:
    _instead(stack, run.site.measure, "count", lambda *_: None)


@_mutant(TOLD)
def _draws_webhook_ids(run: Run, stack: ExitStack) -> None:
    _instead(stack, Payment, "event_id", property(lambda _: run.site.tokens()))


@_mutant("webhooks_are_signed")
def _signs_with_another_secret(run: Run, stack: ExitStack) -> None:
    other = "whsec_" + "b2theQ==" * 3
    webhook = run.site.told._notifiers[1]  # type: ignore[attr-defined]
    _instead(stack, webhook, "_secrets", lambda: other)


@_mutant(BATCHES)
def _pushes_the_counts_of_a_batch(run: Run, stack: ExitStack) -> None:
    counts: dict[str, Counter[Status]] = {}
    dispatch = run.site.dispatch_all

    def counting(changes: Any, ports: Any) -> Any:  # noqa: ANN401 - as the dispatcher's
        for change in changes:
            if change.new.batch_id and not change.new.is_open:
                counts.setdefault(change.new.batch_id, Counter())[change.new.status] += 1
        return dispatch(changes, ports)

    _instead(stack, run.site, "dispatch_all", counting)
    _instead(stack, run.site.batches.settled, "counts_of", lambda batch_id: dict(counts.get(batch_id, {})))


@_mutant(BATCHES, GHOSTS)
def _names_rows_anew_at_every_reading(run: Run, stack: ExitStack) -> None:
    _instead(stack, ingest, "payment_id_of_row", lambda **_: run.site.tokens())


@_mutant(BATCHES)
def _takes_a_row_of_its_own_for_a_repeat(run: Run, stack: ExitStack) -> None:
    rejection = ingest._not_entered

    def strict(payment: Payment, stored: Payment | None) -> object:
        return rejection(replace(payment, batch_line=0), stored) if stored is not payment else None

    _instead(stack, ingest, "_not_entered", strict)
    run.site.trace.add(None, "rejects", "what it entered before")


@_mutant("acknowledged_is_kept")
def _answers_before_it_writes(run: Run, stack: ExitStack) -> None:
    # The answer is out: what the write then meets, nobody hears of.
    create = run.site.store.create

    def acknowledged(payment: Payment, *, key_record: Any = None) -> Payment:  # noqa: ANN401 - a key record
        try:
            return create(payment, key_record=key_record)
        except (ProcessDied, Throttled):
            return payment

    _instead(stack, run.site.store, "create", acknowledged)


@_mutant("is_answered_alike")
def _answers_a_replay_with_what_became_of_it(_: Run, stack: ExitStack) -> None:
    _instead(stack, accept, "as_accepted", lambda stored: stored)


@_mutant("is_told_of_as_it_is")
def _tells_of_an_end_what_was_read_before_it(run: Run, stack: ExitStack) -> None:
    # The wake-up says how the payment ended; all else comes from a read that lags behind by one change.
    def lagging(payment: Payment) -> object:
        before = next((old for old, new in run.site.store.changes if new == payment and old), payment)
        return notification_of(replace(before, status=payment.status, version=payment.version))

    _instead(stack, notify, "notification_of", lagging)


@_mutant("comes_to_rest")
def _never_gives_up(_: Run, stack: ExitStack) -> None:
    def uncounted(payment: Payment, **times: Any) -> Any:  # noqa: ANN401 - a claim
        claim = claims.next_claim(payment, **times)
        return replace(claim, attempt=min(claim.attempt, process.MAX_ATTEMPTS))

    _instead(stack, process, "next_claim", uncounted)
