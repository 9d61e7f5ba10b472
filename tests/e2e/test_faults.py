"""The deployed pipeline while its functions are killed, its messages doubled and its consumers switched off.

Nothing here touches the product or the embedded AWS: processes that run functions die, and operators' calls are made.
"""

from __future__ import annotations

import json
import sys
import uuid
from collections import Counter, defaultdict
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest
from standardwebhooks import Webhook

from operations.dead_letter_queues import DeadLetterOffice
from operations.environment import local_environment
from operations.held_letters import HeldLetters
from operations.tables import AuditTrails, Payments
from operations.verification import Verification
from payments.domain.payment import TRANSITIONS, Status
from tests.e2e.batches import Batches
from tests.e2e.client import eventually
from tests.e2e.mishaps import Mishaps
from tests.e2e.ordeal import ALL_SETTLED_SECONDS, KILLS, Ordeal
from tests.e2e.workers import Workers

if TYPE_CHECKING:
    from local_aws.deployment import Deployment
    from local_aws.environment import LocalEnvironment
    from local_aws.receiver import Notification
    from operations.environment import Environment
    from operations.letters import Letter
    from operations.verification import Verdict
    from payments.domain.payment import Payment
    from tests.e2e.client import Client, Reply

pytestmark = [
    pytest.mark.slow,
    pytest.mark.xdist_group("embedded_aws"),
    pytest.mark.skipif(sys.platform != "linux", reason="workers are found in /proc"),
]

FIFTY = 50
SETTLED = {"succeeded", "declined", "failed"}


@pytest.fixture(scope="module")
def operator(deployment: Deployment) -> Environment:
    return local_environment(deployment.to_json())


@pytest.fixture(scope="module")
def dead_letters_before(operator: Environment) -> dict[str, int]:
    return dead_letters(operator)


@pytest.fixture(scope="module")
def ordeal(
    client: Client,
    deployment: Deployment,
    environment: LocalEnvironment,
    dead_letters_before: dict[str, int],
    tmp_path_factory: pytest.TempPathFactory,
) -> Ordeal:
    """All that happened, when it is over."""
    assert dead_letters_before is not None
    ordeal = Ordeal(
        client=client,
        batches=Batches(deployment, tmp_path_factory.mktemp("ordeal")),
        mishaps=Mishaps(deployment, environment.suffix),
        workers=Workers(environment.folder, environment.suffix),
        bucket=str(deployment.outputs["batch_bucket_name"]),
    )
    ordeal.run()
    return ordeal


def dead_letters(operator: Environment) -> dict[str, int]:
    return {queue.part: queue.waiting for queue in DeadLetterOffice(operator).queues()}


def given_up(operator: Environment, part: str) -> list[Letter]:
    office = DeadLetterOffice(operator)
    with HeldLetters(office=office, queue=office.queue(part), tell=print) as letters:
        return list(letters)


def test_workers_of_every_function_were_killed_at_work_again_and_again(ordeal: Ordeal) -> None:
    """Or what follows says nothing."""
    killed = ordeal.workers.killed
    assert all(killed[part] >= times / 2 for part, times in KILLS.items()), killed


def test_every_acknowledged_payment_came_to_its_end(ordeal: Ordeal) -> None:
    statuses = ordeal.statuses()
    assert set(statuses) == set(ordeal.payments)
    assert set(statuses.values()) == SETTLED


def test_each_payment_that_succeeded_was_charged_once_and_no_other_at_all(ordeal: Ordeal) -> None:
    charges = ordeal.batches.charges()
    expected = {id_: int(status == "succeeded") for id_, status in ordeal.statuses().items()}
    assert {id_: charges[id_] for id_ in expected} == expected


def test_no_payment_is_there_that_nobody_asked_for(ordeal: Ordeal) -> None:
    assert set(ordeal.stored()) == set(ordeal.asked) == set(ordeal.payments)
    assert set(ordeal.charged()) <= set(ordeal.asked)
    assert ordeal.audited() <= set(ordeal.asked)


def test_what_was_asked_for_is_what_is_stored_and_what_the_gateway_charged(ordeal: Ordeal) -> None:
    assert ordeal.stored() == ordeal.asked
    charged = ordeal.charged()
    assert charged == {id_: {ordeal.asked[id_]} for id_ in charged}
    succeeded = {id_ for id_, status in ordeal.statuses().items() if status == "succeeded"}
    assert succeeded <= set(charged)


def test_no_status_ever_moved_backwards(ordeal: Ordeal, operator: Environment) -> None:
    payments = Payments(operator)
    moves = {id_: moves_of(payments.get(id_)) for id_ in ordeal.payments}
    assert all(moves.values())
    assert {move for each in moves.values() for move in each if move[1] not in TRANSITIONS[move[0]]} == set()


def moves_of(payment: Payment | None) -> list[tuple[Status, Status]]:
    """Return the statuses that the payment went from and to, one pair for each of its changes."""
    assert payment is not None
    statuses = [Status(entry.status) for entry in payment.history]
    assert statuses[-1] is payment.status
    return list(pairwise(statuses))


def test_every_trail_is_whole_and_says_what_the_payment_itself_does(ordeal: Ordeal, operator: Environment) -> None:
    verification = Verification(
        trails=AuditTrails(operator),
        payments=Payments(operator),
        now=lambda: datetime.now(UTC),
        allowed_lag=timedelta(0),
    )

    def faulty() -> list[Verdict]:
        return [verdict for verdict in verification.of(ordeal.payments) if verdict.fault]

    # The auditor follows the payments by a moment.
    eventually(faulty, lambda found: not found)


