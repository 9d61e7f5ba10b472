from __future__ import annotations

import io
import os
import stat
import subprocess
import sys
import zipfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest

from payments_infra import content_cache
from payments_infra.archive import files_in, function_zip, layer_zip, source_code_hash, zipped
from tests.infra.local_registry import LocalRegistry

ROOT = Path(__file__).parents[2]


@pytest.fixture
def registry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> LocalRegistry:
    registry = LocalRegistry(tmp_path / "registry")
    registry.add("borrowed", {"borrowed/__init__.py": "WHOSE = 'theirs'\n"})
    registry.be_the_only_one(monkeypatch)
    return registry


@dataclass(frozen=True)
class Installed:
    """A lock whose packages are in the cache already, while no registry has them any more."""

    lock: Path
    cache: Path


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Installed:
    folder = tmp_path_factory.mktemp("installed")
    registry = LocalRegistry(folder / "registry")
    registry.add("borrowed", {"borrowed/__init__.py": "WHOSE = 'theirs'\n"})
    with pytest.MonkeyPatch.context() as monkeypatch:
        registry.be_the_only_one(monkeypatch)
        own = write(folder / "own", {"payments/__init__.py": "FIRST = True\n"})
        layer_zip(own, requirements=registry.lock, cache_folder=folder / "cache")
    registry.lose_everything()
    return Installed(registry.lock, folder / "cache")


