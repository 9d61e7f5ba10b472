"""What every notifier must do: deliver or say that it could not, under the same event id every time."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Protocol

import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from payments.adapters.every_notifier import EveryNotifier
from payments.adapters.https import HttpsClient
from payments.adapters.secrets import SecretUnreadable
from payments.adapters.sns import SnsNotifier
from payments.adapters.webhooks import WebhookNotifier
from payments.domain.errors import DeliveryFailed
from payments.domain.notification import Notification, notification_of
from payments.domain.payment import Status
from tests.contract.loopback import HANG_UP, Loopback, Reply, loopback
from tests.fakes import FakeNotifier
from tests.samples import accepted, claimed, rich, settled

if TYPE_CHECKING:
    from collections.abc import Iterator

    from payments.ports import Notifier
    from tests.contract.services import Services


def a_secret(letter: str) -> str:
    return "whsec_" + base64.b64encode(letter.encode() * 32).decode()


def news() -> Notification:
    notification = notification_of(settled(claimed(accepted(customer_id="cust-1"))))
    assert notification
    return notification


class Reached(Protocol):
    """A notifier and what its receiver got."""

    @property
    def notifier(self) -> Notifier: ...
    def payloads(self) -> list[dict[str, Any]]: ...


class InMemory:
    def __init__(self) -> None:
        self.notifier = FakeNotifier()

    def payloads(self) -> list[dict[str, Any]]:
        return [notification.payload() for notification in self.notifier.delivered]


class Topic:
    """An SNS topic read through a queue."""

    def __init__(self, services: Services) -> None:
        self.read = services.topic()
        self.notifier = SnsNotifier(services.sns, self.read.arn)

    def payloads(self) -> list[dict[str, Any]]:
        return self.read.messages()


class Receiver:
    """A webhook receiver on loopback."""

    def __init__(self, server: Loopback, secrets: str = "") -> None:
        self.server = server
        self.secrets = secrets or a_secret("a")
        self.notifier = WebhookNotifier(
            HttpsClient(f"{server.url}/hooks/?to=us", timeout=timedelta(seconds=10)),
            secrets=lambda: self.secrets,
            clock=lambda: datetime.now(UTC),
        )

    def payloads(self) -> list[dict[str, Any]]:
        return [json.loads(asked.body) for asked in self.server.asked]


@pytest.fixture
def server() -> Iterator[Loopback]:
    with loopback(lambda _: Reply(204)) as running:
        yield running


@pytest.fixture
def receiver(server: Loopback) -> Receiver:
    return Receiver(server)


@pytest.fixture(params=["in memory", "SNS", "webhook"])
def reached(request: pytest.FixtureRequest, services: Services, receiver: Receiver) -> Reached:
    made: dict[str, Reached] = {"in memory": InMemory(), "SNS": Topic(services), "webhook": receiver}
    return made[request.param]


def test_what_is_delivered_is_the_notifications_payload(reached: Reached) -> None:
    reached.notifier.notify(news())
    assert reached.payloads() == [news().payload()]


def test_nothing_of_the_inside_is_delivered(reached: Reached) -> None:
    """Defect: Open doors."""
    reached.notifier.notify(news())
    delivered = json.dumps(reached.payloads())
    for inside in ("owner", "request_hash", "gateway_key", "lease", "history", "previous_hash"):
        assert inside not in delivered


def test_texts_of_every_script_arrive_whole(reached: Reached) -> None:
    notification = notification_of(rich())
    assert notification
    reached.notifier.notify(notification)
    assert reached.payloads()[0]["data"]["description"] == "Zwölf Brötchen 🥐"


def test_a_topics_subscribers_can_filter_by_type_and_drop_repeats_by_id(services: Services) -> None:
    topic = Topic(services)
    topic.notifier.notify(news())
    (envelope,) = topic.read.envelopes()
    attributes = {name: attribute["Value"] for name, attribute in envelope["MessageAttributes"].items()}
    assert attributes == {"event_id": "pay-1#3", "event_type": "payment.succeeded"}


@pytest.mark.parametrize("status", [status for status in Status if status not in {Status.ACCEPTED, Status.PROCESSING}])
def test_a_mail_says_in_its_subject_what_became_of_which_payment(services: Services, status: Status) -> None:
    longest = "p" * 64
    notification = notification_of(settled(claimed(accepted(longest)), status))
    assert notification
    topic = Topic(services)
    topic.notifier.notify(notification)
    (envelope,) = topic.read.envelopes()
    assert envelope["Subject"] == f"Payment {longest}: {status.replace('_', ' ')}"
    assert len(envelope["Subject"]) < 100


def test_a_topic_that_does_not_take_it_is_a_failed_delivery(services: Services) -> None:
    gone = SnsNotifier(services.sns, "arn:aws:sns:us-east-1:123456789012:gone")
    with pytest.raises(DeliveryFailed, match="pay-1#3"):
        gone.notify(news())


def test_a_webhook_verifies_with_the_standard_library_of_its_specification(receiver: Receiver) -> None:
    receiver.notifier.notify(news())
    (asked,) = receiver.server.asked
    assert (asked.method, asked.path) == ("POST", "/hooks/?to=us")
    assert asked.headers["content-type"] == "application/json"
    assert Webhook(a_secret("a")).verify(asked.body, asked.headers) == news().payload()
    with pytest.raises(WebhookVerificationError):
        Webhook(a_secret("b")).verify(asked.body, asked.headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(a_secret("a")).verify(asked.body.replace("succeeded", "declined"), asked.headers)


def test_a_webhook_delivered_again_has_the_id_it_had_before(receiver: Receiver) -> None:
    receiver.notifier.notify(news())
    receiver.notifier.notify(news())
    assert [asked.headers["webhook-id"] for asked in receiver.server.asked] == ["pay-1#3", "pay-1#3"]


def test_while_secrets_change_over_both_sign(receiver: Receiver) -> None:
    receiver.secrets = f"{a_secret('a')} {a_secret('b')}"
    receiver.notifier.notify(news())
    (asked,) = receiver.server.asked
    for secret in receiver.secrets.split():
        Webhook(secret).verify(asked.body, asked.headers)


def test_nothing_is_sent_unsigned(receiver: Receiver) -> None:
    receiver.secrets = " "
    with pytest.raises(DeliveryFailed, match="blank"):
        receiver.notifier.notify(news())
    assert receiver.server.asked == []


def test_an_id_that_could_be_read_in_two_ways_is_not_signed(receiver: Receiver) -> None:
    with pytest.raises(ValueError, match="full stop"):
        receiver.notifier.notify(replace(news(), event_id="pay.1#3"))


@pytest.mark.parametrize("status", [301, 307, 400, 401, 404, 410, 429, 500, 503])
def test_any_answer_but_2xx_is_a_failed_delivery_and_not_repeated_here(receiver: Receiver, status: int) -> None:
    receiver.server.reply = lambda _: Reply(status, "", {"Location": "/elsewhere", "Retry-After": "0"})
    with pytest.raises(DeliveryFailed, match=f"pay-1#3 was answered with {status}"):
        receiver.notifier.notify(news())
    assert len(receiver.server.asked) == 1


@pytest.mark.parametrize("status", [200, 201, 202, 204])
def test_any_2xx_is_a_delivery(receiver: Receiver, status: int) -> None:
    receiver.server.reply = lambda _: Reply(status, "" if status == 204 else "thank you")
    receiver.notifier.notify(news())


def test_a_receiver_that_hangs_up_is_a_failed_delivery(receiver: Receiver) -> None:
    receiver.server.reply = lambda _: HANG_UP
    with pytest.raises(DeliveryFailed):
        receiver.notifier.notify(news())


def test_a_signing_secret_that_cannot_be_read_is_a_failed_delivery(server: Loopback) -> None:
    def unreadable() -> str:
        raise SecretUnreadable("AccessDeniedException")

    notifier = WebhookNotifier(
        HttpsClient(server.url, timeout=timedelta(seconds=10)), secrets=unreadable, clock=lambda: datetime.now(UTC)
    )
    with pytest.raises(DeliveryFailed, match="AccessDeniedException"):
        notifier.notify(news())
    assert not server.asked


def test_one_notifier_that_fails_keeps_no_other_from_telling() -> None:
    deaf, well = FakeNotifier(), FakeNotifier()
    deaf.failures = 1
    with pytest.raises(DeliveryFailed):
        EveryNotifier([deaf, well]).notify(news())
    assert well.delivered == [news()]


def test_everyone_is_told_once_when_nobody_fails() -> None:
    notifiers = [FakeNotifier(), FakeNotifier()]
    EveryNotifier(notifiers).notify(news())
    assert [notifier.delivered for notifier in notifiers] == [[news()], [news()]]
