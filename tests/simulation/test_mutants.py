"""The reckoning can fail: each mistake in the product, put in on purpose, is caught by a promise it breaks."""

from __future__ import annotations

import pytest

from tests.simulation.mutants import MUTANTS, Mutant
from tests.simulation.promises import ALL_PROMISES
from tests.simulation.result import caught


@pytest.mark.parametrize("name", MUTANTS)
def test_a_mistake_is_caught_and_the_promise_it_breaks_is_named(name: str) -> None:
    assert set(caught(name).mutants[name]) & MUTANTS[name].breaks


def test_every_promise_is_one_that_some_mistake_is_meant_to_break() -> None:
    assert set().union(*(mutant.breaks for mutant in MUTANTS.values())) == ALL_PROMISES


def test_what_is_no_mistake_is_not_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(MUTANTS, "changes nothing", Mutant("changes nothing", lambda *_: None, ALL_PROMISES))
    assert caught("changes nothing", seeds=5).mutants == {"changes nothing": ()}
