"""The auditor, from the stream's records to what is recorded and the answer to the event source mapping."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from aws_lambda_powertools.utilities.batch.exceptions import BatchProcessingError

from functions.auditor import handler as auditor
from functions.auditor.handler import Ports
from payments.adapters.dynamodb.payment_item import payment_in
from tests.fakes import FakeAuditLog
from tests.samples import accepted, claimed, settled
from tests.unit.handlers.conftest import counted
from tests.unit.handlers.events import Event, sample

if TYPE_CHECKING:
    from collections.abc import Callable

    from aws_lambda_powertools.utilities.typing import LambdaContext

    from payments.domain.audit import AuditEvent
    from tests.unit.handlers.conftest import Line

NOTHING_FAILED: Event = {"batchItemFailures": []}


@pytest.fixture
def log() -> FakeAuditLog:
    return FakeAuditLog()


@pytest.fixture
def audit(log: FakeAuditLog, context: LambdaContext, monkeypatch: pytest.MonkeyPatch) -> Callable[[Event], Any]:
    monkeypatch.setattr(auditor, "aws_ports", lambda: Ports(log=log))
    return lambda event: auditor.handler(event, context)


def test_the_sample_holds_payments_exactly_as_the_domain_makes_them() -> None:
    """Defect: Floats."""
    first, second, third, fourth = (record["dynamodb"] for record in sample("dynamodb_stream")["Records"])
    payment = accepted("pay-1", customer_id="cust-1", metadata={"order": "1001"})
    assert payment_in(first["NewImage"]) == payment
    assert payment_in(second["OldImage"]) == payment
    assert payment_in(second["NewImage"]) == claimed(payment)
    assert payment_in(third["NewImage"]) == accepted("pay-2", amount=Decimal(5000000), currency="JPY")
    assert payment_in(fourth["NewImage"]) == settled(claimed(payment))
    assert "OldImage" not in first


def test_every_change_is_recorded_once_under_its_version(log: FakeAuditLog, audit: Callable[[Event], Any]) -> None:
    """Defect: Audit."""
    assert audit(sample("dynamodb_stream")) == NOTHING_FAILED
    assert sorted(log.events) == ["pay-1#1", "pay-1#2", "pay-1#3", "pay-2#1"]


def test_a_batch_delivered_again_changes_nothing(log: FakeAuditLog, audit: Callable[[Event], Any]) -> None:
    audit(sample("dynamodb_stream"))
    before = dict(log.events)
    assert audit(sample("dynamodb_stream")) == NOTHING_FAILED
    assert log.events == before


def test_one_record_that_fails_keeps_no_other_from_being_recorded(
    log: FakeAuditLog, audit: Callable[[Event], Any], printed: Callable[[], list[Line]]
) -> None:
    """Defect: Records lost quietly."""
    event = sample("dynamodb_stream")
    second = event["Records"][1]["dynamodb"]
    second["NewImage"]["history"]["L"][1]["M"]["reason"]["S"] = "another story"
    assert audit(event) == {"batchItemFailures": [{"itemIdentifier": second["SequenceNumber"]}]}
    assert sorted(log.events) == ["pay-1#1", "pay-1#3", "pay-2#1"]
    lines = printed()
    (failure,) = [line for line in lines if line.get("level") == "ERROR"]
    assert failure["exception_name"] == "HistoryMismatch"
    assert (failure["payment_id"], failure["sequence_number"]) == ("pay-1", second["SequenceNumber"])
    assert counted(lines) == {"FailedRecords": 1}


class DeafLog(FakeAuditLog):
    def append(self, event: AuditEvent) -> None:
        raise ConnectionError(event.event_id)


def test_a_batch_of_which_nothing_was_recorded_raises_so_that_errors_rises(
    context: LambdaContext,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Defect: Dead alarms."""
    monkeypatch.setattr(auditor, "aws_ports", lambda: Ports(log=DeafLog()))
    with pytest.raises(BatchProcessingError, match="All records failed"):
        auditor.handler(sample("dynamodb_stream"), context)


def test_records_of_anything_but_payments_are_passed_by(log: FakeAuditLog, audit: Callable[[Event], Any]) -> None:
    event = sample("dynamodb_stream")
    event["Records"][0]["dynamodb"]["NewImage"] = {"payment_id": {"S": "pay-1"}, "expires_at": {"N": "1"}}
    assert audit(event) == NOTHING_FAILED
    assert "pay-1#1" not in log.events


def test_each_line_names_the_payment_it_is_about_though_records_are_handled_at_once(
    audit: Callable[[Event], Any], printed: Callable[[], list[Line]]
) -> None:
    audit(sample("dynamodb_stream"))
    lines = [line for line in printed() if line["message"] == "recorded"]
    assert sorted((line["payment_id"], line["version"]) for line in lines) == [
        ("pay-1", 1),
        ("pay-1", 2),
        ("pay-1", 3),
        ("pay-2", 1),
    ]


def test_the_connection_is_made_of_the_functions_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AUDIT_TABLE", "payments-audit-test")
    assert auditor.aws_ports.__wrapped__()
