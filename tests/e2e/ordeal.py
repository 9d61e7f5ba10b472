"""Everything that can go wrong at once, on one deployment, while payments come in by every way."""

from __future__ import annotations

import itertools
import json
import random
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from tests.e2e import fault_file
from tests.e2e.client import eventually

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.e2e.batches import Batches, Money
    from tests.e2e.client import Client
    from tests.e2e.mishaps import Mishaps
    from tests.e2e.workers import Workers

SEED = 20261124

KILLS: Mapping[str, int] = {
    "ingestor": 5,
    "charger": 2,
    "notifier": 2,
    "processor": 4,
    "dispatcher": 2,
    "auditor": 2,
    "validator": 2,
}
"""How often workers of each function are killed; those at work most seldom first."""

EARLY_AMOUNTS = ("4000.02", "4000.08") * 2
"""As the simulated gateway has it: declined, and refused. An answer lost waits for a lease on top of those that kills
cost; it is tested by itself."""

AMOUNT, CURRENCY = "12.34", "EUR"

LEAST_PAYMENTS, MOST_PAYMENTS = 40, 160
ORCHESTRATED_EVERY = 3
CUSTOMERS = 4
POST_PAUSE_SECONDS, LATER_POST_PAUSE_SECONDS = 0.1, 2.0
"""Many at once, then some for as long as workers are killed, so that there is always one at work."""
OFF_SECONDS = 2
EARLY_SECONDS = 20
KILLING_SECONDS = 150
SWEEP_SECONDS = 5
ALL_SETTLED_SECONDS = 240
OPEN = {"accepted", "processing"}


@dataclass
class Ordeal:
    """What was asked of the system while everything went wrong, and where it can be looked up."""

    client: Client
    batches: Batches
    mishaps: Mishaps
    workers: Workers
    bucket: str
    name: str = field(default_factory=lambda: f"ordeal-{uuid.uuid4().hex[:8]}")
    acknowledged: list[str] = field(default_factory=list)
    executions: list[str] = field(default_factory=list)
    batch: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._chance = random.Random(SEED)  # noqa: S311 - test data
        self._numbers = itertools.count()
        self._is_over = False
        self.file = fault_file.fault_file(self.name)
        in_file = (fault_file.AMOUNT, fault_file.CURRENCY)
        self.asked: dict[str, Money] = dict.fromkeys(self.file.good, in_file)
        """What each payment was asked for; those of the API as soon as they are posted."""

    @property
    def payments(self) -> list[str]:
        """The ids of all payments that were acknowledged, one by one or by their file's report."""
        return self.acknowledged + self.file.good

    def statuses(self) -> dict[str, str]:
        """Return how each of the payments stands."""
        wanted = set(self.payments)
        return {id_: status for id_, status in self.batches.statuses().items() if id_ in wanted}

    def stored(self) -> dict[str, Money]:
        """Return what each payment is for, by the table: of all that bear this ordeal's name."""
        return {id_: money for id_, money in self.batches.amounts().items() if id_.startswith(self.name)}

    def charged(self) -> dict[str, set[Money]]:
        """Return what the gateway's own ledger says was charged, or declined, likewise."""
        return {id_: moneys for id_, moneys in self.batches.charged().items() if id_.startswith(self.name)}

    def audited(self) -> set[str]:
        """Return the ids that the audit trail knows, likewise."""
        return {id_ for id_ in self.batches.audited() if id_.startswith(self.name)}

    def run(self) -> None:
        """Let it all happen, then wait until every payment has come to its end.

        The upload's event comes three times: once by itself, once more at once, and once when all is over.
        """
        with ExitStack() as stack, ThreadPoolExecutor() as pool:
            for queue in ("processing", "notification"):
                stack.enter_context(self.mishaps.visible_after(queue, seconds=EARLY_SECONDS))
            posting = [pool.submit(self._post_payments) for _ in range(CUSTOMERS)]
            key, version = self._upload_twice()
            disturbing = pool.submit(self._disturb)
            try:
                self.workers.kill_at_work(KILLS, chance=self._chance, timeout_seconds=KILLING_SECONDS)
            finally:
                self._is_over = True
            for customer in posting:
                customer.result()
            disturbing.result()
            self._tell_again()
            self._await_all()
        self.batch = self.batches.upload.follow(key, version, watch=lambda _progress: None)
        self._start_again(key, version)

    def _upload_twice(self) -> tuple[str, str]:
        """Upload the file, whose event comes a second time at once; return what it was uploaded as."""
        key = f"incoming/{self.name}.csv"
        version = self.batches.put(key, self.file.content)
        self._start_again(key, version)
        return key, version

    def _start_again(self, key: str, version: str) -> None:
        source = {"bucket": self.bucket, "key": key, "version": version}
        self.executions.append(self.mishaps.start_batch(json.dumps(source)))

    def _post_payments(self) -> None:
        for number in self._numbers:
            if number >= MOST_PAYMENTS or (number >= LEAST_PAYMENTS and self._is_over):
                return
            self._post(number)
            time.sleep(POST_PAUSE_SECONDS if number < LEAST_PAYMENTS else LATER_POST_PAUSE_SECONDS)

    def _post(self, number: int) -> None:
        payment_id = f"{self.name}-api-{number}"
        amount = dict(enumerate(EARLY_AMOUNTS)).get(number, AMOUNT)
        body = {"payment_id": payment_id, "amount": amount, "currency": CURRENCY}
        self.asked[payment_id] = Decimal(amount), CURRENCY
        way = "orchestrated" if number % ORCHESTRATED_EVERY == 0 else "queued"
        answer = self.client.post_until_answered(body | {"processing": way})
        assert answer.status == 202, answer
        self.acknowledged.append(payment_id)
        self.mishaps.duplicate("processing", payment_id)

    def _disturb(self) -> None:
        for disturbed in (
            self.mishaps.consumer_off("processor"),
            self.mishaps.one_at_a_time("processor"),
            self.mishaps.consumer_off("dispatcher"),
            self.mishaps.few_at_a_time("processor"),
            self.mishaps.consumer_off("auditor"),
            self.mishaps.one_at_a_time("dispatcher"),
            self.mishaps.consumer_off("notifier"),
        ):
            with disturbed:
                time.sleep(OFF_SECONDS)

    def _tell_again(self) -> None:
        for payment_id in self.acknowledged:
            self.mishaps.duplicate("notification", payment_id)

    def _await_all(self) -> None:
        """Wait, and sweep more often than the schedule does, until nothing is open."""

        def swept() -> dict[str, str]:
            self.mishaps.sweep()
            time.sleep(SWEEP_SECONDS)
            return self.statuses()

        eventually(
            swept,
            lambda seen: len(seen) == len(self.payments) and not OPEN & set(seen.values()),
            timeout_seconds=ALL_SETTLED_SECONDS,
        )
