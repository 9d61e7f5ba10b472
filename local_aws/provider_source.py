"""Where Terraform gets its providers from on this machine: the registry, or a filesystem mirror.

The layouts are those of https://developer.hashicorp.com/terraform/cli/config/config-file#provider-installation.
"""

import json
import os
import sys
import urllib.error
import urllib.request
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

REGISTRY = "registry.terraform.io"
PLUGIN_CACHE = Path(__file__).resolve().parent.parent / ".local" / "plugins"
"""What was once downloaded, laid out like a mirror: from then on it is one."""

REGISTRY_SECONDS = 3
ADD_ON_PREFIXES = ("/opt", "/opt/*", "/usr/local/*", "/usr/local/lib/*", "/usr/local/share/*", "/usr/lib/*", "/srv/*")


class ProviderUnavailableError(RuntimeError):
    """A provider is neither in the registry's reach nor in any mirror."""


@dataclass(frozen=True)
class Requirement:
    """One entry of `required_providers`: its local name, registry address and version."""

    name: str
    address: str
    version: str


@dataclass(frozen=True)
class ProviderSource:
    """The answer: a mirror (None means the registry) and the versions that must be asked for instead of the pinned."""

    mirror: Path | None
    replacements: Mapping[Requirement, str]


def requirements_of(stack: Mapping[str, object]) -> list[Requirement]:
    """Read `required_providers` of a synthesized stack, with each source completed as Terraform completes it."""
    terraform = stack.get("terraform")
    providers = terraform.get("required_providers", {}) if isinstance(terraform, dict) else {}
    return [
        Requirement(name, _complete(entry.get("source", name)), entry.get("version", ""))
        for name, entry in providers.items()
    ]


def find_source(
    requirements: Iterable[Requirement],
    *,
    platform: str,
    mirrors: Iterable[Path] | None = None,
    registry_answers: bool | None = None,
) -> ProviderSource:
    """Choose where to install from: a mirror with the pinned versions, else the registry, else another version.

    Args:
        requirements: what the stack asks for.
        platform: Terraform's name of this machine's, such as `linux_amd64`.
        mirrors: folders to look in; the standard ones by default.
        registry_answers: whether the registry can be reached; asked when it matters and not given.

    Raises:
        ProviderUnavailableError: none of them has a version of every provider.
    """
    wanted = list(requirements)
    found = [(folder, _offers(folder, wanted, platform)) for folder in mirrors or standard_mirrors()]
    complete = [(folder, offers) for folder, offers in found if len(offers) == len(wanted)]
    for folder, offers in complete:
        if all(requirement.version in versions for requirement, versions in offers.items()):
            return ProviderSource(folder, {})
    if not os.environ.get("TF_PLUGIN_MIRROR") and (
        _registry_answers() if registry_answers is None else registry_answers
    ):
        return ProviderSource(None, {})
    for folder, offers in complete:
        newest = {requirement: max(versions, key=_order) for requirement, versions in offers.items()}
        return ProviderSource(folder, {r: version for r, version in newest.items() if version != r.version})
    names = ", ".join(f"{requirement.address} {requirement.version}" for requirement in wanted)
    looked_in = ", ".join(str(folder) for folder, _ in found)
    raise ProviderUnavailableError(
        f"Terraform can't get {names} for {platform}: {REGISTRY} was not asked or did not answer, and none is in "
        f"{looked_in}. Make a mirror where the registry can be reached with `terraform providers mirror FOLDER`, "
        "and name it: TF_PLUGIN_MIRROR=FOLDER"
    )


def standard_mirrors() -> Iterator[Path]:
    """Yield the folders that hold a `registry.terraform.io`: the one TF_PLUGIN_MIRROR names, or all usual ones."""
    if named := os.environ.get("TF_PLUGIN_MIRROR"):
        yield Path(named).expanduser()
        return
    home = Path.home()
    data = [os.environ.get("XDG_DATA_HOME") or str(home / ".local/share")]
    data += (os.environ.get("XDG_DATA_DIRS") or "/usr/local/share:/usr/share").split(":")
    implied = [home / ".terraform.d/plugins", *(Path(folder) / "terraform/plugins" for folder in data)]
    if sys.platform == "darwin":
        implied.append(home / "Library/Application Support/io.terraform/plugins")
    yield from (folder for folder in implied if (folder / REGISTRY).is_dir())
    for prefix in ADD_ON_PREFIXES:
        yield from (folder.parent for folder in sorted(Path("/").glob(f"{prefix[1:]}/{REGISTRY}")))
    yield PLUGIN_CACHE


def _offers(mirror: Path, requirements: list[Requirement], platform: str) -> dict[Requirement, set[str]]:
    offers = {requirement: _versions(mirror / requirement.address, platform) for requirement in requirements}
    return {requirement: versions for requirement, versions in offers.items() if versions}


def _versions(provider: Path, platform: str) -> set[str]:
    unpacked = {folder.parent.name for folder in provider.glob(f"*/{platform}")}
    packed = {archive.name.split("_")[1] for archive in provider.glob(f"terraform-provider-*_*_{platform}.zip")}
    return unpacked | packed


def _complete(source: str) -> str:
    parts = source.split("/")
    return "/".join([REGISTRY, "hashicorp", *parts] if len(parts) == 1 else [REGISTRY, *parts][-3:])


def _order(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("-", maxsplit=1)[0].split("."))


def _registry_answers() -> bool:
    try:
        with urllib.request.urlopen(
            f"https://{REGISTRY}/.well-known/terraform.json", timeout=REGISTRY_SECONDS
        ) as answer:
            return "providers.v1" in json.load(answer)
    except (urllib.error.URLError, TimeoutError, ValueError):
        return False
