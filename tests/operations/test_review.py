from __future__ import annotations

import json

import pytest

from operations import review
from payments.adapters.dynamodb.payments_table import PaymentsTable
from payments.domain.payment import Payment, Status
from payments.runtime import system
from tests.operations.conftest import MockEnvironment, run
from tests.samples import accepted, claimed, settled

WHO_AND_WHY = ("--actor", "ada", "--reason", "looked it up")


@pytest.fixture
def in_review(environment: MockEnvironment) -> MockEnvironment:
    """An environment with the payment pay-1, which needs review."""
    environment.make_tables()
    unsettled = settled(claimed(accepted("pay-1")), Status.NEEDS_REVIEW, gateway_reference=None)
    environment.store(unsettled)
    return environment


def stored(environment: MockEnvironment) -> Payment:
    return PaymentsTable(environment.client("dynamodb"), environment.name("payments")).get("pay-1")


def test_a_payment_is_settled_by_who_and_why(in_review: MockEnvironment) -> None:
    words = ("--to", "succeeded", "--gateway-reference", "ch_9", *WHO_AND_WHY, "--yes", "--json")
    done = run(review.main, "settle", "pay-1", *words)
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["status"] == "succeeded"
    payment = stored(in_review)
    assert (payment.status, payment.gateway_reference, payment.version) == (Status.SUCCEEDED, "ch_9", 4)
    assert (payment.history[-1].actor, payment.history[-1].reason) == ("operator:ada", "looked it up")


def test_nothing_happens_before_somebody_says_yes(in_review: MockEnvironment) -> None:
    words = ("settle", "pay-1", "--to", "failed", "--failure-code", "never_charged", *WHO_AND_WHY)
    refused = run(review.main, *words, answer="n\n")
    assert refused.exit_code == 1
    assert "needs_review" in refused.stdout
    assert stored(in_review).status is Status.NEEDS_REVIEW
    assert run(review.main, *words, answer="y\n").exit_code == 0
    assert (stored(in_review).status, stored(in_review).failure_code) == (Status.FAILED, "never_charged")


@pytest.mark.parametrize(
    ("words", "rule"),
    [
        (("--to", "succeeded"), "--gateway-reference goes with --to succeeded"),
        (("--to", "failed", "--gateway-reference", "ch_9"), "--gateway-reference goes with --to succeeded"),
        (("--to", "succeeded", "--gateway-reference", "ch_9", "--failure-code", "no"), "--failure-code goes with"),
        (("--to", "processing"), "Invalid value for '--to'"),
    ],
)
def test_words_that_contradict_each_other_are_refused(
    in_review: MockEnvironment, words: tuple[str, ...], rule: str
) -> None:
    said = run(review.main, "settle", "pay-1", *words, *WHO_AND_WHY, "--yes")
    assert said.exit_code == 2
    assert rule in said.stderr
    assert stored(in_review).status is Status.NEEDS_REVIEW


def test_nobody_is_asked_about_a_payment_that_needs_no_review(in_review: MockEnvironment) -> None:
    in_review.store(settled(claimed(accepted("pay-2"))))
    said = run(review.main, "settle", "pay-2", "--to", "failed", *WHO_AND_WHY, answer="y\n")
    assert said.exit_code == 2
    assert ": only a payment that needs review is settled by hand" in said.stderr
    assert "for good?" not in said.stderr


def test_who_settles_too_early_is_told_until_when_to_wait(in_review: MockEnvironment) -> None:
    just_now = settled(claimed(accepted("pay-2", at=system.now())), Status.NEEDS_REVIEW, gateway_reference=None)
    in_review.store(just_now)
    said = run(review.main, "settle", "pay-2", "--to", "failed", *WHO_AND_WHY, "--yes")
    assert said.exit_code == 2
    assert "may still be on its way until" in said.stderr


@pytest.mark.parametrize("left_out", ["--actor", "--reason"])
def test_who_and_why_must_be_said(in_review: MockEnvironment, left_out: str) -> None:
    at = WHO_AND_WHY.index(left_out)
    words = (*WHO_AND_WHY[:at], *WHO_AND_WHY[at + 2 :])
    assert run(review.main, "settle", "pay-1", "--to", "failed", *words, "--yes").exit_code == 2
    assert stored(in_review).status is Status.NEEDS_REVIEW


def test_a_card_number_is_kept_out_of_the_trail(in_review: MockEnvironment) -> None:
    words = ("--to", "failed", "--actor", "ada", "--reason", "card 4111 1111 1111 1111", "--yes")
    said = run(review.main, "settle", "pay-1", *words)
    assert said.exit_code == 2
    assert "/reason" in said.stderr
    assert stored(in_review).status is Status.NEEDS_REVIEW


def test_a_payment_that_needs_no_review_is_left_alone(in_review: MockEnvironment) -> None:
    in_review.store(accepted("pay-1"), recorded=False)
    said = run(review.main, "settle", "pay-1", "--to", "failed", *WHO_AND_WHY, "--yes")
    assert said.exit_code == 2
    assert "pay-1 is accepted and cannot become failed: only a payment that needs review" in said.stderr
    assert run(review.main, "settle", "nobody", "--to", "failed", *WHO_AND_WHY, "--yes").exit_code == 2


def test_of_two_people_that_settle_at_once_one_is_told(
    in_review: MockEnvironment, monkeypatch: pytest.MonkeyPatch
) -> None:
    get = PaymentsTable.get

    def overtaken(table: PaymentsTable, payment_id: str) -> Payment:
        found = get(table, payment_id)
        in_review.store(settled(found), recorded=False)
        return found

    monkeypatch.setattr(PaymentsTable, "get", overtaken)
    said = run(review.main, "settle", "pay-1", "--to", "failed", *WHO_AND_WHY, "--yes")
    assert said.exit_code == 2
    assert "somebody else was faster" in said.stderr
    monkeypatch.undo()
    assert stored(in_review).status is Status.SUCCEEDED
