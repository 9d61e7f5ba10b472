from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from local_aws.loopback import send
from local_aws.receiver import Notification, Receiver, keep

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[3]


@pytest.fixture
def receiver(tmp_path: Path) -> Iterator[Receiver]:
    receiver = Receiver(ROOT, tmp_path)
    yield receiver
    receiver.stop()


def test_what_is_posted_is_kept_untouched(receiver: Receiver) -> None:
    url = receiver.start().url
    reply = send("POST", f"{url}/", headers={"Webhook-Id": "a#1"}, body=b'{"a":  1}')
    assert reply.status == 204
    (kept,) = receiver.notifications()
    assert kept.headers["webhook-id"] == "a#1"
    assert kept.body == '{"a":  1}'


def test_a_restarted_receiver_answers_on_the_port_that_deployed_functions_know(receiver: Receiver) -> None:
    before = receiver.start()
    assert receiver.start() == before
    receiver.stop()
    assert receiver.start().port == before.port


def test_a_stopped_receiver_has_forgotten_everything(receiver: Receiver) -> None:
    send("POST", f"{receiver.start().url}/", body=b"{}")
    receiver.stop()
    assert receiver.notifications() == []


def test_notifications_are_kept_in_the_order_they_came(tmp_path: Path) -> None:
    inbox = tmp_path / "notifications"
    inbox.mkdir()
    for number in range(12):
        keep(inbox, Notification({}, str(number)))
    assert [each.body for each in Receiver(ROOT, tmp_path).notifications()] == [str(number) for number in range(12)]
