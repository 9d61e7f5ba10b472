"""What a guardrail says, and how a problem that is none here is accepted."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, order=True)
class Problem:
    """One thing that would deploy and then fail, leak or lose.

    Args:
        path: the construct's path below its stack, for example ``processing/queue``.
        rule: name of the guardrail, kebab-case.
        what: what is wrong, with the values found.
        mend: what to change.
    """

    path: str
    rule: str
    what: str
    mend: str

    def __str__(self) -> str:
        """Return the problem as one line: where, what, the mend and the rule's name."""
        return f"{self.path}: {self.what}. {self.mend} [{self.rule}]"


@dataclass(frozen=True, kw_only=True)
class Accepted:
    """A problem that is none in this stack, and why.

    Args:
        rule: name of the guardrail, as its message ends with.
        path: path of the construct, as its message begins with, or of one above it.
        reason: why the guardrail does not apply here.

    Raises:
        ValueError: there is no reason.
    """

    rule: str
    path: str
    reason: str

    def __post_init__(self) -> None:
        if not self.reason.strip():
            raise ValueError(f"say why {self.rule} is accepted at {self.path}: the reason is blank")

    def covers(self, problem: Problem) -> bool:
        """Return whether ``problem`` is the one that was accepted."""
        return problem.rule == self.rule and f"{problem.path}/".startswith(f"{self.path}/")
