"""The gateway's ledger of a day against the payments: what is settled, what is reported, and what is left alone."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import timedelta
from decimal import Decimal
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest

from payments.domain.errors import GatewayAmbiguous
from payments.domain.history import is_sound
from payments.domain.payment import Move, Payment, Status, moved
from payments.domain.reconciliation import Discrepancy, Finding
from payments.use_cases import Reconciled, reconcile_day
from payments.use_cases.reconcile import DISCREPANCIES_METRIC
from tests.fakes import FakeClock, FakeGateway, FakeMeasurements, FakeStore, FakeTokens, Faults, ProcessDied
from tests.samples import ANOTHER, MINUTE, START, accepted, as_requested, awaiting_approval, claimed, settled
from tests.unit.ledgers import Books, approved, declined

if TYPE_CHECKING:
    from collections.abc import Callable

    from payments.ports import Charge, GatewayLedger

DAY = START.date()
NEXT_MORNING = START + timedelta(days=1)


@dataclass
class Office:
    """Books, payments, and who compares them the next morning."""

    books: Books = field(default_factory=Books)
    faults: Faults = field(default_factory=Faults)
    clock: FakeClock = field(default_factory=lambda: FakeClock(NEXT_MORNING))
    measure: FakeMeasurements = field(default_factory=FakeMeasurements)
    tokens: FakeTokens = field(default_factory=FakeTokens)
    found: list[Finding] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.store = FakeStore(self.faults)

    def keep(self, *payments: Payment) -> None:
        self.store.payments |= {payment.payment_id: payment for payment in payments}

    def reconcile(self, *, ledger: GatewayLedger | None = None) -> Reconciled:
        self.found.clear()
        return reconcile_day(
            DAY,
            ledger=ledger or self.books,
            payments=self.store,
            store=self.store,
            clock=self.clock,
            tokens=self.tokens,
            measure=self.measure,
            report=self.found.append,
        )

    def reported(self) -> list[tuple[str, Discrepancy]]:
        return [(finding.payment_id, finding.discrepancy) for finding in self.found]


@pytest.fixture
def office() -> Office:
    return Office()


def abandoned(payment_id: str = "pay-1") -> Payment:
    return claimed(as_requested(accepted(payment_id)))


def in_review(payment_id: str = "pay-1") -> Payment:
    return settled(abandoned(payment_id), Status.NEEDS_REVIEW, gateway_reference=None)


def ended(to: Status, payment_id: str = "pay-1") -> Payment:
    return settled(abandoned(payment_id), to, gateway_reference="ch-1")


AGREEING = {
    "succeeded by that charge": (ended(Status.SUCCEEDED), [approved()]),
    "succeeded after a decline": (ended(Status.SUCCEEDED), [declined("ch-0"), approved()]),
    "declined": (ended(Status.DECLINED), [declined()]),
    "failed without having paid": (ended(Status.FAILED), [declined()]),
    "listed twice": (ended(Status.SUCCEEDED), [approved(), approved()]),
    "of an amount written otherwise": (ended(Status.SUCCEEDED), [approved(amount="12.5")]),
}


@pytest.mark.parametrize(("payment", "charges"), AGREEING.values(), ids=AGREEING)
def test_where_both_say_the_same_nothing_is_written_reported_or_asked(
    office: Office, payment: Payment, charges: list[Charge]
) -> None:
    office.keep(payment)
    office.books.enter("pay-1", *charges)
    assert office.reconcile() == Reconciled(charges=len(charges), payments=1, settled=0, too_early=0, discrepancies=0)
    assert (office.store.writes, office.found, office.books.asked_for) == (0, [], Counter())


CERTAIN: dict[str, tuple[Payment, list[Charge], Status]] = {
    "approved, and open past its pauses": (abandoned(), [approved("ch-7")], Status.SUCCEEDED),
    "approved, and in review": (in_review(), [approved("ch-7")], Status.SUCCEEDED),
    "declined, and open past its pauses": (abandoned(), [declined("ch-7")], Status.DECLINED),
    "declined, and in review": (in_review(), [declined("ch-7")], Status.DECLINED),
    "approved after a decline": (in_review(), [declined("ch-6"), approved("ch-7")], Status.SUCCEEDED),
}


@pytest.mark.parametrize(("payment", "charges", "end"), CERTAIN.values(), ids=CERTAIN)
def test_what_is_certain_is_settled_by_a_recorded_transition(
    office: Office, payment: Payment, charges: list[Charge], end: Status
) -> None:
    office.keep(payment)
    office.books.enter("pay-1", *charges)
    assert office.reconcile().settled == 1
    after = office.store.get("pay-1")
    assert (after.status, after.version, after.gateway_reference) == (end, payment.version + 1, "ch-7")
    assert (after.history[-1].actor, after.due_at) == ("reconciler", None)
    assert "ledger" in after.history[-1].reason
    assert is_sound("pay-1", after.history)
    assert after.failure_code == ("insufficient_funds" if end is Status.DECLINED else None)
    assert office.found == []


@pytest.mark.parametrize(("payment", "charges", "end"), CERTAIN.values(), ids=CERTAIN)
def test_a_second_run_changes_nothing_more(
    office: Office, payment: Payment, charges: list[Charge], end: Status
) -> None:
    office.keep(payment)
    office.books.enter("pay-1", *charges)
    office.reconcile()
    office.clock.move(timedelta(days=1))
    assert office.reconcile().settled == 0
    assert (office.store.writes, office.store.get("pay-1").status, office.found) == (1, end, [])


def test_a_decline_of_that_day_is_not_taken_for_the_end_where_another_day_has_an_approval(office: Office) -> None:
    office.keep(in_review())
    office.books.enter("pay-1", declined("ch-1"))
    office.books.enter("pay-1", approved("ch-2"), at=START + timedelta(days=1))
    office.reconcile()
    assert office.store.get("pay-1").status is Status.SUCCEEDED


@pytest.mark.parametrize("payment", [abandoned(), in_review()])
def test_an_approval_of_another_amount_on_another_day_keeps_a_decline_from_being_the_end(
    office: Office, payment: Payment
) -> None:
    office.keep(payment)
    office.books.enter("pay-1", declined("ch-1"))
    office.books.enter("pay-1", approved("ch-2", amount="99.00"), at=START + timedelta(days=1))
    office.reconcile()
    assert office.reported() == [("pay-1", Discrepancy.ANOTHER_AMOUNT)]
    assert office.store.writes == 0


ON_THEIR_WAY: dict[str, Payment] = {
    "just accepted": replace(accepted(), due_at=NEXT_MORNING + MINUTE),
    "claimed by a worker": claimed(accepted(at=NEXT_MORNING - MINUTE, created_at=START)),
    "sent to review under a claim that still runs": settled(
        claimed(accepted(at=NEXT_MORNING - MINUTE, created_at=START)), Status.NEEDS_REVIEW, at=NEXT_MORNING
    ),
    "in the pause after an attempt": replace(abandoned(), due_at=NEXT_MORNING + MINUTE),
}


@pytest.mark.parametrize("payment", ON_THEIR_WAY.values(), ids=ON_THEIR_WAY)
def test_a_payment_on_its_way_is_left_to_those_who_are_at_it(office: Office, payment: Payment) -> None:
    office.keep(payment)
    office.books.enter("pay-1", approved())
    assert office.reconcile().too_early == 1
    assert (office.store.writes, office.found) == (0, [])


DISCREPANT: dict[str, tuple[Payment | None, list[Charge], list[Discrepancy]]] = {
    "of nobody": (None, [approved()], [Discrepancy.CHARGE_WITHOUT_PAYMENT]),
    "declined, of nobody": (None, [declined()], [Discrepancy.CHARGE_WITHOUT_PAYMENT]),
    "of another amount": (ended(Status.SUCCEEDED), [approved(amount="12.51")], [Discrepancy.ANOTHER_AMOUNT]),
    "of another currency": (ended(Status.SUCCEEDED), [approved(currency="USD")], [Discrepancy.ANOTHER_AMOUNT]),
    "of another currency, and open": (abandoned(), [approved(currency="USD")], [Discrepancy.ANOTHER_AMOUNT]),
    "of another amount, in review": (in_review(), [approved(amount="125.00")], [Discrepancy.ANOTHER_AMOUNT]),
    "a second one": (ended(Status.SUCCEEDED), [approved(), approved("ch-2")], [Discrepancy.SECOND_CHARGE]),
    "two of an open payment": (abandoned(), [approved(), approved("ch-2")], [Discrepancy.SECOND_CHARGE] * 2),
    "two of one in review": (in_review(), [approved(), approved("ch-2")], [Discrepancy.SECOND_CHARGE] * 2),
    "approved, and declined here": (ended(Status.DECLINED), [approved()], [Discrepancy.CHARGED_DESPITE_END]),
    "approved, and failed here": (ended(Status.FAILED), [approved()], [Discrepancy.CHARGED_DESPITE_END]),
    "never asked for": (accepted(), [approved()], [Discrepancy.CHARGED_UNCLAIMED]),
    "without the approval it waits for": (awaiting_approval(), [approved()], [Discrepancy.CHARGED_UNCLAIMED]),
    "none at all": (ended(Status.SUCCEEDED), [], [Discrepancy.PAYMENT_WITHOUT_CHARGE]),
    "declined, and succeeded here": (ended(Status.SUCCEEDED), [declined()], [Discrepancy.PAYMENT_WITHOUT_CHARGE]),
    "another than it succeeded by": (
        ended(Status.SUCCEEDED),
        [approved("ch-9")],
        [Discrepancy.SECOND_CHARGE, Discrepancy.PAYMENT_WITHOUT_CHARGE],
    ),
}


@pytest.mark.parametrize(("payment", "charges", "expected"), DISCREPANT.values(), ids=DISCREPANT)
def test_what_nobody_may_guess_is_counted_and_reported_and_never_written(
    office: Office, payment: Payment | None, charges: list[Charge], expected: list[Discrepancy]
) -> None:
    if payment:
        office.keep(payment)
    office.books.enter("pay-1", *charges)
    assert office.reconcile().discrepancies == len(expected)
    assert office.reported() == [("pay-1", discrepancy) for discrepancy in expected]
    assert office.measure.counts[DISCREPANCIES_METRIC] == len(expected)
    assert office.store.writes == 0


def test_every_kind_of_discrepancy_is_met_here() -> None:
    met = {discrepancy for _, _, expected in DISCREPANT.values() for discrepancy in expected}
    assert met | {Discrepancy.LEDGER_CONTRADICTED, Discrepancy.ALTERED} == set(Discrepancy)


ALTERATIONS: dict[str, Callable[[Payment], Payment]] = {
    "its amount, to that of the charge": lambda payment: replace(payment, amount=Decimal("99.00")),
    "whose it is": lambda payment: replace(payment, customer_id="cust-2"),
    "its hash": lambda payment: replace(payment, request_hash="hash-1"),
    "what its history says": lambda payment: replace(
        payment, history=(*payment.history[:-1], replace(payment.history[-1], actor="somebody"))
    ),
    "its history, cut": lambda payment: replace(payment, history=payment.history[:1]),
    "its status, so that nobody seems to have claimed it": lambda payment: replace(payment, status=Status.ACCEPTED),
    "all but its claim": lambda payment: replace(as_requested(accepted()), claim=payment.claim),
}


@pytest.mark.parametrize("charge", [approved, declined])
@pytest.mark.parametrize("payment", [abandoned(), in_review()])
@pytest.mark.parametrize("alter", ALTERATIONS.values(), ids=ALTERATIONS)
def test_what_was_altered_is_reported_and_never_settled_whatever_its_charge_says(
    office: Office, payment: Payment, alter: Callable[[Payment], Payment], charge: Callable[..., Charge]
) -> None:
    """Defect: Blind and double writes."""
    altered = alter(payment)
    office.keep(altered)
    office.books.enter("pay-1", charge(amount=str(altered.amount)))
    assert office.reconcile().discrepancies == 1
    assert office.reported() == [("pay-1", Discrepancy.ALTERED)]
    assert (office.store.writes, office.measure.counts[DISCREPANCIES_METRIC]) == (0, 1)


def test_a_finding_tells_of_both_sides(office: Office) -> None:
    office.keep(ended(Status.FAILED))
    office.books.enter("pay-1", approved())
    office.reconcile()
    (finding,) = office.found
    assert (finding.payment, finding.charge) == (ended(Status.FAILED), approved())


@pytest.mark.parametrize("payment", [abandoned(), in_review()])
@pytest.mark.parametrize("known", [[], [approved("ch-2")], [declined("ch-1")]])
def test_a_gateway_that_lists_what_it_does_not_know_settles_nothing(
    office: Office, payment: Payment, known: list[Charge]
) -> None:
    office.keep(payment)
    office.books.pretend("pay-1", approved("ch-1"))
    office.books.known["pay-1"] = known
    office.reconcile()
    assert office.reported() == [("pay-1", Discrepancy.LEDGER_CONTRADICTED)]
    assert office.store.writes == 0


@pytest.mark.parametrize("reference", ["", "x" * 300, "=1+1", "\ud800", "pay 1", "päy"])
def test_a_reference_no_payment_can_have_is_reported_and_never_looked_up(office: Office, reference: str) -> None:
    office.books.enter(reference, approved())
    office.reconcile()
    assert office.reported() == [(reference, Discrepancy.CHARGE_WITHOUT_PAYMENT)]


def test_a_charge_of_another_day_is_found_by_asking(office: Office) -> None:
    office.keep(ended(Status.SUCCEEDED))
    office.books.enter("pay-1", approved(), at=START + timedelta(days=1))
    office.reconcile()
    assert office.found == []
    assert office.books.asked_for == {"pay-1": 1}


def test_a_charge_of_that_day_whose_payment_is_older_is_compared_too(office: Office) -> None:
    office.keep(replace(abandoned(), created_at=START - timedelta(days=3)))
    office.books.enter("pay-1", approved())
    assert office.reconcile().payments == 0
    assert office.store.get("pay-1").status is Status.SUCCEEDED


def test_what_was_read_a_moment_ago_is_read_again_before_anybody_is_told(office: Office) -> None:
    """The payment succeeded between the two reads."""

    class Late(FakeStore):
        def get_all(self, *_: object) -> dict[str, Payment]:
            return {}

    office.store = Late()
    office.keep(ended(Status.SUCCEEDED))
    office.books.enter("pay-1", approved())
    office.reconcile()
    assert office.found == []


INTRUSIONS: dict[str, Callable[[Payment], Payment]] = {
    "claimed by a worker": claimed,
    "settled by a worker": lambda payment: settled(payment, Status.SUCCEEDED, gateway_reference="ch-1"),
    "sent to review": lambda payment: settled(payment, Status.NEEDS_REVIEW),
}


@pytest.mark.parametrize("intrusion", INTRUSIONS.values(), ids=INTRUSIONS)
def test_whoever_moves_the_payment_meanwhile_is_right(office: Office, intrusion: Callable[[Payment], Payment]) -> None:
    office.keep(abandoned())
    office.books.enter("pay-1", approved())
    moved_on = intrusion(abandoned())
    office.store.before_next_write = lambda: office.store.advance(moved_on)
    reconciled = office.reconcile()
    assert (reconciled.settled, reconciled.too_early, office.found) == (0, 1, [])
    assert office.store.get("pay-1") == moved_on


def test_a_write_whose_answer_was_lost_is_the_same_write(office: Office) -> None:
    """Defect: Blind and double writes."""
    office.keep(abandoned())
    office.books.enter("pay-1", approved())
    office.store.lose_next_answer()
    assert office.reconcile().settled == 1
    assert office.store.get("pay-1").version == abandoned().version + 1


def test_a_gateway_that_breaks_off_raises_and_what_was_done_before_stands(office: Office) -> None:
    """Defect: Dead alarms."""
    for number in range(250):
        office.keep(abandoned(f"pay-{number}"))
        office.books.enter(f"pay-{number}", approved(f"ch-{number}"))
    office.books.lists_only = 220
    with pytest.raises(GatewayAmbiguous):
        office.reconcile()
    before = office.store.writes
    assert 0 < before < 250
    office.books.lists_only = None
    assert office.reconcile().settled == 250 - before
    assert all(payment.status is Status.SUCCEEDED for payment in office.store.payments.values())


def mixed(office: Office) -> None:
    office.keep(abandoned("pay-0"), in_review("pay-1"), ended(Status.FAILED, "pay-2"), ended(Status.SUCCEEDED, "pay-3"))
    office.books.enter("pay-0", approved("ch-0"))
    office.books.enter("pay-1", declined("ch-1"))
    office.books.enter("pay-2", approved("ch-2"))


def test_wherever_a_run_dies_the_next_one_leaves_what_one_run_alone_would_have_left() -> None:
    """Defect: Blind and double writes."""
    alone = Office()
    mixed(alone)
    alone.reconcile()
    steps = len(alone.faults.seen)
    assert steps == 4
    for fatal in range(steps):
        office = Office()
        mixed(office)
        office.faults.kill_at(fatal)
        with pytest.raises(ProcessDied):
            office.reconcile()
        office.reconcile()
        assert _ends(office) == _ends(alone)
        assert office.reported() == alone.reported()
        assert all(is_sound(one.payment_id, one.history) for one in office.store.payments.values())


def _ends(office: Office) -> dict[str, tuple[Any, ...]]:
    return {
        payment.payment_id: (payment.status, payment.version, payment.gateway_reference)
        for payment in office.store.payments.values()
    }


def test_what_is_met_again_is_told_again(office: Office) -> None:
    mixed(office)
    office.reconcile()
    first = office.reported()
    office.reconcile()
    assert first == office.reported()
    assert office.measure.counts[DISCREPANCIES_METRIC] == 2 * len(first)


def test_a_day_of_many_pages_is_compared_whole_and_asks_for_none_that_was_listed(office: Office) -> None:
    for number in range(1005):
        office.keep(settled(abandoned(f"pay-{number}"), gateway_reference=f"ch-{number}"))
        office.books.enter(f"pay-{number}", approved(f"ch-{number}"))
    assert office.reconcile() == Reconciled(charges=1005, payments=1005, settled=0, too_early=0, discrepancies=0)
    assert not office.books.asked_for


def test_a_payment_that_lost_its_answers_and_its_worker_is_settled_by_the_gateways_own_ledger(office: Office) -> None:
    """The gateway of the use cases' tests keeps the books: charged once, its answer never came, and nobody went on."""
    gateway = FakeGateway(FakeClock(START))
    payment = abandoned()
    office.keep(payment)
    gateway.charge(idempotency_key="pay-1", reference="pay-1", amount=payment.amount, currency=payment.currency)
    office.reconcile(ledger=gateway)
    after = office.store.get("pay-1")
    assert (after.status, after.gateway_reference) == (Status.SUCCEEDED, "ch_pay-1")
    assert gateway.taken == ["pay-1"]


