"""Takes every permission and every connection out of the deployed stacks, one at a time, and prints what is noticed.

``python -m tests.infra.policy_mutation [--json]``, from the root of the project. Exit status 0 only if every mutant was
found.
"""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser
from pathlib import Path

from payments_infra import fast_bindings

LAYER = Path(__file__).resolve().parents[3] / "layers" / "shared" / "python"


def main() -> int:
    """Score every stack."""
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    as_json = parser.parse_args().json
    sys.path.append(str(LAYER))
    fast_bindings.install()
    # The bindings may be imported only now.
    from tests.infra.mutation_score import score  # noqa: PLC0415
    from tests.infra.wired import STACKS, wiring  # noqa: PLC0415

    with wiring() as wire:
        result = score(tuple(STACKS), wire)
    told = f"{result.found} of {result.mutants} mutants of {', '.join(result.stacks)} were found"
    lines = [json.dumps(result.report(), indent=2)] if as_json else [told, *result.survivors]
    sys.stdout.write("\n".join(lines) + "\n")
    return 0 if result.found == result.mutants else 1


if __name__ == "__main__":
    sys.exit(main())
