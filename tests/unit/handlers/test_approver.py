"""POST /approvals/{token}, from the event API Gateway sends to the answer it gets."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from functions.approver import handler as approver
from functions.approver.handler import Ports
from payments.domain.approval import approval_token
from payments.domain.payment import Status
from payments.runtime.variables import VariablesRefused
from tests.fakes import FakeClock, FakeStore, FakeTokens
from tests.samples import START, WAIT, awaiting_approval
from tests.unit.handlers.conftest import counted
from tests.unit.handlers.events import Event, body_of, sample

if TYPE_CHECKING:
    from collections.abc import Callable

    from aws_lambda_powertools.utilities.typing import LambdaContext

    from tests.unit.handlers.conftest import Line

TOKEN = approval_token("pay-1", WAIT)
SECRET = TOKEN.partition(".")[2]
GUESS = "pay-1.guess"
APPROVE = {"decision": "approve", "actor": "ada", "reason": "called the customer"}


@pytest.fixture
def store() -> FakeStore:
    store = FakeStore()
    store.payments["pay-1"] = awaiting_approval(task_token=WAIT)
    return store


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock(START)


@pytest.fixture
def decide(
    store: FakeStore, clock: FakeClock, context: LambdaContext, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Event]:
    ports = Ports(store=store, clock=clock, tokens=FakeTokens(), open_deadline=timedelta(minutes=10))
    monkeypatch.setattr(approver, "aws_ports", lambda: ports)

    def answer(body: Any = APPROVE, *, token: str = TOKEN, media_type: str = "application/json") -> Event:  # noqa: ANN401 - whatever JSON can hold
        event = sample("api_post_approvals")
        event["pathParameters"] = {"token": token}
        event["body"] = body if isinstance(body, str) else json.dumps(body)
        event["multiValueHeaders"]["Content-Type"] = [media_type]
        return approver.handler(event, context)

    return answer


def test_a_decision_is_answered_with_the_payment(store: FakeStore, decide: Callable[..., Event]) -> None:
    answer = decide()
    assert (answer["statusCode"], body_of(answer)["approval"]) == (200, "granted")
    payment = store.get("pay-1")
    assert (payment.history[-1].actor, payment.history[-1].reason) == ("approver:ada", "approved: called the customer")
    assert payment.due_at == START + timedelta(minutes=10)


def test_an_answer_shows_nothing_by_which_somebody_else_could_decide(decide: Callable[..., Event]) -> None:
    """Defect: Open doors."""
    for answer in (decide(), decide({**APPROVE, "decision": "refuse"}), decide(token=GUESS)):
        for hidden in (WAIT, SECRET, "task_token", "hash"):
            assert hidden not in answer["body"]


def test_a_refused_payment_is_at_its_end(store: FakeStore, decide: Callable[..., Event]) -> None:
    shown = body_of(decide({"decision": "refuse", "actor": "ada"}))
    assert (shown["status"], shown["failure_code"], shown["approval"]) == ("failed", "approval_refused", "refused")
    assert store.get("pay-1").status is Status.FAILED


def test_the_same_decision_again_is_answered_alike_and_another_with_409(decide: Callable[..., Event]) -> None:
    first, again = decide(), decide({**APPROVE, "actor": "bob"})
    assert (again["statusCode"], again["body"]) == (200, first["body"])
    other = decide({**APPROVE, "decision": "refuse"})
    assert_problem(other, 409)
    assert "already" in body_of(other)["detail"]


@pytest.mark.parametrize(
    "token", ["", "pay-1", "pay-1.guess", f"nobody.{'0' * 64}", f"pay-1.{'0' * 64}", f"x.{SECRET}"]
)
def test_a_token_nobody_was_given_is_answered_with_404(
    store: FakeStore, decide: Callable[..., Event], token: str
) -> None:
    """Defect: Open doors."""
    assert_problem(decide(token=token), 404)
    assert store.writes == 0


def test_after_the_time_to_decide_the_answer_is_409(
    store: FakeStore, clock: FakeClock, decide: Callable[..., Event]
) -> None:
    clock.move(timedelta(days=1))
    assert_problem(decide(), 409)
    assert store.writes == 0


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"decision": "maybe", "actor": "ada"}, "/decision"),
        ({"decision": "approve"}, "/actor"),
        ({**APPROVE, "reason": "card 4111111111111111"}, "/reason"),
        ({**APPROVE, "amount": 1}, "/amount"),
        ([], ""),
    ],
)
def test_a_decision_that_breaks_a_rule_is_refused_and_says_where(
    store: FakeStore, decide: Callable[..., Event], body: object, pointer: str
) -> None:
    answer = decide(body)
    assert_problem(answer, 400)
    assert [error["pointer"] for error in body_of(answer)["errors"]] == [pointer]
    assert store.writes == 0


def test_a_decision_is_announced_as_json(decide: Callable[..., Event]) -> None:
    assert_problem(decide(media_type="text/plain"), 415)


@pytest.mark.parametrize("token", [TOKEN, GUESS])
def test_a_token_is_never_printed(decide: Callable[..., Event], printed: Callable[[], list[Line]], token: str) -> None:
    """Defect: Open doors."""
    decide(token=token)
    lines = printed()
    assert token not in json.dumps(lines)
    assert SECRET not in json.dumps(lines)
    assert WAIT not in json.dumps(lines)
    assert [line["route"] for line in lines if "route" in line] == ["POST /approvals/{token}"]


def test_every_line_of_a_decision_names_its_payment(
    decide: Callable[..., Event], printed: Callable[[], list[Line]]
) -> None:
    decide()
    assert {line["payment_id"] for line in printed()} == {"pay-1"}


def test_a_table_that_cannot_be_read_is_a_500_that_tells_nothing(
    store: FakeStore, decide: Callable[..., Event], printed: Callable[[], list[Line]]
) -> None:
    """Defect: Dead alarms."""
    store.before_next_write = lambda: 1 / 0
    assert_problem(decide(), 500)
    lines = printed()
    assert counted(lines) == {"UnexpectedErrors": 1}
    assert SECRET not in json.dumps(lines)


def test_the_connection_is_made_of_the_functions_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(VariablesRefused) as refused:
        approver.aws_ports.__wrapped__()
    assert refused.value.problems == ("PAYMENTS_TABLE is missing", "OPEN_DEADLINE_SECONDS is missing")
    monkeypatch.setenv("PAYMENTS_TABLE", "payments-payments-test")
    monkeypatch.setenv("OPEN_DEADLINE_SECONDS", "600")
    assert approver.aws_ports.__wrapped__().open_deadline == timedelta(minutes=10)


def assert_problem(answer: Event, status: int) -> None:
    assert answer["statusCode"] == status
    assert answer["headers"]["Content-Type"] == "application/problem+json"
    assert body_of(answer)["status"] == status