def test_an_operators_settlement_is_held_to_the_ledger_like_any(office: Office) -> None:
    by_hand = Move(
        to=Status.SUCCEEDED,
        at=START,
        actor="operator:ada",
        reason="seen",
        owner_token=ANOTHER,
        gateway_reference="ch-x",
    )
    office.keep(moved(in_review(), by_hand))
    office.books.enter("pay-1", approved("ch-1"))
    office.reconcile()
    assert [discrepancy for _, discrepancy in office.reported()] == [
        Discrepancy.SECOND_CHARGE,
        Discrepancy.PAYMENT_WITHOUT_CHARGE,
    ]


def test_days_meet_at_midnight_and_no_charge_is_in_two_or_in_none(office: Office) -> None:
    midnight = START.replace(hour=0, minute=0, second=0, microsecond=0)
    moments = [midnight + offset for offset in (-MINUTE / 60_000, MINUTE * 0, timedelta(days=1) - MINUTE / 60_000)]
    assert all(earlier < later for earlier, later in pairwise(moments))
    for number, moment in enumerate(moments):
        office.books.enter(f"nobody-{number}", approved(), at=moment)
    office.books.enter("nobody-3", approved(), at=midnight + timedelta(days=1))
    office.reconcile()
    assert [payment_id for payment_id, _ in office.reported()] == ["nobody-1", "nobody-2"]
