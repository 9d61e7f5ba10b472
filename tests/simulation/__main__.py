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

from tests.simulation.mutants import MUTANTS
from tests.simulation.result import PAYMENTS_PER_RUN, Result, caught, result_of, results_of
from tests.simulation.run import Run

SHORT_RUNS, LONG_RUNS = 25, 440
RUNS_AT_ONCE = 20


def main() -> int:
    """Do what the command line asks for; return the exit status, 0 only if every promise held."""
    asked = _arguments()
    if asked.seed is not None:
        return _tell(asked.seed, asked.payments, asked.mutant)
    result = _many(LONG_RUNS if asked.long else asked.runs, asked.payments, asked.processes)
    if not asked.no_mutants:
        result += _all_mutants(asked.processes)
    sys.stdout.write(json.dumps(result.as_json(), indent=2) + "\n" if asked.json else _said(result))
    return int(bool(result.violations or result.uncaught))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("--seed", type=int, help="do one run and tell every step of it")
    parser.add_argument("--mutant", choices=sorted(MUTANTS), help="with --seed: put this mistake in")
    parser.add_argument("--payments", type=int, default=PAYMENTS_PER_RUN, help="payments of each run")
    parser.add_argument("--runs", type=int, default=SHORT_RUNS, help="runs, of seeds 0 and on")
    parser.add_argument("--long", action="store_true", help=f"{LONG_RUNS} runs: more than 10,000 payments")
    parser.add_argument("--no-mutants", action="store_true", help="leave the mutants out")
    parser.add_argument("--processes", type=int, default=2, help="processes to share the runs among")
    parser.add_argument("--json", action="store_true", help="print the result as JSON")
    return parser.parse_args()


def _tell(seed: int, payments: int, mutant: str | None) -> int:
    run = Run(seed, payments=payments, mutant=MUTANTS[mutant] if mutant else None, is_traced=True)
    result = result_of(run)
    sys.stdout.write("\n".join(run.site.trace.lines) + "\n\n" + _said(result))
    return int(bool(result.violations))


def _many(runs: int, payments: int, processes: int) -> Result:
    parts = [range(start, min(start + RUNS_AT_ONCE, runs)) for start in range(0, runs, RUNS_AT_ONCE)]
    with ProcessPoolExecutor(processes) as pool:
        return sum(pool.map(partial(results_of, payments=payments), parts), Result())


def _all_mutants(processes: int) -> Result:
    with ProcessPoolExecutor(processes) as pool:
        return sum(pool.map(caught, MUTANTS), Result())


def _said(result: Result) -> str:
    lines = [f"{result.runs} runs, {result.payments} payments, {result.injected} faults injected"]
    lines += [f"  {count:7,}  {kind}" for kind, count in sorted(result.faults.items(), key=lambda each: -each[1])]
    lines += [f"  {count:7,}  payments {status}" for status, count in sorted(result.statuses.items())]
    lines += [f"mutant {name}: {', '.join(by) or 'NOT CAUGHT'}" for name, by in result.mutants.items()]
    lines += [f"{len(result.violations)} violations"]
    lines += [f"  seed {each.seed}: {each.promise}: {each.about}: {each.said}" for each in result.violations]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.exit(main())
