from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal

import pytest

from operations.chain import Fault, FaultKind, Recorded, Unreadable, first_difference, first_fault
from payments.domain.history import HistoryEntry, entry_hash
from payments.domain.payment import Payment, Status
from tests.samples import MINUTE, accepted, as_requested, claimed, settled
from tests.simulation.result import result_of
from tests.simulation.run import PAYMENTS_PER_RUN, Run

PAYMENT = settled(claimed(as_requested(accepted())))
TRAIL = list(PAYMENT.history)
NOW = PAYMENT.updated_at + timedelta(days=1)


def sealed(entry: HistoryEntry) -> HistoryEntry:
    return replace(entry, hash=entry_hash("pay-1", entry))


Trail = list[HistoryEntry] | list[Recorded]


def fault_in(trail: Trail, payment_id: str = "pay-1", now: datetime = NOW) -> Fault | None:
    return first_fault(payment_id, trail, now=now, allowed_lag=5 * MINUTE)


def difference(trail: Trail, payment: Payment | None = PAYMENT) -> Fault | None:
    return first_difference("pay-1", trail, payment, now=NOW, allowed_lag=5 * MINUTE)


def named(fault: Fault | None) -> tuple[int, FaultKind] | None:
    return (fault.version, fault.kind) if fault else None


def test_a_trail_as_it_was_recorded_is_whole() -> None:
    assert fault_in(TRAIL) is None
    assert difference(TRAIL) is None


@pytest.mark.parametrize(
    "change",
    [
        {"status": "failed"},
        {"actor": "somebody"},
        {"reason": "another"},
        {"at": PAYMENT.created_at},
        {"hash": "0" * 64},
    ],
    ids=str,
)
def test_an_event_that_says_something_else_is_the_first_altered(change: dict[str, object]) -> None:
    changed = replace(TRAIL[1], **change)  # type: ignore[arg-type] # each is an attribute of an entry
    assert named(fault_in([TRAIL[0], changed, TRAIL[2]])) == (2, FaultKind.ALTERED)


def test_an_event_of_another_payment_is_altered() -> None:
    assert named(fault_in(TRAIL, "pay-2")) == (1, FaultKind.ALTERED)


@pytest.mark.parametrize(("gone", "version"), [(0, 1), (1, 2)])
def test_a_gap_is_a_missing_event(gone: int, version: int) -> None:
    left = [entry for at, entry in enumerate(TRAIL) if at != gone]
    assert named(fault_in(left)) == (version, FaultKind.MISSING)


def test_nothing_at_all_is_a_missing_first_event() -> None:
    assert named(fault_in([])) == (1, FaultKind.MISSING)


def test_a_version_before_the_first_is_extra() -> None:
    assert named(fault_in([sealed(replace(TRAIL[0], version=0)), *TRAIL])) == (0, FaultKind.EXTRA)


def test_an_event_sealed_anew_breaks_the_chain_behind_it() -> None:
    rewritten = sealed(replace(TRAIL[1], actor="somebody"))
    fault = fault_in([TRAIL[0], rewritten, TRAIL[2]])
    assert fault
    assert (fault.version, fault.kind) == (3, FaultKind.ALTERED)
    assert "does not continue version 2" in fault.detail


def test_a_trail_sealed_anew_to_its_end_is_found_by_the_payments_own_history() -> None:
    rewritten = sealed(replace(TRAIL[1], actor="somebody"))
    forged = [TRAIL[0], rewritten, sealed(replace(TRAIL[2], previous_hash=rewritten.hash))]
    assert fault_in(forged) is None
    assert named(difference(forged)) == (2, FaultKind.ALTERED)


def test_an_event_cut_off_at_the_end_is_found_by_the_payments_own_history() -> None:
    assert fault_in(TRAIL[:2]) is None
    assert named(difference(TRAIL[:2])) == (3, FaultKind.MISSING)


