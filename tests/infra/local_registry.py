"""A package registry that is a folder: real pip installs real wheels from it, and no network is needed."""

from __future__ import annotations

import hashlib
import os
import zipfile
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import pytest


class LocalRegistry:
    """Wheels in ``folder``, and the lock that names them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.lock = folder / "requirements.lock"
        folder.mkdir()
        self.lock.touch()

    def add(self, name: str, files: Mapping[str, str], *, tag: str = "py3-none-any") -> None:
        """Put version 1.0 of a package into the folder and the lock."""
        notes = f"{name}-1.0.dist-info"
        wheel = self.folder / f"{name}-1.0-{tag}.whl"
        with zipfile.ZipFile(wheel, "w") as archive:
            for path, text in {
                **files,
                f"{notes}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n",
                f"{notes}/WHEEL": f"Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: {tag}\n",
                f"{notes}/RECORD": "",
            }.items():
                archive.writestr(path, text)
        digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
        with self.lock.open("a") as lock:
            lock.write(f"{name}==1.0 \\\n    --hash=sha256:{digest}\n")

    def lose_everything(self) -> None:
        """Take all wheels away, so that any further installation fails."""
        for wheel in self.folder.glob("*.whl"):
            wheel.unlink()

    def be_the_only_one(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Let pip know of no other source, whatever this machine is set to."""
        monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
        monkeypatch.setenv("PIP_NO_INDEX", "1")
        monkeypatch.setenv("PIP_FIND_LINKS", str(self.folder))
