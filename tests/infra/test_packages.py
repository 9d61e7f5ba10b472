from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from payments_infra import packages
from payments_infra.archive import layer_zip
from tests.infra.local_registry import LocalRegistry

ROOT = Path(__file__).parents[2]
LAYER = ROOT / "layers" / "shared"


@pytest.fixture
def registry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> LocalRegistry:
    registry = LocalRegistry(tmp_path / "registry")
    registry.be_the_only_one(monkeypatch)
    return registry


@pytest.mark.slow
def test_packages_come_without_bytecode_and_without_this_machines_commands(
    tmp_path: Path, registry: LocalRegistry
) -> None:
    """Defect: Perpetual diffs. A command's first line is the path of the interpreter that installed it."""
    registry.add("borrowed", {"borrowed/__init__.py": "", "borrowed-1.0.data/scripts/borrow": "#!python\n"})
    packages.install(registry.lock, tmp_path / "target")
    installed = {path.relative_to(tmp_path / "target").as_posix() for path in (tmp_path / "target").rglob("*")}
    assert "borrowed/__init__.py" in installed
    assert not [name for name in installed if name.startswith("bin") or name.endswith(".pyc")]


@pytest.mark.slow
def test_a_package_compiled_for_one_platform_is_refused(tmp_path: Path, registry: LocalRegistry) -> None:
    registry.add("plain", {"plain.py": ""})
    registry.add("swift", {"swift.so": ""}, tag="cp313-cp313-manylinux2014_aarch64")
    with pytest.raises(packages.CompiledPackage, match=r"swift-1\.0 of .*cp313-cp313-manylinux2014_aarch64"):
        packages.install(registry.lock, tmp_path / "target")


@pytest.mark.slow
def test_a_package_for_this_machine_alone_is_never_taken(tmp_path: Path, registry: LocalRegistry) -> None:
    registry.add("homely", {"homely.so": ""}, tag="cp311-cp311-manylinux2014_x86_64")
    with pytest.raises(packages.PackagesMissing, match=r"homely==1\.0"):
        packages.install(registry.lock, tmp_path / "target")


@pytest.mark.slow
def test_a_package_with_other_bytes_than_the_locked_ones_is_refused(tmp_path: Path, registry: LocalRegistry) -> None:
    registry.add("borrowed", {"borrowed.py": ""})
    with zipfile.ZipFile(registry.folder / "borrowed-1.0-py3-none-any.whl", "a") as wheel:
        wheel.writestr("slipped_in.py", "")
    with pytest.raises(packages.PackagesMissing, match="DO NOT MATCH THE HASHES"):
        packages.install(registry.lock, tmp_path / "target")


@pytest.mark.slow
def test_a_lock_without_hashes_is_refused(tmp_path: Path, registry: LocalRegistry) -> None:
    registry.add("borrowed", {"borrowed.py": ""})
    registry.lock.write_text("borrowed==1.0\n")
    with pytest.raises(packages.PackagesMissing, match="Hashes are required"):
        packages.install(registry.lock, tmp_path / "target")


@pytest.mark.slow
def test_a_missing_package_is_named_with_the_lock_and_the_way_on(tmp_path: Path, registry: LocalRegistry) -> None:
    registry.add("borrowed", {"borrowed.py": ""})
    registry.add("plain", {"plain.py": ""})
    registry.lose_everything()
    with pytest.raises(packages.PackagesMissing) as refused:
        packages.install(registry.lock, tmp_path / "target")
    message = str(refused.value)
    for part in ("borrowed==1.0, plain==1.0", str(registry.lock), "pip download", "PIP_NO_INDEX=1", "PIP_FIND_LINKS"):
        assert part in message


@pytest.mark.slow
def test_the_way_on_works(tmp_path: Path, registry: LocalRegistry, monkeypatch: pytest.MonkeyPatch) -> None:
    registry.add("borrowed", {"borrowed.py": ""})
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path / "nothing here"))
    with pytest.raises(packages.PackagesMissing) as refused:
        packages.install(registry.lock, tmp_path / "target")
    (command,) = (line for line in str(refused.value).splitlines() if "pip download" in line)
    monkeypatch.setenv("PIP_FIND_LINKS", str(registry.folder))
    subprocess.run(command, shell=True, cwd=tmp_path, check=True)  # noqa: S602 (as a person would paste it)
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path / "wheels"))
    packages.install(registry.lock, tmp_path / "target")
    assert (tmp_path / "target" / "borrowed.py").is_file()


def locked(lock: Path) -> set[str]:
    return {line.split()[0] for line in lock.read_text().splitlines() if line[:1].isalpha()}


def test_the_layer_ships_the_versions_the_tests_run_against() -> None:
    assert locked(LAYER / "requirements.lock")
    assert locked(LAYER / "requirements.lock") <= locked(ROOT / "requirements.lock")


def test_the_lock_holds_what_was_asked_for_and_nothing_else() -> None:
    assert locked(LAYER / "requirements.lock") == locked(LAYER / "requirements.in")


IMPORT_ALL = """
import sys
sys.path.insert(0, sys.argv[1])
import jmespath, standardwebhooks, typing_extensions
import payments.domain.payment
from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.utilities.batch import BatchProcessor
from aws_lambda_powertools.utilities.typing import LambdaContext
loaded = (jmespath, standardwebhooks, typing_extensions, payments, sys.modules["aws_lambda_powertools"])
outside = [module.__file__ for module in loaded if not module.__file__.startswith(sys.argv[1])]
sys.exit(f"not from the layer: {outside}" if outside else 0)
"""


@pytest.mark.slow
def test_the_real_layer_imports_with_nothing_else_installed(tmp_path: Path) -> None:
    """Defect: It never ran."""
    zip_ = layer_zip(LAYER / "python", requirements=LAYER / "requirements.lock", cache_folder=ROOT / ".cache" / "code")
    with zipfile.ZipFile(zip_) as archive:
        archive.extractall(tmp_path)
    done = subprocess.run(  # noqa: S603 (this interpreter, our own program)
        [sys.executable, "-I", "-S", "-c", IMPORT_ALL, str(tmp_path / "python")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.slow
def test_two_installations_of_the_real_packages_are_byte_equal(tmp_path: Path) -> None:
    """Defect: Perpetual diffs."""
    own = tmp_path / "own"
    own.mkdir()
    first, second = (
        layer_zip(own, requirements=LAYER / "requirements.lock", cache_folder=tmp_path / cache)
        for cache in ("one", "other")
    )
    assert first.read_bytes() == second.read_bytes()
