"""What the functions run: their own folders and the layer they share, as zips that change only when the code does."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from cdktf import AssetType, TerraformAsset
from constructs import Construct

from payments_infra.archive import function_zip, layer_zip, source_code_hash

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class Archive:
    """A zip that lies beside the synthesized stack.

    Args:
        path: where it is, relative to the stack's folder; for ``filename``.
        hash: SHA-256 of its bytes in base64; for ``source_code_hash``, without which changed code never deploys.
    """

    path: str
    hash: str


class Code(Construct):
    """Builds a zip the first time it is asked for, and hands it to the stack as a plain file.

    A plain file, because CDKTF's own archives take their bytes from file times and start a process each.

    Args:
        functions_folder: holds one folder per function, each with its ``handler.py``.
        layer_folder: own code of the shared layer, as it is to lie on ``sys.path``.
        layer_requirements: lock file of the layer's third-party packages, with hashes.
        cache_folder: where zips and packages are kept between runs; ``.cache/code`` beside ``functions_folder`` unless
            given.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        functions_folder: Path,
        layer_folder: Path,
        layer_requirements: Path,
        cache_folder: Path | None = None,
    ) -> None:
        super().__init__(scope, id_)
        self._functions_folder = functions_folder
        self._layer_folder = layer_folder
        self._layer_requirements = layer_requirements
        self._cache_folder = cache_folder or functions_folder.parent / ".cache" / "code"
        self._archives: dict[str, Archive] = {}

    def function(self, name: str) -> Archive:
        """Return the zip of the function in the folder ``name``.

        Raises:
            FileNotFoundError: there is no such folder, or no ``handler.py`` in it.
            ValueError: the zip is larger than Lambda takes.
        """
        return self._archive(
            f"function_{name.replace('-', '_')}",
            function_zip(self._functions_folder / name, cache_folder=self._cache_folder),
        )

    def layer(self) -> Archive:
        """Return the zip of the shared layer.

        Raises:
            FileNotFoundError: there is no such folder or lock file.
            PackagesMissing: pip could not bring what the lock names.
            CompiledPackage: a package holds compiled code.
            ValueError: the zip is larger than Lambda takes.
        """
        return self._archive(
            "layer",
            layer_zip(
                self._layer_folder,
                requirements=self._layer_requirements,
                cache_folder=self._cache_folder,
            ),
        )

    def _archive(self, id_: str, zip_: Path) -> Archive:
        if id_ not in self._archives:
            asset = TerraformAsset(self, id_, path=str(zip_.resolve()), type=AssetType.FILE)
            self._archives[id_] = Archive(path=asset.path, hash=source_code_hash(zip_))
        return self._archives[id_]
