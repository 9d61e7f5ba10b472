"""What a dishonest gateway costs: the promises that it was seen to break, and payments it hurt more than was said."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tests.simulation.dishonest import DISHONESTIES
from tests.simulation.promises import ALL_PROMISES, reckon
from tests.simulation.run import PAYMENTS_PER_RUN, Run

SEEDS, MOST_SEEDS = 6, 30
"""As many runs each; more where nothing was seen lost that is said to be, which may take a while."""


@dataclass(frozen=True)
class Damage:
    """What came of one dishonesty: ``costs`` is what was said to be lost, ``broken`` what was seen lost.

    ``beyond`` names the payments that are worse off than ``says`` has it, and the commands that tell how.
    """

    costs: frozenset[str]
    broken: frozenset[str]
    beyond: tuple[str, ...]
    says: str

    @property
    def is_as_said(self) -> bool:
        """Whether all is as was said: a gateway's promise that costs nothing to break would not be needed."""
        return self.broken == self.costs and not self.beyond

    def as_json(self) -> dict[str, Any]:
        """Return it JSON-ready, with the promises that held."""
        return {
            "as_said": self.is_as_said,
            "costs": sorted(self.costs),
            "broken": sorted(self.broken),
            "held": sorted(ALL_PROMISES - self.broken),
            "beyond": list(self.beyond),
            "says": self.says,
        }


def damage_of(name: str) -> Damage:
    """Return what the dishonesty ``name`` came to."""
    dishonesty = DISHONESTIES[name]
    broken: set[str] = set()
    beyond: list[str] = []
    for seed in range(MOST_SEEDS):
        if seed >= SEEDS and broken == dishonesty.costs:
            break
        run = Run(seed, payments=PAYMENTS_PER_RUN, mutant=dishonesty.mutant)
        run.run()
        reckon(run)
        broken |= {promise for promise, _, _ in run.violations}
        hurt = [payment for payment in run.site.store.payments.values() if not dishonesty.is_bounded(run, payment)]
        beyond += [f"{payment.payment_id}; tell it: {run.command}" for payment in hurt]
    return Damage(dishonesty.costs, frozenset(broken), tuple(beyond), dishonesty.says)
