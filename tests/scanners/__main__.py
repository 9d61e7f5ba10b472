"""Lets every scanner read the project, and prints what they found and how much of it is accepted for a reason.

``python -m tests.scanners [--json]``, from the root of the project. Exit status 0 only if nothing is unexplained.
"""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from payments_infra import fast_bindings
from tests.scanners.environment import ScannersMissingError, commands_of_scanners

if TYPE_CHECKING:
    from collections.abc import Iterator

LAYER = Path(__file__).parents[2] / "layers" / "shared" / "python"


def main() -> int:
    """Report on everything."""
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    as_json = parser.parse_args().json
    said = _report()
    sys.stdout.write(json.dumps(said, indent=2) + "\n" if as_json else "".join(f"{line}\n" for line in _lines(said)))
    return int(any(one["unexplained"] or one["needless"] for one in said["scanners"].values()))


def _report() -> dict[str, Any]:
    sys.path.append(str(LAYER))
    fast_bindings.install()
    # The bindings may be imported only now.
    from tests.scanners.report import report  # noqa: PLC0415
    from tests.scanners.scans import SCANNERS_FOLDER  # noqa: PLC0415

    try:
        commands = commands_of_scanners(SCANNERS_FOLDER)
    except ScannersMissingError as error:
        return {"scanners": {}, "skipped": {"all scanners": f"they can't be installed here: {error}"}}
    with TemporaryDirectory() as folder:
        return report(commands, Path(folder))


def _lines(said: dict[str, Any]) -> Iterator[str]:
    for scanner, one in said["scanners"].items():
        yield f"{scanner}: {one['found']} found, {one['accepted']} accepted, {len(one['unexplained'])} unexplained"
        yield from (f"  {each}" for each in (*one["unexplained"], *one["needless"]))
    yield from (f"skipped {what}: {why}" for what, why in said["skipped"].items())


if __name__ == "__main__":
    sys.exit(main())
