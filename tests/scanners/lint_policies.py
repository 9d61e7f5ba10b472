"""Reads policies (a JSON object, by place) on standard input; writes parliament's findings. Runs beside parliament."""

from __future__ import annotations

import json
import sys

import parliament  # type: ignore[import-not-found]  # in the scanners' environment, which mypy does not see


def findings(policies: dict[str, str]) -> list[dict[str, str]]:
    """Return rule, place and detail of each finding; one of several actions on one resource comes once for each."""
    return [
        {"rule": finding.issue, "where": f"{where} {about}".strip(), "says": f"{title(finding)}: {finding.detail}"}
        for where, policy in policies.items()
        for finding in parliament.analyze_policy_string(policy).findings
        for about in subjects(finding.detail)
    ]


def subjects(detail: object) -> list[str]:
    """Return what a finding is about, apart from its place."""
    if isinstance(detail, list):
        return sorted({part["action"] if isinstance(part, dict) else "" for part in detail})
    return [str(detail)]


def title(finding: parliament.finding.Finding) -> str:
    """Return what parliament calls the finding."""
    return str(parliament.enhance_finding(finding).title)


if __name__ == "__main__":
    json.dump(findings(json.load(sys.stdin)), sys.stdout)
