"""The notifier, from a batch of messages to what customers were told and the answer to the queue."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from aws_lambda_powertools.utilities.batch.exceptions import BatchProcessingError

from functions.notifier import handler as notifier
from functions.notifier.handler import Ports
from payments.runtime.variables import VariablesRefused
from tests.fakes import FakeNotifier, FakeStore
from tests.samples import accepted, claimed, settled
from tests.unit.handlers.conftest import counted
from tests.unit.handlers.events import Event, sample

if TYPE_CHECKING:
    from collections.abc import Callable

    from aws_lambda_powertools.utilities.typing import LambdaContext

    from tests.unit.handlers.conftest import Line

NOTHING_FAILED: Event = {"batchItemFailures": []}


@pytest.fixture
def told() -> FakeNotifier:
    return FakeNotifier()


@pytest.fixture
def consume(told: FakeNotifier, context: LambdaContext, monkeypatch: pytest.MonkeyPatch) -> Callable[[Event], Any]:
    store = FakeStore()
    for number in range(10):
        payment = accepted(f"pay-{number}")
        store.payments[payment.payment_id] = settled(claimed(payment))
    store.payments["pay-9"] = claimed(accepted("pay-9"))
    monkeypatch.setattr(notifier, "aws_ports", lambda: Ports(reader=store, notifier=told))
    return lambda event: notifier.handler(event, context)


def test_customers_are_told_of_every_settled_payment_and_of_no_other(
    told: FakeNotifier, consume: Callable[[Event], Any]
) -> None:
    assert consume(sample("sqs")) == NOTHING_FAILED
    assert sorted(notification.event_id for notification in told.delivered) == [f"pay-{n}#3" for n in range(9)]


def test_a_message_delivered_twice_tells_under_the_same_event_id(
    told: FakeNotifier, consume: Callable[[Event], Any]
) -> None:
    consume(sample("sqs"))
    consume(sample("sqs"))
    assert sorted(notification.event_id for notification in told.delivered) == [
        f"pay-{n}#3" for n in range(9) for _ in range(2)
    ]


def test_one_delivery_of_ten_that_fails_comes_again_and_keeps_no_other_back(
    told: FakeNotifier, consume: Callable[[Event], Any], printed: Callable[[], list[Line]]
) -> None:
    """Defect: Records lost quietly."""
    told.failures = 1
    assert len(consume(sample("sqs"))["batchItemFailures"]) == 1
    assert len(told.delivered) == 8
    lines = printed()
    assert [line["exception_name"] for line in lines if line.get("level") == "WARNING"] == ["DeliveryFailed"]
    assert counted(lines) == {"FailedRecords": 1}


def test_a_batch_of_which_nobody_could_be_told_comes_again_and_is_no_error_of_ours(
    told: FakeNotifier, consume: Callable[[Event], Any]
) -> None:
    told.failures = 10
    event = sample("sqs")
    event["Records"] = event["Records"][:9]
    assert len(consume(event)["batchItemFailures"]) == 9


def test_a_batch_that_nobody_understands_raises_so_that_errors_rises(consume: Callable[[Event], Any]) -> None:
    """Defect: Dead alarms."""
    event = sample("sqs")
    event["Records"] = [{**record, "body": "{}"} for record in event["Records"]]
    with pytest.raises(BatchProcessingError):
        consume(event)


def test_each_line_names_payment_and_event(consume: Callable[[Event], Any], printed: Callable[[], list[Line]]) -> None:
    consume(sample("sqs"))
    lines = [line for line in printed() if line["message"] == "notified"]
    assert sorted((line["payment_id"], line.get("event_id")) for line in lines) == [
        *((f"pay-{number}", f"pay-{number}#3") for number in range(9)),
        ("pay-9", None),
    ]


NEEDED = {"PAYMENTS_TABLE": "payments", "CUSTOMER_TOPIC_ARN": "arn:aws:sns:us-east-1:123456789012:customers"}
SECRET_ARN = "arn:aws:secretsmanager:us-east-1:123456789012:secret:webhook"  # noqa: S105 - names a secret, is none


@pytest.mark.parametrize(
    "webhook", [{}, {"WEBHOOK_URL": "https://customer.example/hooks", "WEBHOOK_SECRET_ARN": SECRET_ARN}]
)
def test_the_connection_is_made_of_the_functions_variables(
    monkeypatch: pytest.MonkeyPatch, webhook: dict[str, str]
) -> None:
    for name, value in {**NEEDED, **webhook}.items():
        monkeypatch.setenv(name, value)
    assert notifier.aws_ports.__wrapped__()


def test_a_webhook_without_a_secret_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Defect: Open doors."""
    for name, value in {**NEEDED, "WEBHOOK_URL": "https://customer.example/hooks"}.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(VariablesRefused, match="WEBHOOK_SECRET_ARN is missing"):
        notifier.aws_ports.__wrapped__()


def test_a_webhook_over_plain_http_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Defect: Open doors."""
    for name, value in {**NEEDED, "WEBHOOK_URL": "http://customer.example", "WEBHOOK_SECRET_ARN": SECRET_ARN}.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(ValueError, match="must be https"):
        notifier.aws_ports.__wrapped__()
