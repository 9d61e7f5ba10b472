"""A gateway whose ledger does not list every charge, once, under its day; asked for a payment's, it tells the truth."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from hashlib import sha256
from typing import TYPE_CHECKING
from unittest import mock

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import ExitStack
    from datetime import datetime

    from payments.ports import LedgerEntry
    from tests.simulation.run import Run

    Shown = Callable[[LedgerEntry], Iterator[LedgerEntry]]

A_WEEK = timedelta(days=7)
"""Further back than any run of the reconciler looks."""


def omits_lines(run: Run, stack: ExitStack) -> None:
    def shown(entry: LedgerEntry) -> Iterator[LedgerEntry]:
        if not _is_chosen(entry):
            yield entry

    _show(run, stack, shown)


def misdates_lines_by_a_day(run: Run, stack: ExitStack) -> None:
    _misdate(run, stack, timedelta(days=1))


def misdates_lines_by_a_week(run: Run, stack: ExitStack) -> None:
    _misdate(run, stack, A_WEEK)


def doubles_lines(run: Run, stack: ExitStack) -> None:
    def shown(entry: LedgerEntry) -> Iterator[LedgerEntry]:
        yield entry
        yield entry

    _show(run, stack, shown)


def doubles_lines_under_another_name(run: Run, stack: ExitStack) -> None:
    def shown(entry: LedgerEntry) -> Iterator[LedgerEntry]:
        yield entry
        yield replace(entry, charge=replace(entry.charge, reference=f"{entry.charge.reference}-again"))

    _show(run, stack, shown)


def _misdate(run: Run, stack: ExitStack, back: timedelta) -> None:
    def shown(entry: LedgerEntry) -> Iterator[LedgerEntry]:
        yield replace(entry, charged_at=entry.charged_at - back) if _is_chosen(entry) else entry

    _show(run, stack, shown)


def _is_chosen(entry: LedgerEntry) -> bool:
    return sha256(entry.payment_id.encode()).digest()[0] % 8 != 0


def _show(run: Run, stack: ExitStack, shown: Shown) -> None:
    entries = run.site.gateway.charges_between

    def listed(start: datetime, end: datetime) -> list[LedgerEntry]:
        all_of_them = (each for entry in entries(start - A_WEEK, end + A_WEEK) for each in shown(entry))
        return [entry for entry in all_of_them if start <= entry.charged_at < end]

    stack.enter_context(mock.patch.object(run.site.ledger, "listed", listed))