def test_each_payment_has_one_notification_id_however_often_it_was_told_of(
    ordeal: Ordeal, environment: LocalEnvironment
) -> None:
    def ids() -> dict[str, Counter[str]]:
        told: dict[str, Counter[str]] = defaultdict(Counter)
        for one in environment.notifications():
            told[json.loads(one.body)["data"]["payment_id"]][one.headers["webhook-id"]] += 1
        return {id_: told[id_] for id_ in ordeal.payments if id_ in told}

    told = eventually(ids, lambda found: len(found) == len(ordeal.payments))
    assert {id_: len(each) for id_, each in told.items()} == dict.fromkeys(ordeal.payments, 1)
    assert any(each.total() > 1 for each in told.values())


def test_every_notification_is_signed_as_the_public_library_signs_it(
    ordeal: Ordeal, environment: LocalEnvironment, client: Client
) -> None:
    told = [one for one in environment.notifications() if json.loads(one.body)["data"]["payment_id"] in ordeal.asked]
    assert len(told) >= len(ordeal.payments)
    # Its own check of the signature refuses what is older than five minutes, as the first of these may be.
    assert [one for one in told if signature_of(one, client.webhook_secret) != one.headers["webhook-signature"]] == []


def signature_of(notification: Notification, secret: str) -> str:
    sent_at = datetime.fromtimestamp(int(notification.headers["webhook-timestamp"]), UTC)
    return str(Webhook(secret).sign(notification.headers["webhook-id"], sent_at, notification.body))


def test_the_batch_has_exact_counts_its_rows_once_each_and_a_complete_report(ordeal: Ordeal) -> None:
    counts = ordeal.batch["counts"]
    good, bad = len(ordeal.file.good), len(ordeal.file.bad_lines)
    assert (counts["received"], counts["accepted"], counts["rejected"]) == (good + bad, good, bad)
    assert set(ordeal.batches.payments_of(ordeal.batch["batch_id"])) == set(ordeal.file.good)
    assert [int(row["line"]) for row in ordeal.batches.report_of(ordeal.batch)] == ordeal.file.bad_lines


def test_the_upload_told_of_again_at_once_and_long_after_ended_well_both_times(ordeal: Ordeal) -> None:
    assert [ordeal.mishaps.end_of(each) for each in ordeal.executions] == ["SUCCEEDED"] * 2


def test_nothing_was_given_up_but_wake_ups_of_payments_that_came_to_their_end_without(
    ordeal: Ordeal, operator: Environment, dead_letters_before: dict[str, int]
) -> None:
    """On a slow machine a message comes back too often, as soon as it does here, before its payment's claim is over."""
    woken = {id_ for letter in given_up(operator, "processing") for id_ in letter.payment_ids}
    statuses = ordeal.batches.statuses()
    assert {statuses[id_] for id_ in woken} <= SETTLED
    others = {part: waiting for part, waiting in dead_letters(operator).items() if part != "processing"}
    assert others == {part: dead_letters_before[part] for part in others}


def at_once(client: Client, bodies: list[dict[str, Any]]) -> list[Reply]:
    """Post all ``bodies`` under one new key at the same time."""
    headers = {"Idempotency-Key": str(uuid.uuid4())}
    with ThreadPoolExecutor(len(bodies)) as pool:
        return list(pool.map(lambda body: client.post_until_answered(body, headers), bodies))


def test_fifty_identical_requests_at_once_are_one_payment_one_charge_and_fifty_like_answers(client: Client) -> None:
    replies = at_once(client, [{"amount": "7.77", "customer_id": "ada"}] * FIFTY)
    assert {reply.status for reply in replies} == {202}
    (payment_id,) = {reply.body["payment_id"] for reply in replies}
    assert len({json.dumps(said_at_acceptance(reply), sort_keys=True) for reply in replies}) == 1
    assert sum("Idempotent-Replayed" not in reply.headers for reply in replies) <= 1
    assert client.settled(payment_id, timeout_seconds=ALL_SETTLED_SECONDS)["status"] == "succeeded"
    assert client.charges_of(payment_id) == 1


def said_at_acceptance(reply: Reply) -> dict[str, Any]:
    return {name: reply.body.get(name) for name in ("payment_id", "amount", "currency", "customer_id", "created_at")}


def test_fifty_requests_at_once_under_one_key_with_two_bodies_are_one_payment_and_the_others_are_refused(
    client: Client,
) -> None:
    customer = f"customer-{uuid.uuid4()}"
    bodies = [{"amount": str(1 + number % 2), "customer_id": customer} for number in range(FIFTY)]
    replies = at_once(client, bodies)
    (payment,) = client.get(f"/payments?customer_id={customer}").body["items"]
    taken = [Decimal(body["amount"]) == Decimal(payment["amount"]) for body in bodies]
    assert [reply.status for reply in replies] == [202 if mine else 422 for mine in taken]
    assert {reply.body["payment_id"] for reply, mine in zip(replies, taken, strict=True) if mine} == {
        payment["payment_id"]
    }
    assert client.settled(payment["payment_id"], timeout_seconds=ALL_SETTLED_SECONDS)["status"] == "succeeded"
    assert client.charges_of(payment["payment_id"]) == 1
