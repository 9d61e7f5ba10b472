"""The reckoning can fail: each mistake in the product, put in on purpose, is caught by a promise it breaks."""

from __future__ import annotations

import pytest

from tests.simulation.mutants import MUTANTS
from tests.simulation.result import caught


@pytest.mark.parametrize("name", MUTANTS)
def test_a_mistake_is_caught_and_the_promise_it_breaks_is_named(name: str) -> None:
    promises = caught(name).mutants[name]
    assert promises
    assert set(promises) <= MUTANTS[name].breaks
