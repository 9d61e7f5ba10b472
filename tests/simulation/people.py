"""Who is outside: clients with their orders, senders of files, and what each of them asked for, to the minor unit."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from payments.domain.identifiers import payment_id_from_key
from payments.domain.money import CURRENCY_EXPONENTS, MAX_INTEGER_DIGITS

if TYPE_CHECKING:
    import random

CURRENCIES = ("EUR", "USD", "USD", "JPY", "KWD")
HEADER = "payment_id,amount,currency,customer_id"


@dataclass(eq=False)
class Order:
    """What one client asks for, and which answers it got. ``customer_id`` is its alone: so payments can be traced.

    An order with neither key nor payment id is sent once: nobody could tell its repeat from another order.
    """

    customer_id: str
    amount: Decimal
    currency: str
    key: str | None
    payment_id: str | None
    is_orchestrated: bool
    answers: list[dict[str, Any]] = field(default_factory=list)
    sent: int = 0
    is_refused: bool = False
    is_under_way: bool = False

    @property
    def may_repeat(self) -> bool:
        return self.key is not None or self.payment_id is not None

    @property
    def is_done(self) -> bool:
        return bool(self.answers) or self.is_refused or (self.sent > 0 and not self.may_repeat)

    @property
    def expected_id(self) -> str | None:
        return self.payment_id or (payment_id_from_key(self.key) if self.key else None)

    def body(self) -> dict[str, Any]:
        body = {"amount": f"{self.amount:f}", "currency": self.currency, "customer_id": self.customer_id}
        if self.payment_id:
            body["payment_id"] = self.payment_id
        if self.is_orchestrated:
            body["processing"] = "orchestrated"
        return body

    def contradiction(self) -> dict[str, Any]:
        """Return a body that says something else: another amount, and another id where the key alone must tell."""
        body = {**self.body(), "amount": f"{self.amount + 1:f}"}
        if self.key and self.payment_id:
            body["payment_id"] = f"{self.payment_id}-other"
        return body


@dataclass(eq=False)
class Upload:
    """A file of payments: ``rows`` has what each good line asks for, by its customer id."""

    number: int
    lines: list[str]
    rows: dict[str, tuple[Decimal, str]]
    received: int
    executions: int = 0

    @property
    def content(self) -> bytes:
        return "\n".join([HEADER, *self.lines]).encode()


def an_order(chance: random.Random, number: int) -> Order:
    currency = chance.choice(CURRENCIES)
    known_by = chance.choice(["key", "key", "id", "both", "nothing"])
    return Order(
        customer_id=f"client-{number}",
        amount=an_amount(chance, currency),
        currency=currency,
        key=f"key-{number}" if known_by in {"key", "both"} else None,
        payment_id=f"order-{number}" if known_by in {"id", "both"} else None,
        is_orchestrated=chance.random() < 0.35,
    )


def an_amount(chance: random.Random, currency: str) -> Decimal:
    exponent = CURRENCY_EXPONENTS[currency]
    digits = chance.choice([2, 4, 5, 7, MAX_INTEGER_DIGITS + exponent])
    return Decimal(chance.randrange(1, 10**digits)).scaleb(-exponent)


def an_upload(chance: random.Random, number: int, good: int, orders: list[Order]) -> Upload:
    """Return a file of ``good`` rows, some bad ones, and now and then a row that repeats an order of the API."""
    upload = Upload(number, [], {}, 0)
    for row in range(good):
        currency = chance.choice(CURRENCIES)
        amount, customer_id = an_amount(chance, currency), f"file-{number}-{row}"
        payment_id = chance.choice(["", f"row-{number}-{row}"])
        upload.lines.append(f"{payment_id},{amount:f},{currency},{customer_id}")
        upload.rows[customer_id] = (amount, currency)
        upload.received += 1
        if chance.random() < 0.3:
            upload.lines.append(chance.choice([f"bad-{row},-1,EUR,x", f"bad-{row},1.001,EUR,x", "1,2", "bad,1,XXX,x"]))
            upload.received += 1
    named = [order for order in orders if order.payment_id and not order.key and not order.is_orchestrated]
    if named:
        order = chance.choice(named)
        upload.lines.append(f"{order.payment_id},{order.amount:f},{order.currency},{order.customer_id}")
        upload.received += 1
    return upload
