"""What the pipeline logs, queues, stores and publishes holds no secret, no token of a wait, and no card number."""

from __future__ import annotations

import json
import uuid
from typing import TYPE_CHECKING

import pytest

from local_aws.back_office import BackOffice
from local_aws.payments_client import PaymentsClient
from operations.environment import local_environment
from payments.domain.card_numbers import holds_card_number
from tests.e2e.batches import Batches
from tests.e2e.client import eventually
from tests.e2e.invoked import invoke
from tests.e2e.left_behind import LeftBehind, Text, texts_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from local_aws.deployment import Deployment
    from local_aws.environment import LocalEnvironment
    from tests.e2e.client import Client

pytestmark = [pytest.mark.slow, pytest.mark.late, pytest.mark.xdist_group("embedded_aws")]

CARD = "4111 1111 1111 1111"
QUIET_WORKERS = {"dispatcher"}
"""Those that log only what they could not do."""
WRITTEN = (CARD, CARD.replace(" ", ""), CARD.replace(" ", "\u2013"), "\u200b".join(CARD.replace(" ", "")))


@pytest.fixture(scope="module")
def paid(client: Client) -> str:
    """Return a payment that came to its end."""
    payment_id = client.accepted({"amount": "12.34", "description": "Two books", "metadata": {"order": "o-1"}})
    assert client.settled(payment_id)["status"] == "succeeded"
    client.notification_of(payment_id)
    return payment_id


@pytest.fixture(scope="module")
def approval_token(client: Client, deployment: Deployment) -> str:
    """Return a token by which a payment was approved."""
    payment_id = client.accepted({"amount": "25000.00", "processing": "orchestrated"})
    token = BackOffice(deployment).approval_token(payment_id)
    assert PaymentsClient(deployment).decide(token, "approve", actor="ada").status == 200
    client.settled(payment_id)
    return token


