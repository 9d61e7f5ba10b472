"""What a row of a file costs in write units over its life, by the rules AWS publishes; docs/settings.md says the same.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/GSI.html#GSI.ThroughputConsiderations.Writes
"""

from __future__ import annotations

import re
from functools import cache
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest

from payments.adapters.dynamodb.payment_item import to_item
from payments.adapters.gateway_simulator import SimulatorGateway
from payments.runtime import system
from payments.use_cases import process_payment
from payments_infra.constructs.table import BY_CUSTOMER, BY_DAY, OPEN_BY_DUE, SETTLED_BY_BATCH
from tests.fakes import InMemoryLedger
from tests.infra.whole_stack import ROOT
from tests.unit.batch_site import HEADER, LEASE, BatchSite

if TYPE_CHECKING:
    from collections.abc import Mapping

    from payments.domain.payment import Payment
    from payments_infra.constructs.encrypted_table import LeanIndex

    Item = Mapping[str, Mapping[str, Any]]

ROWS = {
    "short": b"order-4711,12.34,EUR,ada,invoice 17",
    "long": b"order-2026-11-24-0004711,1234567.89,EUR,customer-0004711,salary of November",
}
PAGE = (ROOT / "docs" / "settings.md").read_text("utf-8")
UNIT_BYTES = 1024
INDEXES = (OPEN_BY_DUE, BY_DAY, BY_CUSTOMER, SETTLED_BY_BATCH)


@cache
def versions(row: str) -> tuple[Payment, ...]:
    """Return the payment of ``row`` as it is entered, claimed and settled, written by the use cases themselves."""
    site = BatchSite()
    site.tokens = system.new_token  # type: ignore[assignment] # of the length real ones have
    site.paid(HEADER + ROWS[row] + b"\n")
    (entered,) = site.entered().values()
    written = [entered]
    advance = site.payments.advance

    def noting(payment: Payment) -> None:
        written.append(payment)
        advance(payment)

    site.payments.advance = noting  # type: ignore[method-assign]
    process_payment(
        entered.payment_id,
        actor="processor",
        store=site.payments,
        gateway=SimulatorGateway(InMemoryLedger()),
        clock=site.clock,
        tokens=system.new_token,
        lease=LEASE,
        measure=site.measure,
    )
    return tuple(written)


def size_of(item: Item) -> int:
    """Return the bytes DynamoDB counts for ``item``."""
    return sum(len(name.encode()) + _value_bytes(value) for name, value in item.items())


def _value_bytes(value: Mapping[str, Any]) -> int:
    ((kind, held),) = value.items()
    if kind == "S":
        return len(held.encode())
    if kind == "N":
        digits = held.lstrip("-").replace(".", "").strip("0")
        return (len(digits) + 1) // 2 + 1
    if kind == "L":
        return 3 + sum(1 + _value_bytes(one) for one in held)
    if kind == "M":
        return 3 + sum(1 + len(name.encode()) + _value_bytes(one) for name, one in held.items())
    raise AssertionError(f"a payment holds no {kind}")


def units(*sizes: int) -> int:
    """Return what a write costs that meets an item of one size and leaves one of another: the larger counts."""
    return -(-max(sizes) // UNIT_BYTES)


def table_units(items: list[Item]) -> list[int]:
    sizes = [size_of(item) for item in items]
    # A transaction costs two units for each KB.
    return [2 * units(sizes[0]), *(units(before, after) for before, after in pairwise(sizes))]


def index_units(index: LeanIndex, items: list[Item]) -> list[int]:
    entries = [_entry(index, item) for item in items]
    return [_entry_units(before, after) for before, after in pairwise([None, *entries])]


def _entry(index: LeanIndex, item: Item) -> tuple[object, ...] | None:
    keys = [item.get(attribute.name) for attribute in (index.partition, index.sort)]
    return None if None in keys else tuple(keys)


def _entry_units(before: object, after: object) -> int:
    # An entry of keys alone is below a KB. Another key is another entry: one goes, and one comes.
    return 0 if before == after else (before is not None) + (after is not None)


def spent(row: str) -> dict[str, list[int]]:
    items: list[Item] = [to_item(version) for version in versions(row)]
    return {"the table": table_units(items), **{f"`{one.name}`": index_units(one, items) for one in INDEXES}}


def sizes(row: str) -> list[int]:
    return [size_of(to_item(version)) for version in versions(row)]


def test_a_row_costs_what_the_settings_page_says() -> None:
    for where, costs in spent("short").items():
        entered, claimed, settled = costs
        assert f"| {where} | {entered} | {claimed} | {settled} | {sum(costs)} |" in PAGE


def test_a_row_is_as_long_as_the_settings_page_says() -> None:
    said = re.search(r"about (\d+) bytes entered, (\d+) claimed and ([\d,]+) settled", PAGE)
    assert said
    assert [int(one.replace(",", "")) for one in said.groups()] == pytest.approx(sizes("short"), rel=0.02)


def test_some_forty_characters_more_cost_one_unit_more() -> None:
    assert 35 <= sizes("long")[0] - sizes("short")[0] <= 45
    assert spent("long") == {**spent("short"), "the table": [2, 2, 2]}
