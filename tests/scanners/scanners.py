"""How each scanner is run, and its findings read."""

from __future__ import annotations

import json
import os
import re
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.scanners.findings import Finding
from tests.scanners.policies import policies

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from tests.infra.template import Template

REFUSED_CHECKS = {
    "CKV_AWS_285": "it wants the data of workflows in their logs, and their data are payments",
}
"""checkov's, by the reason why what it asks must not be done."""

_HASH = re.compile(r"_[0-9A-F]{8}(?=\.|$)")


class ScannerFailedError(RuntimeError):
    """A scanner wrote no report; the message is its last word."""


class DataUnreachableError(RuntimeError):
    """pip-audit could not look up what it was asked about; the message is its own."""


def bandit(commands: Path, root: Path, *targets: str) -> set[Finding]:
    """Return what bandit finds in ``targets``, files or folders under ``root``."""
    report = _report([str(commands / "bandit"), "--quiet", "--format=json", "--recursive", *targets], folder=root)
    assert not report["errors"]
    return {Finding(one["test_id"], one["filename"].removeprefix("./"), one["issue_text"]) for one in report["results"]}


def checkov(commands: Path, folder: Path, stacks: Mapping[str, Template]) -> set[Finding]:
    """Return what checkov finds in ``stacks``, which are written into ``folder``."""
    found: set[Finding] = set()
    for stack, template in stacks.items():
        (folder / stack).mkdir()
        (folder / stack / "cdk.tf.json").write_text(json.dumps(template.json))
        skipped = f"--skip-check={','.join(REFUSED_CHECKS)}"
        options = ("--framework=terraform_json", "--skip-download", "--compact", "--output=json", skipped)
        report = _report([str(commands / "checkov"), f"--directory={folder / stack}", *options], folder=folder)
        assert not report["results"]["parsing_errors"]
        found |= {
            Finding(one["check_id"], f"{stack} {_name(one['resource'])}", one["check_name"])
            for one in report["results"]["failed_checks"]
        }
    return found


def parliament(commands: Path, stacks: Mapping[str, Template]) -> set[Finding]:
    """Return what parliament finds in every policy of ``stacks``."""
    documents = {
        f"{stack} {_HASH.sub('', place)}": document
        for stack, template in stacks.items()
        for place, document in policies(template).items()
    }
    script = str(Path(__file__).with_name("lint_policies.py"))
    report = _report([str(commands / "python"), script], folder=Path(script).parent, said=json.dumps(documents))
    return {Finding(**one) for one in report}


def pip_audit(commands: Path, lock: Path) -> set[Finding]:
    """Return the known vulnerabilities of what ``lock`` names.

    Raises:
        DataUnreachableError: not every package could be looked up, and none of the others is vulnerable.
    """
    options = ("--disable-pip", "--progress-spinner=off", "--format=json")
    try:
        report = _report([str(commands / "pip-audit"), f"--requirement={lock}", *options], folder=lock.parent)
    except ScannerFailedError as error:
        if str(error).startswith("requests.exceptions."):
            raise DataUnreachableError(str(error)) from error
        raise
    packages = report["dependencies"]
    found = {
        Finding(one["id"], f"{package['name']} {package['version']}", one["description"])
        for package in packages
        for one in package.get("vulns", ())
    }
    skipped = [package["skip_reason"] for package in packages if "skip_reason" in package]
    # It calls what it could not look up free of known vulnerabilities.
    if skipped and not found:
        raise DataUnreachableError(skipped[0])
    return found


def _name(resource: str) -> str:
    return _HASH.sub("", resource.rsplit(".", 1)[-1])


def _report(command: Iterable[str], *, folder: Path, said: str = "") -> Any:  # noqa: ANN401 - any JSON
    environment = {**os.environ, "PYTHONPATH": ""}
    done = subprocess.run(  # noqa: S603 - ours
        [*command], cwd=folder, env=environment, input=said, check=False, capture_output=True, text=True
    )
    try:
        return json.loads(done.stdout)
    except json.JSONDecodeError as error:
        raise ScannerFailedError(done.stderr.strip().rpartition("\n")[2]) from error
