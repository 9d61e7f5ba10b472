"""What many runs came to, as plain data."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tests.simulation.mutants import MUTANTS
from tests.simulation.promises import ALL_PROMISES, reckon
from tests.simulation.run import PAYMENTS_PER_RUN, Run

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from tests.simulation.damage import Damage

MOST_SEEDS_PER_MUTANT = 60


@dataclass(frozen=True)
class Violation:
    """A promise that did not hold: in the run of which seed, of what, what was seen, and what tells it step by step."""

    seed: int
    promise: str
    about: str
    said: str
    command: str


@dataclass(frozen=True)
class Result:
    """Counts of runs, payments and injected faults by kind, and every violation."""

    runs: int = 0
    payments: int = 0
    statuses: Mapping[str, int] = field(default_factory=dict)
    faults: Mapping[str, int] = field(default_factory=dict)
    violations: tuple[Violation, ...] = ()
    mutants: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """By each mutant's name all that broke in the run that caught it; nothing where none did."""
    dishonesties: Mapping[str, Damage] = field(default_factory=dict)
    """By each dishonesty's name what it came to."""

    @property
    def injected(self) -> int:
        return sum(self.faults.values())

    @property
    def uncaught(self) -> tuple[str, ...]:
        return tuple(name for name, promises in self.mutants.items() if not promises)

    @property
    def never_broken(self) -> frozenset[str]:
        """The promises that no mutant was seen to break: whether their reckoning can fail nobody knows."""
        return ALL_PROMISES.difference(*self.mutants.values())

    @property
    def is_as_promised(self) -> bool:
        """Whether all promises held, each mutant was caught, and no dishonesty cost more or less than was said."""
        as_said = all(damage.is_as_said for damage in self.dishonesties.values())
        return as_said and not (self.violations or self.uncaught or (self.mutants and self.never_broken))

    def __add__(self, other: Result) -> Result:
        return Result(
            runs=self.runs + other.runs,
            payments=self.payments + other.payments,
            statuses=Counter(self.statuses) + Counter(other.statuses),
            faults=Counter(self.faults) + Counter(other.faults),
            violations=self.violations + other.violations,
            mutants={**self.mutants, **other.mutants},
            dishonesties={**self.dishonesties, **other.dishonesties},
        )

    def as_json(self) -> dict[str, Any]:
        """Return all of it, JSON-ready, in an order that does not depend on the run's."""
        return {
            "promises": sorted(ALL_PROMISES),
            "runs": self.runs,
            "payments": self.payments,
            "statuses": dict(sorted(self.statuses.items())),
            "faults": {"total": self.injected, "by_kind": dict(sorted(self.faults.items()))},
            "violations": [vars(violation) for violation in self.violations],
            "mutants": {
                "total": len(self.mutants),
                "caught": len(self.mutants) - len(self.uncaught),
                "caught_by": {name: list(promises) for name, promises in sorted(self.mutants.items())},
                "never_broken": sorted(self.never_broken) if self.mutants else [],
            },
            "dishonesties": {name: damage.as_json() for name, damage in sorted(self.dishonesties.items())},
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
        violations=tuple(Violation(run.seed, *violation, run.command) for violation in run.violations),
    )


def results_of(seeds: Iterable[int], *, payments: int = PAYMENTS_PER_RUN) -> Result:
    """Return what the runs of all ``seeds`` came to."""
    return sum((result_of(Run(seed, payments=payments)) for seed in seeds), Result())


def caught(name: str, *, seeds: int = MOST_SEEDS_PER_MUTANT) -> Result:
    """Return all promises that broke in the first of ``seeds`` runs in which the mutant ``name`` broke one it may."""
    mutant = MUTANTS[name]
    for seed in range(seeds):
        broken = {
            violation.promise for violation in result_of(Run(seed, payments=PAYMENTS_PER_RUN, mutant=mutant)).violations
        }
        if broken & mutant.breaks:
            return Result(mutants={name: tuple(sorted(broken))})
    return Result(mutants={name: ()})
