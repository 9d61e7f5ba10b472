"""What is scanned, and what each scanner found in it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tests.infra.whole_stack import whole_stack
from tests.scanners import scanners

if TYPE_CHECKING:
    from tests.scanners.findings import Finding

ROOT = Path(__file__).parents[2]
SCANNERS_FOLDER = ROOT / ".cache" / "scanners"
SCANNERS = ("bandit", "checkov", "parliament")
CODE = ("main.py", "functions", "layers", "payments_infra", "local_aws", "operations")
STACKS = {
    "sandbox": {},
    "production": {
        "ENVIRONMENT_SUFFIX": "prod",
        "GATEWAY_URL": "https://gateway.example",
        "WEBHOOK_URL": "https://hook.example",
    },
}
LOCKS = (
    "requirements.lock",
    "requirements-installer.lock",
    "layers/shared/requirements.lock",
    "local_aws/requirements.lock",
    "tests/scanners/requirements.lock",
)


@dataclass
class Scans:
    """What each scanner found in the whole project, scanned once."""

    commands: Path
    folder: Path

    def __post_init__(self) -> None:
        self._found: dict[str, set[Finding]] = {}

    def of(self, scanner: str) -> set[Finding]:
        if scanner not in self._found:
            self._found[scanner] = self._scan(scanner)
        return self._found[scanner]

    def _scan(self, scanner: str) -> set[Finding]:
        if scanner == "bandit":
            return scanners.bandit(self.commands, ROOT, *CODE, *python_scripts())
        stacks = {name: whole_stack(**environment) for name, environment in STACKS.items()}
        if scanner == "checkov":
            return scanners.checkov(self.commands, self.folder, stacks)
        return scanners.parliament(self.commands, stacks)


def python_scripts() -> list[str]:
    scripts = (path for path in sorted((ROOT / "scripts").iterdir()) if path.is_file())
    return [str(path.relative_to(ROOT)) for path in scripts if "python" in path.read_text().partition("\n")[0]]
