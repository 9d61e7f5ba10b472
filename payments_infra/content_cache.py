"""Built files kept by what they were built from, so that none is built twice."""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

VERSIONS_KEPT = 8
"""How many of the last used versions of one file stay."""


def fingerprint(files: Mapping[str, bytes], *more: bytes) -> str:
    """Return a key that changes with any path or content in ``files`` and with anything in ``more``."""
    digest = hashlib.sha256()
    for content in more:
        digest.update(hashlib.sha256(content).digest())
    for name in sorted(files):
        digest.update(hashlib.sha256(name.encode()).digest() + hashlib.sha256(files[name]).digest())
    return digest.hexdigest()[:32]


def kept(folder: Path, *, key: str, name: str, build: Callable[[], bytes]) -> Path:
    """Return the file ``name`` kept in ``folder`` under ``key``; build it first where there is none.

    It appears whole or not at all, so that builders at the same time cost each other work and never a broken file.
    """
    target = folder / key / name
    try:
        os.utime(target)  # the last used stay
    except FileNotFoundError:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder) as making:
            made = Path(making, name)
            made.write_bytes(build())
            target.parent.mkdir(exist_ok=True)
            made.replace(target)
        _forget_old(folder, name)
    return target


def _forget_old(folder: Path, name: str) -> None:
    for old in sorted(folder.glob(f"*/{name}"), key=_last_used, reverse=True)[VERSIONS_KEPT:]:
        shutil.rmtree(old.parent, ignore_errors=True)


def _last_used(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except FileNotFoundError:  # another builder has just removed it
        return 0