def write(folder: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder


def names(archive: Path) -> list[str]:
    with zipfile.ZipFile(archive) as opened:
        return opened.namelist()


def test_a_function_zip_has_its_handler_at_the_top(tmp_path: Path) -> None:
    """Defect: It never ran."""
    folder = write(tmp_path / "validator", {"handler.py": "handler = print\n", "rules/limits.json": "{}"})
    assert names(function_zip(folder, cache_folder=tmp_path / "cache")) == ["handler.py", "rules/limits.json"]


def test_a_layer_zip_has_packages_and_own_code_below_python(tmp_path: Path, installed: Installed) -> None:
    own = write(tmp_path, {"payments/__init__.py": ""})
    assert names(layer_zip(own, requirements=installed.lock, cache_folder=installed.cache)) == [
        "python/borrowed-1.0.dist-info/METADATA",
        "python/borrowed-1.0.dist-info/WHEEL",
        "python/borrowed/__init__.py",
        "python/payments/__init__.py",
    ]


def test_only_code_is_shipped(tmp_path: Path) -> None:
    wanted = {"handler.py", "py.typed", "data/rates.csv", "thing-1.0.dist-info/METADATA", "RECORD"}
    unwanted = {
        "__pycache__/handler.cpython-311.pyc",
        "old.pyc",
        "tests/test_handler.py",
        "data/tests/rates.csv",
        ".DS_Store",
        ".idea/workspace.xml",
        "handler.py~",
        "#handler.py#",
        ".handler.py.swp",
        "handler.py.orig",
        "payments.egg-info/PKG-INFO",
        "thing-1.0.dist-info/RECORD",
        "thing-1.0.dist-info/INSTALLER",
        "thing-1.0.dist-info/REQUESTED",
        "thing-1.0.dist-info/direct_url.json",
    }
    folder = write(tmp_path / "validator", dict.fromkeys(wanted | unwanted, ""))
    assert set(files_in(folder)) == wanted


def test_what_lies_above_the_folder_never_decides_what_is_shipped(tmp_path: Path) -> None:
    folder = write(tmp_path / ".work" / "tests" / "validator", {"handler.py": ""})
    assert set(files_in(folder)) == {"handler.py"}


def test_every_entry_has_the_same_time_and_may_be_read_by_all() -> None:
    """Defect: Perpetual diffs."""
    with zipfile.ZipFile(io.BytesIO(zipped({"handler.py": b"1", "a/b.py": b"2"}))) as archive:
        entries = archive.infolist()
    assert {entry.date_time for entry in entries} == {(1980, 1, 1, 0, 0, 0)}
    assert {stat.filemode(entry.external_attr >> 16) for entry in entries} == {"-rw-r--r--"}


def test_the_bytes_are_those_every_machine_and_python_makes(tmp_path: Path) -> None:
    """Defect: Perpetual diffs. The literal was made elsewhere: by another Python, on another day."""
    folder = write(tmp_path / "validator", {"handler.py": "handler = print\n", "ä/rates.csv": "EUR,1\n" * 1000})
    archive = function_zip(folder, cache_folder=tmp_path / "cache")
    assert source_code_hash(archive) == "P9y6y6Ba0737vA4KOVgCxFxhE1ActthIzWwG4A6jLa8="


BUILD_AT = """
import sys, time
from pathlib import Path
now = float(sys.argv[1])
time.time = lambda: now
from payments_infra.archive import function_zip, layer_zip, source_code_hash
project, lock = Path(sys.argv[2]), Path(sys.argv[3])
cache = project / "cache"
print(source_code_hash(function_zip(project / "functions" / "validator", cache_folder=cache)))
print(source_code_hash(layer_zip(project / "layer", requirements=lock, cache_folder=cache)))
"""


def hashes_built(project: Path, lock: Path, *, day: int, umask: int, **environment: str) -> list[str]:
    """Build both zips in a process of its own, under other circumstances."""
    files = {"functions/validator/handler.py": "handler = print\n", "layer/payments/money.py": "EUR = 2\n"}
    write(project, files if day % 2 else dict(reversed(files.items())))
    for path in project.rglob("*.py"):
        path.chmod(0o666 & ~umask)
        os.utime(path, (day * 86400, day * 86400))
    done = subprocess.run(  # noqa: S603 (this interpreter, our own program)
        [sys.executable, "-c", BUILD_AT, str(day * 86400), str(project), str(lock)],
        env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
        umask=umask,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


@pytest.mark.slow
def test_two_builds_under_other_circumstances_have_equal_hashes(tmp_path: Path, registry: LocalRegistry) -> None:
    """Defect: Perpetual diffs. Day, umask, folder, time zone, locale, hash seed and file times all differ."""
    here = hashes_built(
        tmp_path / "here",
        registry.lock,
        day=20_001,
        umask=0o022,
        TZ="Asia/Tokyo",
        LC_ALL="C.UTF-8",
        PYTHONHASHSEED="1",
    )
    there = hashes_built(
        tmp_path / "far" / "off",
        registry.lock,
        day=20_402,
        umask=0o077,
        TZ="America/Lima",
        LC_ALL="C",
        PYTHONHASHSEED="2",
    )
    assert len(here) == 2
    assert here == there


def test_changed_code_has_another_hash_and_the_file_keeps_its_name(tmp_path: Path) -> None:
    """Defect: Perpetual diffs. Without another hash, changed code never deploys."""
    before = function_zip(write(tmp_path / "validator", {"handler.py": "a = 1"}), cache_folder=tmp_path / "cache")
    after = function_zip(write(tmp_path / "validator", {"handler.py": "a = 2"}), cache_folder=tmp_path / "cache")
    assert source_code_hash(before) != source_code_hash(after)
    assert before.name == after.name == "validator.zip"


def test_a_moved_file_is_another_build_though_all_content_is_the_same(tmp_path: Path) -> None:
    folder = write(tmp_path / "validator", {"handler.py": "", "rules.py": "x = 1"})
    before = function_zip(folder, cache_folder=tmp_path / "cache")
    (folder / "rules.py").rename(folder / "limits.py")
    assert names(function_zip(folder, cache_folder=tmp_path / "cache")) == ["handler.py", "limits.py"]
    assert names(before) == ["handler.py", "rules.py"]


def test_a_second_build_of_the_same_neither_installs_nor_zips(tmp_path: Path, installed: Installed) -> None:
    own = write(tmp_path, {"payments/money.py": ""})
    first = layer_zip(own, requirements=installed.lock, cache_folder=installed.cache)
    first.write_bytes(b"left alone")
    second = layer_zip(own, requirements=installed.lock, cache_folder=installed.cache)
    assert second.read_bytes() == b"left alone"


def test_changed_own_code_needs_no_registry(tmp_path: Path, installed: Installed) -> None:
    own = write(tmp_path, {"payments/money.py": "EUR = 2"})
    before = layer_zip(own, requirements=installed.lock, cache_folder=installed.cache)
    write(own, {"payments/money.py": "EUR = 3"})
    after = layer_zip(own, requirements=installed.lock, cache_folder=installed.cache)
    assert source_code_hash(before) != source_code_hash(after)
    assert "python/borrowed/__init__.py" in names(after)


@pytest.mark.slow
def test_a_changed_lock_installs_again(tmp_path: Path, registry: LocalRegistry) -> None:
    own = write(tmp_path / "own", {"payments/__init__.py": ""})
    layer_zip(own, requirements=registry.lock, cache_folder=tmp_path / "cache")
    registry.add("added", {"added.py": ""})
    assert "python/added.py" in names(layer_zip(own, requirements=registry.lock, cache_folder=tmp_path / "cache"))


def test_builders_at_the_same_time_all_get_a_whole_zip(tmp_path: Path) -> None:
    folder = write(tmp_path / "validator", {"handler.py": "", "rates.csv": "EUR,1\n" * 100_000})

    def build(_: int) -> str:
        return source_code_hash(function_zip(folder, cache_folder=tmp_path / "cache"))

    with ThreadPoolExecutor(8) as builders:
        assert len(set(builders.map(build, range(16)))) == 1
    assert [path.name for path in (tmp_path / "cache").rglob("*") if path.is_file()] == ["validator.zip"]


def test_a_build_that_fails_leaves_nothing_that_looks_built(tmp_path: Path) -> None:
    def fail() -> bytes:
        raise RuntimeError("no luck")

    with pytest.raises(RuntimeError, match="no luck"):
        content_cache.kept(tmp_path / "cache", key="k", name="layer.zip", build=fail)
    assert content_cache.kept(tmp_path / "cache", key="k", name="layer.zip", build=lambda: b"whole").read_bytes() == (
        b"whole"
    )


def test_the_cache_keeps_the_last_used_versions_and_forgets_the_rest(tmp_path: Path) -> None:
    versions = content_cache.VERSIONS_KEPT
    for number in range(versions):
        kept = content_cache.kept(tmp_path, key=f"key-{number}", name="layer.zip", build=lambda: b"")
        os.utime(kept, (number, number))
    content_cache.kept(tmp_path, key="key-0", name="layer.zip", build=lambda: b"built again")
    content_cache.kept(tmp_path, key="key-new", name="layer.zip", build=lambda: b"")
    assert {path.name for path in tmp_path.iterdir()} == {
        "key-new",
        *(f"key-{number}" for number in range(versions) if number != 1),
    }


def test_a_folder_without_a_handler_is_refused(tmp_path: Path) -> None:
    """Defect: It never ran."""
    folder = write(tmp_path / "validator", {"main.py": ""})
    with pytest.raises(FileNotFoundError, match=r"validator has no handler\.py"):
        function_zip(folder, cache_folder=tmp_path / "cache")


def test_a_folder_that_is_not_there_is_refused(tmp_path: Path) -> None:
    """Defect: It never ran."""
    with pytest.raises(FileNotFoundError, match=r"valid4tor is not a folder"):
        function_zip(tmp_path / "valid4tor", cache_folder=tmp_path / "cache")


def test_a_zip_lambda_would_not_take_is_refused_with_its_largest_file() -> None:
    with pytest.raises(ValueError, match=r"Lambda takes 52428800: ship less, starting with model\.bin"):
        zipped({"handler.py": b"", "model.bin": bytes(50 * 1024 * 1024)})
