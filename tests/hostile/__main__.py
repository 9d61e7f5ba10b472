"""Sends hostile inputs to the handlers and to the reader of files, and counts what comes of them.

python -m tests.hostile [--inputs 100000] [--seed 1] [--json]

The exit status is 0 only where nothing failed: no answer 5xx, no exception, no trace of what was refused.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).parents[2]


def main() -> int:
    """Run one campaign and print its tally; progress goes to standard error."""
    sys.path[:0] = [str(ROOT), str(ROOT / "layers" / "shared" / "python")]
    from tests.hostile.campaign import campaign, command  # noqa: PLC0415 - its imports need the path

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--inputs", type=int, default=100_000, help="how many inputs to send")
    parser.add_argument("--seed", type=int, default=1, help="the same seed sends the same inputs")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    asked = parser.parse_args()
    started = time.monotonic()
    tally = campaign(asked.inputs, asked.seed, progress=_progress(asked.inputs))
    seconds = round(time.monotonic() - started, 1)
    sys.stderr.write("\n")
    said = {"command": command(asked.inputs, asked.seed), "seed": asked.seed, "seconds": seconds, **tally.document()}
    lines = json.dumps(said) if asked.json else "\n".join(f"{name}: {value}" for name, value in said.items())
    sys.stdout.write(f"{lines}\n")
    return 0 if tally.is_clean else 1


def _progress(inputs: int) -> Callable[[int], object]:
    stream = sys.stderr
    return lambda sent: stream.write(f"\r{sent:,} of {inputs:,} inputs") if stream.isatty() else None


if __name__ == "__main__":
    sys.exit(main())