@pytest.fixture(scope="module")
def refused(client: Client, deployment: Deployment, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Send card numbers wherever one can be sent."""
    for card in WRITTEN:
        for said in ({"description": card}, {"metadata": {"pan": card}}, {"customer_id": card}, {card: "x"}):
            assert client.post({"amount": 1} | said).status == 400
    plain = CARD.replace(" ", "")
    assert client.post({"amount": 1}, {"Idempotency-Key": plain}).status == 400
    assert client.post({"amount": 1, "payment_id": plain}).status == 400
    for path in (f"/payments/{plain}", f"/payments/{plain}/events", f"/batches/{plain}"):
        assert client.get(path).status == 404
    assert client.get(f"/payments?customer_id={plain}").status == 400
    rows = [f"{uuid.uuid4()},1,EUR,,{card}\n{plain},1,EUR,,\n" for card in WRITTEN]
    content = "payment_id,amount,currency,customer_id,description\n" + "".join(rows)
    uploaded = Batches(deployment, tmp_path_factory.mktemp("cards")).pay(content.encode(), "cards.csv")
    assert uploaded.counts == (len(rows) * 2, 0, len(rows) * 2)


@pytest.fixture(scope="module")
def ticked(deployment: Deployment) -> None:
    """Run what schedules run: one comes once a day only, and the others may come when all has been searched."""
    deployed = local_environment(deployment.to_json())
    for worker, event in (("sweeper", {}), ("settler", {}), ("reconciler", {"day": "2026-01-01"})):
        invoke(deployed, worker, event)


@pytest.fixture(scope="module")
def left(deployment: Deployment, paid: str, approval_token: str, refused: None, ticked: None) -> LeftBehind:
    del paid, approval_token, refused, ticked
    return LeftBehind(deployment)


@pytest.fixture(scope="module")
def logged(left: LeftBehind) -> list[Text]:
    return list(left.logged())


@pytest.fixture(scope="module")
def told(left: LeftBehind, environment: LocalEnvironment) -> list[Text]:
    """What was queued and published: messages, dead letters, the back office's mail, webhooks, files."""
    webhooks = [text for each in environment.notifications() for text in texts_of(each.body, "webhook")]
    headers = [Text("webhook headers", json.dumps(dict(each.headers))) for each in environment.notifications()]
    return [*left.queued(), *left.written(), *webhooks, *headers]


@pytest.fixture(scope="module")
def stored(left: LeftBehind) -> list[Text]:
    return list(left.stored())


def found(needles: Iterable[str], among: list[Text]) -> set[str]:
    """Return where any of ``needles`` stands."""
    return {where for where, text in among for needle in needles if needle in text}


def places(needles: Iterable[str], among: list[Text]) -> set[str]:
    """Return in which tables, queues, files and the like any of ``needles`` stands."""
    return {where.partition(" ")[0] for where in found(needles, among)}


def test_what_every_worker_logged_is_among_what_is_searched(logged: list[Text], left: LeftBehind) -> None:
    """A search of nothing finds nothing."""
    workers = {f"/aws/lambda/{name}": name.split("-")[1] for name in left.functions()}
    assert {where for where, _ in logged} >= set(workers)
    told = {workers[where] for where, text in logged if where in workers and is_of_the_product(text)}
    assert told >= set(workers.values()) - QUIET_WORKERS


def is_of_the_product(line: str) -> bool:
    """Return whether the function itself wrote the line, and not who runs it."""
    return line.startswith("{") and "function_request_id" in json.loads(line)


def test_all_that_is_searched_is_there(  # noqa: PLR0917 - fixtures
    logged: list[Text], told: list[Text], stored: list[Text], paid: str, approval_token: str, left: LeftBehind
) -> None:
    """A search of nothing finds nothing."""
    logs = found([paid], logged)
    assert {worker for worker in ("validator", "processor", "notifier") if any(worker in log for log in logs)} == {
        *("validator", "processor", "notifier")
    }
    assert found([paid], told) >= {"webhook data payment_id"}
    assert places([approval_token], told) == {"local-back-office"}
    assert any("payments" in where for where in found([paid], stored))
    assert any(where.endswith("reason") for where, _ in stored)
    assert len(list(left.secrets())) >= 2


def test_every_deployed_function_has_been_at_work_under_its_own_role(left: LeftBehind) -> None:
    """Defect: Too much permission. A role that no call has met may lack what its function needs."""
    deployed = set(left.functions())
    assert len(deployed) > 15
    # The sweeper and the settler come by themselves, every minute.
    eventually(lambda: deployed - left.invoked(), lambda idle: not idle, timeout_seconds=90)


def test_no_secret_and_no_api_key_is_logged_queued_stored_or_published(
    left: LeftBehind, logged: list[Text], told: list[Text], stored: list[Text]
) -> None:
    """Defect: Open doors."""
    secrets = [secret.text for secret in left.secrets()]
    assert found(secrets, [*logged, *told, *stored]) == set()


def test_no_token_by_which_a_workflow_or_a_payment_goes_on_is_logged_or_told_to_others(
    logged: list[Text], told: list[Text], stored: list[Text], approval_token: str
) -> None:
    """Defect: Open doors."""
    waits = {text for where, text in stored if where.endswith("task_token")}
    assert waits
    assert found(waits, [*logged, *told]) == set()
    secret = approval_token.rpartition(".")[2]
    assert found([secret], [*logged, *stored]) == set()
    assert places([secret], told) == {"local-back-office"}


def test_no_card_number_is_logged_queued_stored_or_published(
    logged: list[Text], told: list[Text], stored: list[Text]
) -> None:
    """Defect: Open doors: card numbers printed."""
    # Amounts are numbers, and one in ten of the longest would pass for a card's.
    texts = [each for each in (*logged, *told, *stored) if not each.where.endswith(("amount", "totals"))]
    assert [where for where, text in texts if holds_card_number(text)] == []
