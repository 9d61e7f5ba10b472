"""Runs the simulation: ``.venv/bin/python -m tests.simulation``; with ``--seed`` one run, told step by step."""

from __future__ import annotations

import argparse
import json
import sys
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

# What is deployed lies where Lambda layers want it, and no installation puts it on the path.
sys.path.insert(0, str(Path(__file__).parents[2] / "layers" / "shared" / "python"))

from tests.simulation.damage import Damage, damage_of
from tests.simulation.dishonest import DISHONESTIES
from tests.simulation.mutants import MUTANTS
from tests.simulation.result import Result, caught, result_of, results_of
from tests.simulation.run import PAYMENTS_PER_RUN, Run

SHORT_RUNS, LONG_RUNS = 25, 440
RUNS_AT_ONCE = 20
MISTAKES = {**MUTANTS, **{name: each.mutant for name, each in DISHONESTIES.items()}}


def main() -> int:
    """Do what the command line asks for; return the exit status, 0 only if every promise held."""
    asked = _arguments()
    if asked.seed is not None:
        return _tell(asked.seed, asked.payments, asked.mutant)
    result = _many(LONG_RUNS if asked.long else asked.runs, asked.payments, asked.processes)
    if not asked.no_mutants:
        result += _all_mistakes(asked.processes)
    sys.stdout.write(json.dumps(result.as_json(), indent=2) + "\n" if asked.json else _said(result))
    return int(not result.is_as_promised)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("--seed", type=int, help="do one run and tell every step of it")
    parser.add_argument("--mutant", choices=sorted(MISTAKES), help="with --seed: put this mistake in, or this gateway")
    parser.add_argument("--payments", type=int, default=PAYMENTS_PER_RUN, help="payments of each run")
    parser.add_argument("--runs", type=int, default=SHORT_RUNS, help="runs, of seeds 0 and on")
    parser.add_argument("--long", action="store_true", help=f"{LONG_RUNS} runs: more than 10,000 payments")
    parser.add_argument("--no-mutants", action="store_true", help="leave the mutants and the dishonest gateways out")
    parser.add_argument("--processes", type=int, default=2, help="processes to share the runs among")
    parser.add_argument("--json", action="store_true", help="print the result as JSON")
    return parser.parse_args()


def _tell(seed: int, payments: int, mutant: str | None) -> int:
    run = Run(seed, payments=payments, mutant=MISTAKES[mutant] if mutant else None, is_traced=True)
    result = result_of(run)
    sys.stdout.write("\n".join(run.site.trace.lines) + "\n\n" + _said(result))
    return int(bool(result.violations))


def _many(runs: int, payments: int, processes: int) -> Result:
    parts = [range(start, min(start + RUNS_AT_ONCE, runs)) for start in range(0, runs, RUNS_AT_ONCE)]
    with ProcessPoolExecutor(processes) as pool:
        return sum(pool.map(partial(results_of, payments=payments), parts), Result())


def _all_mistakes(processes: int) -> Result:
    with ProcessPoolExecutor(processes) as pool:
        damages = dict(zip(DISHONESTIES, pool.map(damage_of, DISHONESTIES), strict=True))
        return sum(pool.map(caught, MUTANTS), Result(dishonesties=damages))


def _said(result: Result) -> str:
    lines = [f"{result.runs} runs, {result.payments} payments, {result.injected} faults injected"]
    lines += [f"  {count:7,}  {kind}" for kind, count in sorted(result.faults.items(), key=lambda each: -each[1])]
    lines += [f"  {count:7,}  payments {status}" for status, count in sorted(result.statuses.items())]
    lines += [f"mutant {name}: {', '.join(by) or 'NOT CAUGHT'}" for name, by in result.mutants.items()]
    lines += [f"no mutant broke {promise}" for promise in sorted(result.never_broken) if result.mutants]
    lines += [f"gateway that {name}: {_said_of(damage)}" for name, damage in result.dishonesties.items()]
    lines += [f"{len(result.violations)} violations"]
    for each in result.violations:
        lines += [f"  seed {each.seed}: {each.promise}: {each.about}: {each.said}", f"    tell it: {each.command}"]
    return "\n".join(lines) + "\n"


def _said_of(damage: Damage) -> str:
    if damage.is_as_said:
        return f"breaks {', '.join(sorted(damage.broken)) or 'nothing'}, as is said"
    hurt = f"{len(damage.beyond)} payments worse off: {'; '.join(damage.beyond[:3])}"
    return f"NOT AS IS SAID: breaks {', '.join(sorted(damage.broken)) or 'nothing'}, {hurt}"


if __name__ == "__main__":
    sys.exit(main())
