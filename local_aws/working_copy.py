"""A copy of a synthesized stack folder that Terraform works in, beside files that say where and with what."""

import hashlib
import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from local_aws.provider_source import PLUGIN_CACHE, REGISTRY, ProviderSource

STACK_FILE = "cdk.tf.json"
OVERRIDE_FILE = "local_override.tf.json"
CLI_CONFIG_FILE = "terraform.rc"


@dataclass(frozen=True)
class WorkingCopy:
    """The stack's own files, byte for byte, with Terraform's state and this machine's settings beside them.

    What differs from a deployment to AWS stands in one override file, which Terraform merges
    (https://developer.hashicorp.com/terraform/language/files/override): the state is a file in this folder, the
    provider's version is one that can be had here, and S3 buckets are addressed by path, as loopback has no names.
    """

    folder: Path

    @property
    def cli_config(self) -> Path:
        """The CLI configuration for the child process; the user's own is not read."""
        return self.folder / CLI_CONFIG_FILE

    def stack(self) -> dict[str, Any]:
        """Return the parsed stack."""
        parsed: dict[str, Any] = json.loads((self.folder / STACK_FILE).read_text())
        return parsed

    def copy_from(self, stack_folder: Path) -> None:
        """Replace the stack's files by those of `stack_folder`; Terraform's own files stay."""
        self.folder.mkdir(parents=True, exist_ok=True)
        for entry in self.folder.iterdir():
            if not entry.name.startswith((".terraform", "terraform.")):
                shutil.rmtree(entry) if entry.is_dir() else entry.unlink()
        shutil.copytree(stack_folder, self.folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns(".terraform*"))

    def configure(self, source: ProviderSource) -> None:
        """Write the override file and the CLI configuration."""
        replaced = {r.name: {"source": r.address, "version": version} for r, version in source.replacements.items()}
        terraform: dict[str, Any] = {"backend": {"local": {"path": "terraform.tfstate"}}}
        if replaced:
            terraform["required_providers"] = replaced
        override = {"terraform": terraform, "provider": self._providers()}
        (self.folder / OVERRIDE_FILE).write_text(json.dumps(override, indent=2) + "\n")
        self.cli_config.write_text(_cli_config(source))

    def _providers(self) -> Mapping[str, Any]:
        configured = self.stack().get("provider", {}).get("aws", [{}])
        blocks = configured if isinstance(configured, list) else [configured]
        aliases = [{"alias": block["alias"]} if "alias" in block else {} for block in blocks]
        return {"aws": [alias | {"s3_use_path_style": True} for alias in aliases]}


def digest_of(folder: Path) -> str:
    """Return a hash of every file's path and bytes: equal for equal stacks."""
    digest = hashlib.sha256()
    for file in sorted(path for path in folder.rglob("*") if path.is_file() and ".terraform" not in path.parts):
        digest.update(f"{file.relative_to(folder).as_posix()}\0".encode())
        digest.update(hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()


def _cli_config(source: ProviderSource) -> str:
    if source.mirror is None:
        cache = json.dumps(str(PLUGIN_CACHE))
        return f"plugin_cache_dir = {cache}\nplugin_cache_may_break_dependency_lock_file = true\n"
    return f"""provider_installation {{
  filesystem_mirror {{
    path    = {json.dumps(str(source.mirror))}
    include = ["{REGISTRY}/*/*"]
  }}
}}
"""
