"""What every audit log and its trail must do, in memory and in DynamoDB."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Protocol

import pytest
from botocore.exceptions import ClientError

from payments.adapters.dynamodb.audit_table import AuditTable
from payments.domain.errors import HistoryMismatch
from tests.contract.faults import lose_next_answer
from tests.fakes import FakeAuditLog
from tests.samples import accepted, events, rich

if TYPE_CHECKING:
    from collections.abc import Sequence

    from payments.domain.audit import AuditEvent
    from tests.contract.services import Services


class Audit(Protocol):
    def append(self, event: AuditEvent) -> None: ...
    def events_of(self, payment_id: str) -> Sequence[AuditEvent]: ...


@pytest.fixture(params=["in memory", "DynamoDB"])
def audit(request: pytest.FixtureRequest, services: Services) -> Audit:
    return FakeAuditLog() if request.param == "in memory" else AuditTable(services.dynamodb, services.audit_table())


def test_events_are_read_back_in_order_of_version(audit: Audit) -> None:
    recorded = events(rich())
    for event in reversed(recorded):
        audit.append(event)
    assert list(audit.events_of("pay-1")) == recorded


def test_events_of_one_instant_are_all_kept(audit: Audit) -> None:
    """Defect: Audit."""
    first, second, *_ = events(rich())
    at_once = replace(second, entry=replace(second.entry, at=first.entry.at))
    audit.append(first)
    audit.append(at_once)
    assert list(audit.events_of("pay-1")) == [first, at_once]


def test_events_come_in_order_beyond_nine_versions(audit: Audit) -> None:
    (first,) = events(accepted())
    many = [replace(first, entry=replace(first.entry, version=version, hash=f"{version}")) for version in range(1, 13)]
    for event in many:
        audit.append(event)
    assert list(audit.events_of("pay-1")) == many


def test_an_event_recorded_again_changes_nothing(audit: Audit) -> None:
    (event,) = events(accepted())
    audit.append(event)
    audit.append(event)
    assert list(audit.events_of("pay-1")) == [event]


def test_an_event_that_says_something_else_is_refused_and_changes_nothing(audit: Audit) -> None:
    """Defect: Audit."""
    (event,) = events(accepted())
    audit.append(event)
    with pytest.raises(HistoryMismatch):
        audit.append(replace(event, entry=replace(event.entry, reason="another story", hash="another hash")))
    assert list(audit.events_of("pay-1")) == [event]


def test_a_trail_holds_the_events_of_its_payment_only(audit: Audit) -> None:
    for payment in (accepted("pay-1"), accepted("pay-10")):
        for event in events(payment):
            audit.append(event)
    assert [event.payment_id for event in audit.events_of("pay-1")] == ["pay-1"]


def test_a_payment_nobody_heard_of_has_no_events(audit: Audit) -> None:
    assert list(audit.events_of("pay-1")) == []


def test_an_event_whose_answer_was_lost_is_recorded_once(services: Services) -> None:
    audit = AuditTable(services.dynamodb, services.audit_table())
    (event,) = events(accepted())
    lose_next_answer(services.dynamodb)
    audit.append(event)
    assert audit.events_of("pay-1") == [event]


def test_only_a_failed_condition_is_taken_for_an_event_recorded_before(services: Services) -> None:
    """Defect: Records lost quietly: any client error taken for "duplicate"."""
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        AuditTable(services.dynamodb, "no-such-table").append(events(accepted())[0])
