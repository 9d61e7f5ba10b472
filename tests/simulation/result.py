"""What many runs came to, as plain data."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tests.simulation.mutants import MUTANTS
from tests.simulation.promises import reckon
from tests.simulation.run import Run

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

PAYMENTS_PER_RUN = 25
MOST_SEEDS_PER_MUTANT = 60


@dataclass(frozen=True)
class Violation:
    """A promise that did not hold: in the run of which seed, of what, and what was seen instead."""

    seed: int
    promise: str
    about: str
    said: str


@dataclass(frozen=True)
class Result:
    """Counts of runs, payments and injected faults by kind, and every violation."""

    runs: int = 0
    payments: int = 0
    statuses: Mapping[str, int] = field(default_factory=dict)
    faults: Mapping[str, int] = field(default_factory=dict)
    violations: tuple[Violation, ...] = ()
    mutants: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """By each mutant's name the promises that caught it; none where it was not caught."""

    @property
    def injected(self) -> int:
        return sum(self.faults.values())

    @property
    def uncaught(self) -> tuple[str, ...]:
        return tuple(name for name, promises in self.mutants.items() if not promises)

    def __add__(self, other: Result) -> Result:
        return Result(
            runs=self.runs + other.runs,
            payments=self.payments + other.payments,
            statuses=Counter(self.statuses) + Counter(other.statuses),
            faults=Counter(self.faults) + Counter(other.faults),
            violations=self.violations + other.violations,
            mutants={**self.mutants, **other.mutants},
        )

    def as_json(self) -> dict[str, Any]:
        """Return all of it, JSON-ready, in an order that does not depend on the run's."""
        return {
            "runs": self.runs,
            "payments": self.payments,
            "statuses": dict(sorted(self.statuses.items())),
            "faults": {"total": self.injected, "by_kind": dict(sorted(self.faults.items()))},
            "violations": [vars(violation) for violation in self.violations],
            "mutants": {
                "total": len(self.mutants),
                "caught": len(self.mutants) - len(self.uncaught),
                "caught_by": {name: list(promises) for name, promises in sorted(self.mutants.items())},
            },
        }


def result_of(run: Run) -> Result:
    """Let ``run`` happen, and return what it came to."""
    run.run()
    reckon(run)
    payments = run.site.store.payments.values()
    return Result(
        runs=1,
        payments=len(payments),
        statuses=Counter(str(payment.status) for payment in payments),
        faults={str(fault): count for fault, count in run.site.mishaps.counts.items()},
        violations=tuple(Violation(run.seed, *violation) for violation in run.violations),
    )


def results_of(seeds: Iterable[int], *, payments: int = PAYMENTS_PER_RUN) -> Result:
    """Return what the runs of all ``seeds`` came to."""
    return sum((result_of(Run(seed, payments=payments)) for seed in seeds), Result())


def caught(name: str, *, seeds: int = MOST_SEEDS_PER_MUTANT) -> Result:
    """Return the promises that the mutant ``name`` was seen to break in the first of ``seeds`` runs where it was."""
    mutant = MUTANTS[name]
    for seed in range(seeds):
        broken = {
            violation.promise for violation in result_of(Run(seed, payments=PAYMENTS_PER_RUN, mutant=mutant)).violations
        }
        if broken & mutant.breaks:
            return Result(mutants={name: tuple(sorted(broken & mutant.breaks))})
    return Result(mutants={name: ()})
