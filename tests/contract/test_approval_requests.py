"""What everybody who asks for approvals must do: be heard, or say that it was not."""

from __future__ import annotations

import json
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Protocol, TypedDict

import pytest

from payments.adapters.back_office import SnsApprovalRequests
from payments.domain.approval import approval_token
from payments.domain.errors import DeliveryFailed
from tests.contract.faults import failing
from tests.fakes import FakeApprovalRequests
from tests.samples import START, WAIT

if TYPE_CHECKING:
    from datetime import datetime

    from payments.ports import ApprovalRequests
    from tests.contract.services import Services


class Asking(TypedDict):
    """What is said of one approval."""

    payment_id: str
    amount: Decimal
    currency: str
    approval_token: str
    asked_at: datetime
    expires_at: datetime


LONGEST_ID = "a" * 64
ASKING: Asking = {
    "payment_id": LONGEST_ID,
    "amount": Decimal(25000),
    "currency": "EUR",
    "approval_token": approval_token(LONGEST_ID, WAIT),
    "asked_at": START,
    "expires_at": START + timedelta(hours=24),
}


class BackOffice:
    """A topic read through a queue."""

    def __init__(self, services: Services) -> None:
        self.topic = services.topic()
        self.requests = SnsApprovalRequests(services.sns, self.topic.arn)

    def told(self) -> list[tuple[str, str]]:
        return [(said["payment_id"], said["approval_token"]) for said in self.topic.messages()]


class InMemory:
    """The fake, and what it was told."""

    def __init__(self) -> None:
        self.requests = FakeApprovalRequests()

    def told(self) -> list[tuple[str, str]]:
        return [(asked.payment_id, asked.approval_token) for asked in self.requests.asked]


class Asked(Protocol):
    """Somebody who is asked, and what they were told: payment ids and tokens."""

    @property
    def requests(self) -> ApprovalRequests: ...
    def told(self) -> list[tuple[str, str]]: ...


@pytest.fixture(params=["in memory", "SNS"])
def somebody(request: pytest.FixtureRequest, services: Services) -> Asked:
    return InMemory() if request.param == "in memory" else BackOffice(services)


def test_asking_again_for_the_same_wait_tells_the_same_token_again(somebody: Asked) -> None:
    for _ in range(2):
        somebody.requests.ask(**ASKING)
    assert somebody.told() == [(LONGEST_ID, ASKING["approval_token"])] * 2


@pytest.fixture
def back_office(services: Services) -> BackOffice:
    return BackOffice(services)


def test_the_back_office_hears_what_it_decides_how_and_until_when(back_office: BackOffice) -> None:
    back_office.requests.ask(**ASKING)
    (envelope,) = back_office.topic.envelopes()
    said = json.loads(envelope["Message"])
    how = said.pop("how")
    assert said == {
        "event": "approval.requested",
        "payment_id": LONGEST_ID,
        "amount": "25000.00",
        "currency": "EUR",
        "approval_token": ASKING["approval_token"],
        "asked_at": "2026-11-22T03:36:42.123Z",
        "expires_at": "2026-11-23T03:36:42.123Z",
    }
    assert f"/approvals/{ASKING['approval_token']}" in how
    assert envelope["MessageAttributes"]["event"]["Value"] == "approval.requested"


def test_a_subject_fits_a_mail_and_holds_no_token(back_office: BackOffice) -> None:
    """SNS takes at most 100 characters of ASCII."""
    back_office.requests.ask(**ASKING)
    (envelope,) = back_office.topic.envelopes()
    assert len(envelope["Subject"]) <= 100
    assert ASKING["approval_token"] not in envelope["Subject"]


@pytest.mark.parametrize("code", ["Throttled", "AuthorizationError", "NotFound"])
def test_a_request_that_was_not_taken_is_told_and_its_token_is_not(
    services: Services, back_office: BackOffice, code: str
) -> None:
    """Defect: Records lost quietly. Defect: Open doors."""
    with (
        failing(services.sns, "Publish", times=1, Code=code),
        pytest.raises(DeliveryFailed, match="SNS did not take") as failure,
    ):
        back_office.requests.ask(**ASKING)
    assert ASKING["approval_token"] not in str(failure.value)
    assert back_office.topic.envelopes() == []
