"""In-memory ports with the semantics the real ones are held to, and a way to die at any step between two of them."""

from __future__ import annotations

from collections import Counter, defaultdict, deque
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from enum import Enum, auto
from typing import TYPE_CHECKING, TypeVar

from payments.domain.errors import (
    DeliveryFailed,
    GatewayAmbiguous,
    GatewayRefused,
    HistoryMismatch,
    IdempotencyConflict,
    PaymentIdTaken,
    PaymentNotFound,
    RequestRefused,
    VersionConflict,
    Violation,
)
from payments.domain.identifiers import SHARDS, shard_of, uuid7
from payments.ports import Charge, KeyRecord, LedgerEntry, Notification, Page

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from decimal import Decimal

    from payments.domain.audit import AuditEvent
    from payments.domain.payment import Payment
    from payments.ports import Clock

LONGEST_KEY_BYTES = 2048
START = datetime(2026, 11, 22, 3, 36, 42, tzinfo=UTC)

Answer = TypeVar("Answer")


class ProcessDied(BaseException):
    """The worker is gone, in the middle of what it did. No ``except Exception`` sees it, as none sees a SIGKILL."""


class Faults:
    """Kills the worker at chosen steps; every effect of a fake has a step right before it and one right after.

    A read has no steps: whoever dies at one leaves nothing behind. Who lets workers take turns overrides both.
    """

    def __init__(self) -> None:
        self.seen: list[str] = []
        self._fatal_steps: set[int] = set()

    def kill_at(self, *steps: int) -> None:
        """Let the process die at these steps, counted from now (0 is the next one)."""
        self._fatal_steps |= {len(self.seen) + step for step in steps}

    def around(self, name: str, effect: Callable[[], Answer]) -> Answer:
        """Return what ``effect`` returns, unless the process dies right before or right after it."""
        self._step(f"before {name}")
        answer = effect()
        self._step(f"after {name}")
        return answer

    def looking(self, name: str, read: Callable[[], Answer]) -> Answer:  # noqa: ARG002 - for those who override it
        """Return what ``read`` returns."""
        return read()

    def _step(self, name: str) -> None:
        self.seen.append(name)
        if len(self.seen) - 1 in self._fatal_steps:
            raise ProcessDied(name)


class FakeClock:
    """Stands still until moved."""

    def __init__(self, now: datetime = START) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def move(self, by: timedelta) -> None:
        self.now += by


class FakeTokens:
    """UUIDv7s that count up: the same in every run."""

    def __init__(self) -> None:
        self._drawn = 0

    def __call__(self) -> str:
        self._drawn += 1
        return uuid7(START, self._drawn.to_bytes(10))


