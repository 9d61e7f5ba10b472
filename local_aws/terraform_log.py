"""Terraform's machine-readable output, turned into progress, planned changes and problems.

Its messages are described at https://developer.hashicorp.com/terraform/internals/machine-readable-ui.
"""

import json
from dataclasses import dataclass, field
from typing import Any

from local_aws.progress import Report


@dataclass(frozen=True)
class PlannedChange:
    """One thing Terraform would do: the resource's address, and create, update, replace or delete."""

    address: str
    action: str


@dataclass
class TerraformLog:
    """Reads the lines of one `terraform plan | apply | destroy -json`."""

    report: Report
    planned: list[PlannedChange] = field(default_factory=list)
    _running: set[str] = field(default_factory=set)
    _finished: int = 0
    _diagnostics: list[str] = field(default_factory=list)
    _strays: list[str] = field(default_factory=list)

    def read(self, line: str) -> None:
        """Take in one line; one that isn't JSON is kept for the error message."""
        try:
            message = json.loads(line)
        except ValueError:
            self._strays.append(line.rstrip())
            return
        match message.get("type"):
            case "planned_change":
                change = message["change"]
                self.planned.append(PlannedChange(change["resource"]["addr"], change["action"]))
            case "apply_start":
                self._running.add(message["hook"]["resource"]["addr"])
            case "apply_complete":
                self._finish(message["hook"])
            case "apply_errored":
                address = message["hook"]["resource"]["addr"]
                self._running.discard(address)
                self.report(f"{self._count()} {address} failed")
            case "apply_progress":
                self.report(self.at_work())
            case "diagnostic" if message["@level"] == "error":
                self._diagnostics.append(_told(message["diagnostic"]))

    def problems(self) -> str:
        """Return all errors, readable, with the resources they belong to."""
        return "\n".join(self._diagnostics or self._strays)

    def at_work(self) -> str:
        """Return what is begun and not done, readable."""
        return f"{self._count()} waiting for {', '.join(sorted(self._running)) or 'nothing it names'}"

    def _finish(self, hook: dict[str, Any]) -> None:
        address = hook["resource"]["addr"]
        self._running.discard(address)
        if hook["action"] != "read":
            self._finished += 1
            self.report(f"{self._count()} {address} ({hook['action']}, {hook['elapsed_seconds']:.0f} s)")

    def _count(self) -> str:
        return f"[{self._finished}/{len(self.planned)}]"


def _told(diagnostic: dict[str, Any]) -> str:
    place = diagnostic.get("address") or "the stack"
    return f"{place}: {diagnostic['summary']}: {diagnostic.get('detail', '')}".rstrip(": ")
