"""The contracts that adapters and fakes are held to, held by the embedded AWS as well."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from local_aws.credentials import for_client, scrubbed
from local_aws.emulator import Emulator
from local_aws.packages import EmulatorPackages
from local_aws.progress import silent
from tests.e2e.probes.account import ANYTHING, REGION, Account

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("overlay")]

ROOT = Path(__file__).parents[2]

MOST_SECONDS = 240
"""Seven times as long as it takes where nothing else runs."""

FEWEST = 500
"""Contract tests, there being more; fewer would say that most were not run."""


@pytest.fixture
def endpoint_url(tmp_path: Path) -> Iterator[str]:
    packages = EmulatorPackages(ROOT / ".local" / "packages")
    packages.ensure(silent)
    emulator = Emulator(ROOT, tmp_path, packages, REGION)
    try:
        yield emulator.start()
    finally:
        emulator.stop()


def test_the_embedded_aws_keeps_every_contract_that_the_mocks_keep(endpoint_url: str) -> None:
    """What the fakes promise is what functions meet on it: conditions, pages, errors, filters."""
    # The mocks take any role for a state machine's.
    Account(endpoint_url, patience_seconds=10).role("contract", ANYTHING)
    environment = scrubbed() | for_client(endpoint_url, REGION) | {"CONTRACT_AWS_ENDPOINT_URL": endpoint_url}
    ran = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/contract"],
        cwd=ROOT,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=MOST_SECONDS,
    )
    assert ran.returncode == 0, ran.stdout[-5000:]
    passed = re.search(r"(\d+) passed", ran.stdout)
    assert passed
    assert int(passed[1]) >= FEWEST
    assert not re.search(r"skipped|deselected|xfailed", ran.stdout.splitlines()[-1])
