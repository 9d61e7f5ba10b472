"""Patches that change no answer of the emulator, only what it costs."""

from __future__ import annotations

from pathlib import Path

import pytest

from local_aws.packages import EmulatorPackages
from local_aws.progress import silent
from tests.e2e.probes import economies

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("overlay")]

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("name", economies.SCRIPTS)
def test_with_its_patch_the_emulator_gives_the_same_answer_for_half_of_the_calls(name: str) -> None:
    packages = EmulatorPackages(ROOT / ".local" / "packages")
    packages.ensure(silent)
    before, after = (
        economies.counted(name, python=packages.python, root=ROOT, overlay=overlay) for overlay in ("", name)
    )
    assert after.answer == before.answer
    assert after.calls * 2 <= before.calls
