"""Zips for Lambda whose bytes depend on nothing but what is in them.

Files are stored, not compressed: compressed bytes differ between zlib versions (and zlib-ng), stored ones are the same
everywhere. The price is about 3 MB more to upload per new layer version, far below what Lambda takes.

No bytecode is shipped. It would shorten a cold start by about a quarter, but only the deployed Python can compile it,
and its bytes vary with the patch release: two machines could no longer agree on the hash of the same sources.
"""

from __future__ import annotations

import base64
import hashlib
import io
import stat
import tempfile
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

from payments_infra import packages
from payments_infra.content_cache import fingerprint, kept

if TYPE_CHECKING:
    from collections.abc import Mapping

LARGEST_UPLOAD_BYTES = 50 * 1024 * 1024
"""https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html"""

_UNWANTED_FOLDERS = {"__pycache__", "tests"}
_UNWANTED_ENDINGS = (".pyc", ".pyo", ".egg-info", "~", ".orig", ".rej")
# What an installer writes about itself: it differs by machine, and nothing reads it on Lambda.
_INSTALLER_NOTES = {"RECORD", "INSTALLER", "REQUESTED", "direct_url.json"}


def function_zip(folder: Path, *, cache_folder: Path) -> Path:
    """Return the zip of one function, made on the first call for its content.

    Args:
        folder: holds ``handler.py``, which comes to lie at the top of the zip; the zip is named after it.
        cache_folder: where zips are kept; may be shared by builders that run at the same time.

    Raises:
        FileNotFoundError: there is no such folder, or no ``handler.py`` in it.
        ValueError: the zip is larger than Lambda takes.
    """
    files = files_in(folder)
    if "handler.py" not in files:
        raise FileNotFoundError(f"{folder} has no handler.py: every function starts at 'handler.handler' in that file")
    return kept(
        cache_folder / "functions" / folder.name,
        key=fingerprint(files, *_builder()),
        name=f"{folder.name}.zip",
        build=lambda: zipped(files),
    )


def layer_zip(folder: Path, *, requirements: Path, cache_folder: Path) -> Path:
    """Return the zip of a layer: locked packages and own code, both below ``python/``.

    The packages are kept apart, so that a change of the own code needs no package registry.

    Args:
        folder: own code, as it is to lie on ``sys.path``.
        requirements: lock file with exact versions and hashes.
        cache_folder: as for :func:`function_zip`.

    Raises:
        FileNotFoundError: there is no such folder or lock file.
        packages.PackagesMissing: pip could not bring what the lock names.
        packages.CompiledPackage: a package holds compiled code.
        ValueError: the zip is larger than Lambda takes.
    """
    own = files_in(folder, under="python/")
    packages_key = fingerprint({}, requirements.read_bytes(), *_builder())

    def packages_and_own() -> bytes:
        third_party = kept(
            cache_folder / "packages",
            key=packages_key,
            name="packages.zip",
            build=lambda: _packages_only(requirements),
        )
        with zipfile.ZipFile(third_party) as archive:
            return zipped({name: archive.read(name) for name in archive.namelist()} | own)

    return kept(
        cache_folder / "layer",
        key=fingerprint(own, packages_key.encode()),
        name="layer.zip",
        build=packages_and_own,
    )


def source_code_hash(archive: Path) -> str:
    """Return what Lambda calls ``CodeSha256`` and Terraform ``source_code_hash``: it changes when the code does."""
    return base64.b64encode(hashlib.sha256(archive.read_bytes()).digest()).decode()


def files_in(folder: Path, *, under: str = "") -> dict[str, bytes]:
    """Return the files worth shipping, by path in the archive: no bytecode, tests, hidden or editors' files.

    Raises:
        FileNotFoundError: there is no such folder.
    """
    if not folder.is_dir():
        raise FileNotFoundError(f"{folder} is not a folder: it should hold the code to deploy")
    paths = (path.relative_to(folder) for path in folder.rglob("*") if path.is_file())
    return {f"{under}{path.as_posix()}": (folder / path).read_bytes() for path in paths if _is_wanted(path)}


def zipped(files: Mapping[str, bytes]) -> bytes:
    """Return a zip of ``files`` in sorted order, all with the same time and mode.

    Raises:
        ValueError: the zip is larger than Lambda takes.
    """
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for name in sorted(files):
            entry = zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))
            entry.create_system = 3  # Unix, on whatever system this runs: Lambda reads the mode
            entry.external_attr = (stat.S_IFREG | 0o644) << 16
            archive.writestr(entry, files[name])
    if buffer.tell() > LARGEST_UPLOAD_BYTES:
        raise ValueError(
            f"the zip has {buffer.tell()} bytes and Lambda takes {LARGEST_UPLOAD_BYTES}: ship less, starting with "
            f"{max(files, key=lambda name: len(files[name]))}"
        )
    return buffer.getvalue()


def _packages_only(requirements: Path) -> bytes:
    with tempfile.TemporaryDirectory() as target:
        packages.install(requirements, Path(target))
        return zipped(files_in(Path(target), under="python/"))


def _builder() -> tuple[bytes, ...]:
    # A changed rule must never meet an archive made by the old one.
    return tuple(Path(source).read_bytes() for source in (__file__, packages.__file__))


def _is_wanted(path: Path) -> bool:
    if path.parent.suffix == ".dist-info" and path.name in _INSTALLER_NOTES:
        return False
    if _UNWANTED_FOLDERS.intersection(path.parts):
        return False
    return not any(part.startswith((".", "#")) or part.endswith(_UNWANTED_ENDINGS) for part in path.parts)
