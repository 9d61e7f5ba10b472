from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
from cdktf import App, TerraformOutput, TerraformStack

from payments_infra.archive import source_code_hash
from payments_infra.constructs.code import Code
from tests.infra.local_registry import LocalRegistry

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@dataclass(frozen=True)
class Kept:
    """A lock, and a cache that spares all tests here but the first to install its packages."""

    lock: Path
    cache: Path


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kept]:
    folder = tmp_path_factory.mktemp("kept")
    registry = LocalRegistry(folder / "registry")
    registry.add("borrowed", {"borrowed.py": ""})
    with pytest.MonkeyPatch.context() as monkeypatch:
        registry.be_the_only_one(monkeypatch)
        yield Kept(registry.lock, folder / "cache")


def project(folder: Path, *, handler: str = "handler = print\n") -> Path:
    """Write a project with two functions and a layer."""
    for name in ("functions/validator/handler.py", "functions/status_query/handler.py"):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(handler)
    money = folder / "layer" / "payments" / "money.py"
    money.parent.mkdir(parents=True, exist_ok=True)
    money.write_text("EUR = 2\n")
    return folder


def code(scope: TerraformStack, root: Path, kept: Kept, id_: str = "code") -> Code:
    return Code(
        scope,
        id_,
        functions_folder=root / "functions",
        layer_folder=root / "layer",
        layer_requirements=kept.lock,
        cache_folder=kept.cache,
    )


def synthesized(root: Path, kept: Kept) -> dict[str, bytes]:
    """Synthesize both functions and the layer of ``root``; return every file of the stack's folder."""
    app = App(outdir=str(root / "cdktf.out"))
    stack = TerraformStack(app, "payments")
    built = code(stack, root, kept)
    for name, archive in {
        "validator": built.function("validator"),
        "status_query": built.function("status_query"),
        "layer": built.layer(),
    }.items():
        TerraformOutput(stack, f"{name}_path", value=archive.path)
        TerraformOutput(stack, f"{name}_hash", value=archive.hash)
    app.synth()
    out = root / "cdktf.out" / "stacks" / "payments"
    return {path.relative_to(out).as_posix(): path.read_bytes() for path in out.rglob("*") if path.is_file()}


def outputs(files: dict[str, bytes]) -> dict[str, str]:
    return {name: body["value"] for name, body in json.loads(files["cdk.tf.json"])["output"].items()}


def test_every_path_in_the_template_names_a_zip_beside_it(tmp_path: Path, kept: Kept) -> None:
    """Defect: It never ran. Paths were relative to the wrong folder."""
    files = synthesized(project(tmp_path / "project"), kept)
    zips = {name for name in files if name.endswith(".zip")}
    assert {value for name, value in outputs(files).items() if name.endswith("_path")} == zips
    assert len(zips) == 3


def test_the_hash_is_that_of_the_zip_lambda_gets(tmp_path: Path, kept: Kept) -> None:
    """Defect: Perpetual diffs."""
    root = project(tmp_path / "project")
    said = outputs(synthesized(root, kept))
    for name in ("validator", "status_query", "layer"):
        shipped = root / "cdktf.out" / "stacks" / "payments" / said[f"{name}_path"]
        assert said[f"{name}_hash"] == source_code_hash(shipped)


def test_two_synths_in_two_folders_are_byte_equal(tmp_path: Path, kept: Kept) -> None:
    """Defect: Perpetual diffs."""
    here = synthesized(project(tmp_path / "here"), kept)
    there = synthesized(project(tmp_path / "far" / "off"), kept)
    assert here == there


def test_a_changed_handler_changes_its_zip_and_no_other(tmp_path: Path, kept: Kept) -> None:
    """Defect: Perpetual diffs."""
    root = project(tmp_path / "project")
    before = outputs(synthesized(root, kept))
    (root / "functions" / "validator" / "handler.py").write_text("handler = repr\n")
    after = outputs(synthesized(root, kept))
    assert {name for name in before if before[name] != after[name]} == {"validator_path", "validator_hash"}


def test_a_zip_asked_for_twice_is_the_same_one(tmp_path: Path, kept: Kept) -> None:
    stack = TerraformStack(App(outdir=str(tmp_path / "out")), "payments")
    built = code(stack, project(tmp_path / "project"), kept)
    assert built.function("validator") is built.function("validator")
    assert built.layer() is built.layer()


def test_two_instances_live_in_one_stack(tmp_path: Path, kept: Kept) -> None:
    """Defect: Two instances collide."""
    stack = TerraformStack(App(outdir=str(tmp_path / "out")), "payments")
    root = project(tmp_path / "project")
    one, other = code(stack, root, kept, "one"), code(stack, root, kept, "other")
    assert one.function("validator").path != other.function("validator").path
    assert one.function("validator").hash == other.function("validator").hash


def test_the_cache_lies_beside_the_functions_unless_said_otherwise(tmp_path: Path, kept: Kept) -> None:
    stack = TerraformStack(App(outdir=str(tmp_path / "out")), "payments")
    root = project(tmp_path / "project")
    Code(
        stack,
        "code",
        functions_folder=root / "functions",
        layer_folder=root / "layer",
        layer_requirements=kept.lock,
    ).function("validator")
    assert list((root / ".cache" / "code").rglob("validator.zip"))


def test_an_unknown_function_is_refused_by_name(tmp_path: Path, kept: Kept) -> None:
    """Defect: It never ran."""
    stack = TerraformStack(App(outdir=str(tmp_path / "out")), "payments")
    with pytest.raises(FileNotFoundError, match="valid4tor is not a folder"):
        code(stack, project(tmp_path / "project"), kept).function("valid4tor")