class FakeMeasurements:
    """Sums up what was counted."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()

    def count(self, name: str, value: int = 1) -> None:
        self.counts[name] += value


def assert_possible_key(key: str) -> None:
    """Raise ValueError where DynamoDB would answer with a ValidationException: a key has 1 to 2048 bytes of UTF-8."""
    if not 1 <= len(key.encode()) <= LONGEST_KEY_BYTES:
        raise ValueError(f"a key of {len(key)} characters")


class FakeStore:
    """A payments table with its conditions, its stream and its index of open payments.

    ``lose_next_answer`` makes the next write happen, drops its answer and lets the SDK try it again, as botocore does.
    """

    def __init__(self, faults: Faults | None = None) -> None:
        self.payments: dict[str, Payment] = {}
        self.key_records: dict[str, KeyRecord] = {}
        self.changes: list[tuple[Payment | None, Payment]] = []
        self.writes = 0
        self.before_next_write: Callable[[], object] | None = None
        self._faults = faults or Faults()
        self._answers_to_lose = 0

    def lose_next_answer(self) -> None:
        self._answers_to_lose += 1

    def get(self, payment_id: str) -> Payment:
        assert_possible_key(payment_id)
        return self._faults.looking("get", lambda: self._get(payment_id))

    def create(self, payment: Payment, *, key_record: KeyRecord | None = None) -> Payment:
        return self._write("create", lambda: self._create(payment, key_record))

    def advance(self, payment: Payment) -> None:
        return self._write("advance", lambda: self._advance(payment))

    def list_of_customer(self, customer_id: str, *, limit: int, next_token: str | None) -> Page:
        return self._page(lambda payment: payment.customer_id == customer_id, limit, next_token)

    def list_created_on(self, day: date, *, limit: int, next_token: str | None) -> Page:
        return self._page(lambda payment: payment.created_at.date() == day, limit, next_token)

    def get_all(self, payment_ids: Iterable[str]) -> Mapping[str, Payment]:
        ids = sorted(payment_ids)  # a set's own order is another in each process
        return self._faults.looking(
            "payments", lambda: {id_: self.payments[id_] for id_ in ids if id_ in self.payments}
        )

    def created_on(self, day: date) -> Iterator[Payment]:
        return iter(self._faults.looking("day", lambda: self._created_on(day)))

    def ids_due_before(self, moment: datetime, *, limit: int) -> Sequence[str]:
        return self._faults.looking("due payments", lambda: self._ids_due_before(moment, limit))

    def _get(self, payment_id: str) -> Payment:
        if payment_id not in self.payments:
            raise PaymentNotFound(payment_id)
        return self.payments[payment_id]

    def _created_on(self, day: date) -> list[Payment]:
        return [payment for payment in self.payments.values() if payment.created_at.date() == day]

    def _ids_due_before(self, moment: datetime, limit: int) -> Sequence[str]:
        due = sorted(
            (payment.due_at, payment.payment_id)
            for payment in self.payments.values()
            if payment.due_at is not None and payment.due_at < moment
        )
        of_shard = {shard: [found for found in due if shard_of(found[1]) == shard][:limit] for shard in SHARDS}
        return [payment_id for _, payment_id in sorted(found for part in of_shard.values() for found in part)]

    def _write(self, name: str, write: Callable[[], Answer]) -> Answer:
        if self.before_next_write:
            intrusion, self.before_next_write = self.before_next_write, None
            intrusion()
        if self._answers_to_lose:
            self._answers_to_lose -= 1
            write()
        return self._faults.around(name, write)

    def _create(self, payment: Payment, key_record: KeyRecord | None) -> Payment:
        self._check_key(payment, key_record)
        stored = self.payments.get(payment.payment_id)
        if stored and stored.owner_token == payment.owner_token:
            return payment
        if stored and stored.request_hash != payment.request_hash:
            raise PaymentIdTaken(payment.payment_id)
        if key_record:
            self.key_records[key_record.record_id] = key_record
        if not stored:
            self._put(None, payment)
        return stored or payment

    def _check_key(self, payment: Payment, key_record: KeyRecord | None) -> None:
        # One item under the id that the key derives: a key record, or the payment that the key alone led to.
        if key_record is None:
            if self._living_record(payment.payment_id, payment.created_at):
                raise IdempotencyConflict
            return
        record = self._living_record(key_record.record_id, payment.created_at)
        found = record or self.payments.get(key_record.record_id)
        if found and found.request_hash != payment.request_hash:
            raise IdempotencyConflict
        if self._living_record(payment.payment_id, payment.created_at):
            raise PaymentIdTaken(payment.payment_id)

    def _living_record(self, record_id: str, now: datetime) -> KeyRecord | None:
        record = self.key_records.get(record_id)
        return record if record and record.expires_at > now else None

    def _advance(self, payment: Payment) -> None:
        stored = self.payments.get(payment.payment_id)
        if stored and (stored.version, stored.owner_token, stored.status) == (
            payment.version,
            payment.owner_token,
            payment.status,
        ):
            return
        if not stored or stored.version != payment.version - 1:
            raise VersionConflict(payment.payment_id, payment.version - 1, stored)
        self._put(stored, payment)

    def _put(self, old: Payment | None, new: Payment) -> None:
        self.payments[new.payment_id] = new
        self.changes.append((old, new))
        self.writes += 1

    def _page(self, wanted: Callable[[Payment], bool], limit: int, next_token: str | None) -> Page:
        if next_token is not None and not next_token.isdecimal():
            raise RequestRefused([Violation("/next_token", "was not issued for this listing")])
        start = int(next_token or 0)
        found = sorted(filter(wanted, self.payments.values()), key=lambda p: (p.created_at, p.payment_id), reverse=True)
        more = len(found) > start + limit
        return Page(tuple(found[start : start + limit]), str(start + limit) if more else None)


class FakeQueue:
    """Takes messages, except for the ids in ``refused``."""

    def __init__(self, faults: Faults | None = None) -> None:
        self.messages: deque[str] = deque()
        self.refused: set[str] = set()
        self._faults = faults or Faults()

    def send(self, payment_ids: Iterable[str]) -> Sequence[str]:
        ids = list(payment_ids)
        self._faults.around("send", lambda: self.messages.extend(id_ for id_ in ids if id_ not in self.refused))
        return [id_ for id_ in ids if id_ in self.refused]


class FakeAuditLog:
    """Appends, and refuses to say anything else about what it holds."""

    def __init__(self, faults: Faults | None = None) -> None:
        self.events: dict[str, AuditEvent] = {}
        self._faults = faults or Faults()

    def append(self, event: AuditEvent) -> None:
        self._faults.around("append", lambda: self._append(event))

    def events_of(self, payment_id: str) -> Sequence[AuditEvent]:
        assert_possible_key(payment_id)
        found = (event for event in self.events.values() if event.payment_id == payment_id)
        return sorted(found, key=lambda event: event.entry.version)

    def _append(self, event: AuditEvent) -> None:
        recorded = self.events.setdefault(event.event_id, event)
        if recorded.entry.hash != event.entry.hash:
            raise HistoryMismatch(f"event {event.event_id} is recorded with another hash")


class FakeNotifier:
    """Keeps what it delivered; fails ``failures`` times first."""

    def __init__(self, faults: Faults | None = None) -> None:
        self.delivered: list[Notification] = []
        self.failures = 0
        self._faults = faults or Faults()

    def notify(self, notification: Notification) -> None:
        if self.failures:
            self.failures -= 1
            raise DeliveryFailed("the topic did not take it")
        self._faults.around("notify", lambda: self.delivered.append(notification))


class FakeWorkflow:
    """Keeps which workflows it started, and the first answer to each wait; fails ``failures`` times first."""

    def __init__(self, faults: Faults | None = None) -> None:
        self.started: list[str] = []
        self.answers: dict[str, bool] = {}
        self.failures = 0
        self._faults = faults or Faults()

    def start(self, payment_id: str) -> None:
        self._fail()
        self._faults.around("start", lambda: None if payment_id in self.started else self.started.append(payment_id))

    def answer(self, task_token: str, *, granted: bool) -> None:
        self._fail()
        self._faults.around("answer", lambda: self.answers.setdefault(task_token, granted))

    def _fail(self) -> None:
        if self.failures:
            self.failures -= 1
            raise DeliveryFailed("Step Functions did not take it")


@dataclass(frozen=True)
class AskedApproval:
    """What the back office was told."""

    payment_id: str
    amount: Decimal
    currency: str
    approval_token: str
    asked_at: datetime
    expires_at: datetime


class FakeApprovalRequests:
    """Keeps what the back office was told; fails ``failures`` times first."""

    def __init__(self, faults: Faults | None = None) -> None:
        self.asked: list[AskedApproval] = []
        self.failures = 0
        self._faults = faults or Faults()

    def ask(
        self,
        *,
        payment_id: str,
        amount: Decimal,
        currency: str,
        approval_token: str,
        asked_at: datetime,
        expires_at: datetime,
    ) -> None:
        if self.failures:
            self.failures -= 1
            raise DeliveryFailed("the topic did not take it")
        asked = AskedApproval(payment_id, amount, currency, approval_token, asked_at, expires_at)
        self._faults.around("ask", lambda: self.asked.append(asked))


class Act(Enum):
    """How a :class:`FakeGateway` behaves at one call."""

    APPROVE = auto()
    DECLINE = auto()
    REFUSE = auto()
    TIME_OUT_BEFORE_CHARGING = auto()
    TIME_OUT_AFTER_CHARGING = auto()
    ECHO_ANOTHER_AMOUNT = auto()


class FakeGateway:
    """A gateway that keeps its promises and not one more: it forgets a key when ``key_retention`` is over.

    ``taken`` lists every time money moved, so a payment in it twice was charged twice. ``acts`` are used up one a call;
    without one it does what ``decide`` says of the reference, and approves where nobody says anything.
    ``before_next_charge`` lets something else happen while the gateway is at work. ``clock`` is the gateway's own: the
    workers' clocks may differ from it.
    """

    def __init__(
        self, clock: Clock, *, key_retention: timedelta = timedelta(hours=24), faults: Faults | None = None
    ) -> None:
        self.acts: deque[Act] = deque()
        self.taken: list[str] = []
        self.keys_seen: defaultdict[str, set[str]] = defaultdict(set)
        self.charge_calls = 0
        self.find_calls = 0
        self.finds_nothing_out = False
        self.decide: Callable[[str], Act] = lambda _: Act.APPROVE
        self.before_next_charge: Callable[[], object] | None = None
        self._clock = clock
        self._key_retention = key_retention
        self._faults = faults or Faults()
        self._remembered: dict[str, tuple[datetime, Charge]] = {}
        self._charges: defaultdict[str, list[Charge]] = defaultdict(list)
        self._entries: list[LedgerEntry] = []

    @property
    def key_retention(self) -> timedelta:
        return self._key_retention

    def charge(self, *, idempotency_key: str, reference: str, amount: Decimal, currency: str) -> Charge:
        self.charge_calls += 1
        self.keys_seen[reference].add(idempotency_key)
        act = self.acts.popleft() if self.acts else self.decide(reference)
        if self.before_next_charge:
            intrusion, self.before_next_charge = self.before_next_charge, None
            intrusion()
        if act is Act.TIME_OUT_BEFORE_CHARGING:
            raise GatewayAmbiguous("time-out")
        if act is Act.REFUSE:
            raise GatewayRefused("account_closed", "no")
        new = Charge(
            approved=act is not Act.DECLINE,
            reference=f"ch_{reference}",
            amount=amount + 1 if act is Act.ECHO_ANOTHER_AMOUNT else amount,
            currency=currency,
            decline_code="insufficient_funds" if act is Act.DECLINE else None,
        )
        charge = self._faults.around("charge", lambda: self._once(idempotency_key, reference, new))
        if act is Act.TIME_OUT_AFTER_CHARGING:
            raise GatewayAmbiguous("time-out")
        return charge

    def find(self, *, reference: str) -> Charge | None:
        self.find_calls += 1
        if self.finds_nothing_out:
            raise GatewayAmbiguous("500")
        return self._faults.looking("find", lambda: next(iter(self.charges_of(reference)), None))

    def charges_of(self, reference: str) -> Sequence[Charge]:
        """Return the ledger's lines for ``reference``: declined ones too."""
        return tuple(self._charges[reference])

    def charges_between(self, start: datetime, end: datetime) -> Iterator[LedgerEntry]:
        return iter([entry for entry in self._entries if start <= entry.charged_at < end])

    def _once(self, idempotency_key: str, reference: str, new: Charge) -> Charge:
        since, charge = self._remembered.get(idempotency_key, (None, new))
        if since is not None and self._clock() < since + self._key_retention:
            return charge
        if self._charges[reference]:
            new = replace(new, reference=f"{new.reference}-{len(self._charges[reference]) + 1}")
        self._remembered[idempotency_key] = (self._clock(), new)
        self._charges[reference].append(new)
        self._entries.append(LedgerEntry(payment_id=reference, charge=new, charged_at=self._clock()))
        if new.approved:
            self.taken.append(reference)
        return new


class InMemoryLedger:
    """The simulator's book, in a dictionary by reference and key."""

    def __init__(self) -> None:
        self._lines: dict[tuple[str, str], LedgerEntry | None] = {}

    def begin(self, *, reference: str, idempotency_key: str) -> bool:
        first = (reference, idempotency_key) not in self._lines
        self._lines.setdefault((reference, idempotency_key), None)
        return first

    def record(self, charge: Charge, *, reference: str, idempotency_key: str, at: datetime) -> Charge:
        new = LedgerEntry(payment_id=reference, charge=charge, charged_at=at)
        stands = self._lines.get((reference, idempotency_key)) or new
        self._lines[reference, idempotency_key] = stands
        return stands.charge

    def charges_of(self, reference: str) -> Sequence[Charge]:
        return [entry.charge for entry in self._lines.values() if entry and entry.payment_id == reference]

    def charges_between(self, start: datetime, end: datetime) -> Iterator[LedgerEntry]:
        return iter([entry for entry in self._lines.values() if entry and start <= entry.charged_at < end])
