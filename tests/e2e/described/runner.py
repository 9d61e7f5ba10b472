"""Runs schemathesis against a deployment: each operation of ``openapi.json``, every check, on bounded examples."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from local_aws.deployment import Deployment

ROOT = Path(__file__).parents[3]
DESCRIPTION = ROOT / "openapi.json"
HOOKS = Path(__file__).with_name("hooks.py")

EXAMPLES = 20
"""Requests of each operation in each of the random phases; the phase that covers each rule of a schema sends more."""

_TIMEOUT_SECONDS = 900


def run(deployment: Deployment, folder: Path, *, known: Mapping[str, str]) -> tuple[dict[str, Any], str]:
    """Return schemathesis's report and what it printed; ``known`` are values of parameters that lead to something.

    Half of the requests use them, where no earlier answer has led to others.
    """
    configuration, report = folder / "schemathesis.toml", folder / "report.json"
    configuration.write_text(_configuration(known), "utf-8")
    command = (
        *(str(Path(sys.executable).with_name("st")), "--config-file", str(configuration), "run", str(DESCRIPTION)),
        *("--url", deployment.api_url, "--checks", "all", "--max-examples", str(EXAMPLES)),
        *("--generation-deterministic", "--no-shrink", "--continue-on-failure", "--no-color"),
        *("--report-json-path", str(report), "--report-dir", str(folder)),
    )
    # The key is named in the configuration alone, so that no process list shows it.
    environment = os.environ | {"API_KEY": deployment.api_key, "PYTHONPATH": str(ROOT), "NO_PROXY": "127.0.0.1"}
    done = subprocess.run(  # noqa: S603 - our own program
        command, cwd=folder, env=environment, check=False, capture_output=True, text=True, timeout=_TIMEOUT_SECONDS
    )
    if not report.is_file():
        raise RuntimeError(f"schemathesis made no report:\n{done.stdout}\n{done.stderr}")
    return json.loads(report.read_text("utf-8")), done.stdout


def _configuration(known: Mapping[str, str]) -> str:
    lines = [f"hooks = {json.dumps(str(HOOKS))}", 'headers = { "x-api-key" = "${API_KEY}" }']
    for name, value in known.items():
        lines.append(f"[dictionaries.known_{name}]\nvalues = [{json.dumps(value)}]")
    lines.append("[parameters]")
    lines.extend(f'{name} = {{ dictionary = "known_{name}", probability = 0.5 }}' for name in known)
    return "\n".join(lines) + "\n"
