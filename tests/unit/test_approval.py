from __future__ import annotations

import re
from datetime import timedelta
from decimal import Decimal

import pytest

from payments.domain.approval import (
    TOKEN_PATTERN,
    Approval,
    ApprovalPolicy,
    ApprovalState,
    approval_token,
    payment_id_in,
    read_approval_limits,
)
from tests.fakes import START

POLICY = ApprovalPolicy(limits={"USD": Decimal(100), "JPY": Decimal(5000)}, timeout=timedelta(hours=1))
REQUIRED = Approval(state=ApprovalState.REQUIRED, expires_at=START)
TASK, ANOTHER_TASK = "AAAAKgAAAAIAAAAA+/=", "another"


def asked(task: str = TASK) -> Approval:
    return REQUIRED.asked(task_token=task, expires_at=START)


@pytest.mark.parametrize(
    ("amount", "currency", "needed"),
    [
        ("100.00", "USD", False),
        ("100.01", "USD", True),
        ("5000", "JPY", False),
        ("5001", "JPY", True),
        ("0.01", "EUR", True),
    ],
)
def test_what_is_above_its_currencys_limit_or_has_none_needs_an_approval(
    amount: str, currency: str, *, needed: bool
) -> None:
    approval = POLICY.approval_for(Decimal(amount), currency, now=START)
    assert (approval is not None) == needed
    if approval:
        assert approval == Approval(state=ApprovalState.REQUIRED, expires_at=START + timedelta(hours=1))


@pytest.mark.parametrize(
    ("text", "limits"),
    [
        ("", {}),
        (" , ", {}),
        ("USD=10000,EUR=7500.50", {"USD": Decimal(10000), "EUR": Decimal("7500.50")}),
        (" USD = 10000 , JPY=1 ,", {"USD": Decimal(10000), "JPY": Decimal(1)}),
    ],
)
def test_limits_are_listed_by_currency(text: str, limits: dict[str, Decimal]) -> None:
    assert read_approval_limits(text) == limits


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("USD", "must list limits"),
        ("USD:10", "must list limits"),
        ("usd=10", "must list limits"),
        ("XXY=10", "must list limits"),
        ("USD=-10", "must list limits"),
        ("USD=10 000", "must list limits"),
        ("USD=0", "greater than zero"),
        ("USD=1.0.0", "must be a decimal"),
        ("USD=1,USD=2", "must name USD once"),
    ],
)
def test_limits_nobody_can_read_are_refused_with_what_is_wrong(text: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        read_approval_limits(text)


def test_a_token_names_its_payment_and_opens_its_approval_and_no_other() -> None:
    token = approval_token("order-1", TASK)
    assert re.fullmatch(TOKEN_PATTERN, token)
    assert payment_id_in(token) == "order-1"
    assert asked().is_opened_by(token)
    assert not asked(ANOTHER_TASK).is_opened_by(token)
    assert not REQUIRED.is_opened_by(token)


def test_a_token_tells_nothing_of_the_task_token_and_neither_does_what_is_compared() -> None:
    """Defect: Open doors."""
    token = approval_token("order-1", TASK)
    assert TASK not in token
    assert asked().token_hash not in {None, token, token.partition(".")[2]}


@pytest.mark.parametrize("text", ["", ".", "order-1", "order-1.", "order-1.guess", f"a/b.{'0' * 64}", f".{'0' * 64}"])
def test_what_is_no_token_names_no_payment(text: str) -> None:
    assert payment_id_in(text) is None


def test_asking_for_another_wait_makes_the_older_token_worthless() -> None:
    again = asked().asked(task_token=ANOTHER_TASK, expires_at=START)
    assert not again.is_opened_by(approval_token("order-1", TASK))
    assert again.is_opened_by(approval_token("order-1", ANOTHER_TASK))


def test_only_what_nobody_has_decided_is_pending() -> None:
    decided = [asked().decided(granted=granted, by="ada") for granted in (True, False)]
    assert [approval.is_pending for approval in (REQUIRED, asked(), *decided)] == [True, True, False, False]
    assert [approval.state for approval in decided] == [ApprovalState.GRANTED, ApprovalState.REFUSED]
    assert {approval.as_required() for approval in decided} == {REQUIRED}