def test_a_trail_may_be_a_little_behind_its_payment() -> None:
    just_now = PAYMENT.updated_at + MINUTE
    lag = {"now": just_now, "allowed_lag": 5 * MINUTE}
    assert first_difference("pay-1", TRAIL[:2], PAYMENT, **lag) is None  # type: ignore[arg-type] # each by its name
    assert first_difference("pay-1", [], as_requested(accepted(at=just_now)), **lag) is None  # type: ignore[arg-type] # likewise


def test_an_event_the_payment_knows_nothing_of_is_extra() -> None:
    assert named(difference(TRAIL, claimed(as_requested(accepted())))) == (3, FaultKind.EXTRA)
    assert named(difference(TRAIL, None)) == (1, FaultKind.EXTRA)


def test_a_payment_whose_own_history_was_altered_proves_nothing() -> None:
    forged = replace(PAYMENT, history=(*TRAIL[:2], replace(TRAIL[2], status=Status.FAILED)))
    assert named(difference(TRAIL, forged)) == (3, FaultKind.ALTERED)
    assert named(difference(TRAIL, replace(PAYMENT, version=4))) == (4, FaultKind.ALTERED)


def test_a_later_event_may_be_recorded_first() -> None:
    """The auditor records side by side, and tries again what failed."""
    just_now = PAYMENT.updated_at + MINUTE
    for left in ([TRAIL[0], TRAIL[2]], [TRAIL[1], TRAIL[2]], [TRAIL[2]]):
        assert fault_in(left, now=just_now) is None
        assert fault_in(left)
    forged = replace(TRAIL[2], actor="somebody")
    assert named(fault_in([TRAIL[0], forged], now=just_now)) == (3, FaultKind.ALTERED)


def test_an_event_that_says_it_is_of_the_future_hides_no_gap() -> None:
    ahead = sealed(replace(TRAIL[2], at=NOW + timedelta(days=365)))
    assert named(fault_in([TRAIL[0], ahead])) == (2, FaultKind.MISSING)


@pytest.mark.parametrize(
    ("change", "detail"),
    [
        ({"amount": Decimal("9999.99")}, "not those of the request that was accepted"),
        ({"currency": "USD"}, "not those of the request that was accepted"),
        ({"customer_id": "somebody"}, "not those of the request that was accepted"),
        ({"request_hash": "0" * 64}, "not those of the request that was accepted"),
        ({"amount": Decimal("0.001")}, "its amount is none in its currency"),
        ({"status": Status.FAILED}, "its status is not the one its history ends with"),
    ],
    ids=str,
)
def test_a_payment_that_does_not_say_what_was_accepted_is_altered(change: dict[str, object], detail: str) -> None:
    fault = difference(TRAIL, replace(PAYMENT, **change))  # type: ignore[arg-type] # each is an attribute of a payment
    assert fault
    assert named(fault) == (3, FaultKind.ALTERED)
    assert fault.detail.startswith("the payment itself was altered: ")
    assert detail in fault.detail


def test_payments_of_every_end_are_as_their_requests_and_histories_say() -> None:
    """Without it an honest payment could be taken for an altered one."""
    statuses = set()
    for seed in range(3):
        run = Run(seed, payments=PAYMENTS_PER_RUN)
        result_of(run)
        for payment in run.site.store.payments.values():
            statuses.add(payment.status)
            trail = list(payment.history)
            end = {"now": payment.updated_at + timedelta(days=1), "allowed_lag": MINUTE}
            assert first_difference(payment.payment_id, trail, payment, **end) is None  # type: ignore[arg-type] # each by its name
    assert statuses >= {Status.SUCCEEDED, Status.DECLINED, Status.FAILED, Status.NEEDS_REVIEW}


def test_an_event_nobody_can_read_is_altered() -> None:
    trail: list[Recorded] = [TRAIL[0], Unreadable(2, "it can't be read: KeyError('hash')"), TRAIL[2]]
    assert fault_in(trail) == Fault(
        payment_id="pay-1", version=2, kind=FaultKind.ALTERED, detail="it can't be read: KeyError('hash')"
    )
    assert named(difference(trail)) == (2, FaultKind.ALTERED)
