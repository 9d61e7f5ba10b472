"""What scanners find, and which of it is accepted, for a reason."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

_ACCEPTED = Path(__file__).with_name("accepted.toml")


@dataclass(frozen=True, order=True)
class Finding:
    """One thing a scanner objects to.

    Args:
        rule: the scanner's name for the objection.
        where: a file, or a stack and what is in it.
        says: the scanner's own words.
    """

    rule: str
    where: str
    says: str


@dataclass(frozen=True)
class Accepted:
    """An objection that stands.

    Args:
        rule: the scanner's name for it.
        where: pattern of the shell over a finding's ``where``.
        reason: why it stands.
    """

    rule: str
    where: str
    reason: str

    def covers(self, finding: Finding) -> bool:
        """Return whether ``finding`` is what was accepted."""
        return self.rule == finding.rule and fnmatchcase(finding.where, self.where)


def accepted_of(scanner: str) -> list[Accepted]:
    """Return what `accepted.toml` lists for ``scanner``."""
    listed = tomllib.loads(_ACCEPTED.read_text(encoding="utf-8"))
    return [Accepted(**one) for one in listed[scanner]]


def not_accepted(findings: Iterable[Finding], accepted: Iterable[Accepted]) -> list[Finding]:
    """Return the findings that nobody accepted, in order."""
    listed = list(accepted)
    return sorted(finding for finding in findings if not any(one.covers(finding) for one in listed))


def needless(findings: Iterable[Finding], accepted: Iterable[Accepted]) -> list[Accepted]:
    """Return what was accepted and occurs no more."""
    found = list(findings)
    return [one for one in accepted if not any(one.covers(finding) for finding in found)]
