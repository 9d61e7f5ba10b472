"""The settler, from a tick of the schedule to what is known of the batches' payments."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from functions.settler import handler as settler
from functions.settler.handler import Ports
from payments.domain.batch import BatchStatus
from payments.domain.payment import Status
from tests.batch_fakes import FakeBatchNotices, FakeBatchStore, FakeSettledPayments
from tests.batch_samples import COUNTS, completed, ingesting, registered
from tests.fakes import FakeClock, FakeMeasurements, FakeStore, FakeTokens
from tests.samples import START, accepted, claimed, settled
from tests.unit.handlers.events import sample

if TYPE_CHECKING:
    from collections.abc import Callable

    from aws_lambda_powertools.utilities.typing import LambdaContext

    from tests.unit.handlers.conftest import Line


@pytest.fixture
def batches() -> FakeBatchStore:
    store = FakeBatchStore()
    store.batches["batch-1"] = completed(ingesting(registered()), counts=replace(COUNTS, accepted=2, received=4))
    return store


@pytest.fixture
def payments() -> FakeStore:
    return FakeStore()


@pytest.fixture
def measure() -> FakeMeasurements:
    return FakeMeasurements()


@pytest.fixture
def notices() -> FakeBatchNotices:
    return FakeBatchNotices()


@pytest.fixture
def tick(
    batches: FakeBatchStore,
    payments: FakeStore,
    notices: FakeBatchNotices,
    measure: FakeMeasurements,
    context: LambdaContext,
    *,
    monkeypatch: pytest.MonkeyPatch,
) -> Callable[[], None]:
    ports = Ports(
        overdue=batches,
        store=batches,
        payments=FakeSettledPayments(payments),
        notices=notices,
        clock=FakeClock(START + timedelta(hours=3)),
        tokens=FakeTokens(),
        measure=measure,
        longest_run=timedelta(minutes=30),
    )
    monkeypatch.setattr(settler, "aws_ports", lambda: ports)
    return lambda: settler.handler(sample("schedule"), context)


def settle(payments: FakeStore, payment_id: str, to: Status) -> None:
    payment = accepted(payment_id, batch_id="batch-1", batch_line=2)
    payments.payments[payment_id] = settled(claimed(payment), to)


def test_a_batch_whose_payments_have_all_ended_is_settled_and_never_due_again(
    batches: FakeBatchStore, payments: FakeStore, tick: Callable[[], None], printed: Callable[[], list[Line]]
) -> None:
    settle(payments, "pay-1", Status.SUCCEEDED)
    settle(payments, "pay-2", Status.DECLINED)
    tick()
    batch = batches.batches["batch-1"]
    assert (batch.status, batch.due_at) == (BatchStatus.SETTLED, None)
    (line,) = printed()
    assert (line["message"], line["batches"], line["tick"]) == ("counted", 1, "2026-11-22T03:36:00Z")


def test_a_batch_with_an_open_payment_is_looked_at_again(
    batches: FakeBatchStore, payments: FakeStore, tick: Callable[[], None], measure: FakeMeasurements
) -> None:
    settle(payments, "pay-1", Status.SUCCEEDED)
    tick()
    batch = batches.batches["batch-1"]
    assert batch.status is BatchStatus.COMPLETED
    assert batch.settled[Status.SUCCEEDED] == 1
    assert batch.due_at
    assert batch.due_at > START + timedelta(hours=3)
    assert measure.counts["BatchesOverdue"] == 1


def test_a_batch_whose_workflow_is_lost_is_failed_and_the_back_office_told(
    batches: FakeBatchStore, notices: FakeBatchNotices, tick: Callable[[], None]
) -> None:
    batches.batches["lost"] = ingesting(registered("lost"))
    tick()
    lost = batches.batches["lost"]
    assert (lost.status, lost.reason) == (BatchStatus.FAILED, "the file was not read to its end in time")
    assert notices.told == [lost]


def test_the_connection_is_made_of_the_functions_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BATCHES_TABLE", "payments-batches-test")
    monkeypatch.setenv("PAYMENTS_TABLE", "payments-payments-test")
    monkeypatch.setenv("BACK_OFFICE_TOPIC_ARN", "arn:aws:sns:us-east-1:123456789012:payments-back-office-test")
    monkeypatch.setenv("LONGEST_RUN_SECONDS", "86400")
    assert settler.aws_ports.__wrapped__()
