"""What all scanners say together, as plain data: found, accepted for a reason, unexplained, and what was skipped."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.scanners.findings import accepted_of, needless, not_accepted
from tests.scanners.scanners import DataUnreachableError, pip_audit
from tests.scanners.scans import LOCKS, ROOT, SCANNERS, Scans

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from tests.scanners.findings import Accepted, Finding

PIP_AUDIT = "pip-audit"


def report(commands: Path, folder: Path) -> dict[str, Any]:
    """Let every scanner read all there is; ``folder`` takes the stacks that are written for them."""
    scans = Scans(commands, folder)
    said = {scanner: explained(scans.of(scanner), accepted_of(scanner)) for scanner in SCANNERS}
    found, skipped = of_locks(lambda lock: pip_audit(commands, ROOT / lock))
    if len(skipped) < len(LOCKS):
        said[PIP_AUDIT] = explained(found, [])
    return {"scanners": said, "skipped": skipped}


def explained(findings: Iterable[Finding], accepted: Iterable[Accepted]) -> dict[str, Any]:
    """Return how many findings there are, and which of them, or of what was accepted, nothing explains."""
    found, listed = set(findings), list(accepted)
    unexplained = not_accepted(found, listed)
    return {
        "found": len(found),
        "accepted": len(found) - len(unexplained),
        "unexplained": [f"{one.rule} {one.where}: {one.says}" for one in unexplained],
        "needless": [f"{one.rule} {one.where}: accepted, and found no more" for one in needless(found, listed)],
    }


def of_locks(audit: Callable[[str], set[Finding]]) -> tuple[set[Finding], dict[str, str]]:
    """Return what ``audit`` finds in all locks, and why it could not look up some of them."""
    found: set[Finding] = set()
    skipped: dict[str, str] = {}
    for lock in LOCKS:
        try:
            found |= audit(lock)
        except DataUnreachableError as error:
            skipped[f"{PIP_AUDIT} over {lock}"] = str(error)
    return found, skipped
