"""What everybody who tells of failed batches must do: be heard, or say that it was not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

import pytest

from payments.adapters.back_office import SnsBatchNotices
from payments.domain.errors import DeliveryFailed
from payments.domain.public_batch import batch_notice
from tests.batch_fakes import FakeBatchNotices
from tests.batch_samples import batch_failed, registered
from tests.contract.faults import failing

if TYPE_CHECKING:
    from payments.ports import BatchNotices
    from tests.contract.services import Services

FAILED = batch_failed(registered())


class BackOffice:
    """A topic read through a queue."""

    def __init__(self, services: Services) -> None:
        self.topic = services.topic()
        self.notices = SnsBatchNotices(services.sns, self.topic.arn)

    def told(self) -> list[dict[str, Any]]:
        return self.topic.messages()


class InMemory:
    """The fake, and what it was told."""

    def __init__(self) -> None:
        self.notices = FakeBatchNotices()

    def told(self) -> list[dict[str, Any]]:
        return [batch_notice(batch) for batch in self.notices.told]


class Told(Protocol):
    """Somebody who is told, and what."""

    @property
    def notices(self) -> BatchNotices: ...
    def told(self) -> list[dict[str, Any]]: ...


@pytest.fixture(params=["in memory", "SNS"])
def somebody(request: pytest.FixtureRequest, services: Services) -> Told:
    return InMemory() if request.param == "in memory" else BackOffice(services)


def test_the_back_office_hears_of_a_failed_batch_what_its_workflow_would_have_told(somebody: Told) -> None:
    somebody.notices.tell(FAILED)
    (said,) = somebody.told()
    assert said == batch_notice(FAILED)
    assert (said["event"], said["reason"]) == ("batch.failed", "the header has no column amount")


def test_a_mail_has_the_subject_that_a_failed_batch_has_always(services: Services) -> None:
    back_office = BackOffice(services)
    back_office.notices.tell(FAILED)
    (envelope,) = back_office.topic.envelopes()
    assert envelope["Subject"] == "A batch of payments has failed"


@pytest.mark.parametrize("code", ["Throttled", "AuthorizationError", "NotFound"])
def test_a_notice_that_was_not_taken_is_told(services: Services, code: str) -> None:
    """Defect: Records lost quietly."""
    back_office = BackOffice(services)
    with (
        failing(services.sns, "Publish", times=1, Code=code),
        pytest.raises(DeliveryFailed, match="SNS did not take that batch-1 failed"),
    ):
        back_office.notices.tell(FAILED)
    assert back_office.topic.envelopes() == []
