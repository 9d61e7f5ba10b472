"""What is kept under a gateway that breaks a promise of its own, and what can't be: said in ``says``, asserted here."""

from __future__ import annotations

import pytest

from tests.simulation.dishonest import DISHONESTIES
from tests.simulation.promises import reckon
from tests.simulation.result import PAYMENTS_PER_RUN
from tests.simulation.run import Run

SEEDS, MOST_SEEDS = 6, 30
"""As many runs each; more where nothing was seen lost that is said to be, which may take a while."""


@pytest.mark.parametrize("name", DISHONESTIES)
def test_a_dishonest_gateway_costs_no_more_than_its_own_promise(name: str) -> None:
    dishonesty = DISHONESTIES[name]
    broken: set[str] = set()
    for seed in range(MOST_SEEDS):
        if seed >= SEEDS and broken == dishonesty.costs:
            break
        run = Run(seed, payments=PAYMENTS_PER_RUN, mutant=dishonesty.mutant)
        run.run()
        reckon(run)
        broken |= {promise for promise, _, _ in run.violations}
        for payment in run.site.store.payments.values():
            assert dishonesty.is_bounded(run, payment), (seed, payment.payment_id, dishonesty.says)
    # What is said to be lost was seen lost: a gateway's promise that costs nothing would not be needed.
    assert broken == dishonesty.costs
