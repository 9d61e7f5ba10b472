"""Every permission and every connection taken out of a deployed stack, one at a time: how much of it is noticed."""

from __future__ import annotations

from collections import Counter
from contextlib import redirect_stdout
from dataclasses import asdict, dataclass
from io import StringIO
from typing import TYPE_CHECKING

from tests.infra.checks import CHECKS, observed
from tests.infra.mutants import mutants

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from tests.infra.checks import Observed
    from tests.infra.template import Template
    from tests.infra.wired import Wired

NOT_ENFORCED_LOCALLY: Mapping[str, str] = {
    "the key's part in reading and writing tables, objects, secrets, queues and topics": "nothing is encrypted",
    "key policies and grants, and conditions of both": "nothing is encrypted",
    "roles of event source mappings": "queues and streams are polled without a role",
    "Lambda's own calls: interfaces, logs, traces, failure destinations": "they are made without a role",
    "permissions to invoke, of API Gateway and of schedules": "functions are invoked without one",
    "trust policies": "a service takes any role that exists",
    "iam:PassRole": "whoever deploys is root, who may do everything",
    "delivery of the logs and traces of workflows": "neither is delivered",
    "alarms that tell a topic": "alarms never ring by themselves",
    "policies of VPC endpoints": "there is no network",
    "the roles of flow logs, NAT instances and API Gateway's logs": "none of these does anything",
}
"""What the embedded AWS lets pass that AWS would not, and why: static checks alone stand for it."""


@dataclass(frozen=True, kw_only=True)
class Score:
    """How many mutants there were, how many a check found, and which none did.

    Args:
        stacks: which deployments were mutated.
        mutants: how many there were.
        found: how many made a check turn red.
        survivors: what was done to what, for each that was not found.
        mutants_by_kind: what was done to them, and how often.
        found_by_check: which check found how many; the first that does is counted.
    """

    stacks: tuple[str, ...]
    mutants: int
    found: int
    survivors: tuple[str, ...]
    mutants_by_kind: Mapping[str, int]
    found_by_check: Mapping[str, int]

    def report(self) -> dict[str, object]:
        """Return the score with its share and with what it has to stand for, as JSON takes it."""
        not_enforced = [{"what": what, "why": why} for what, why in NOT_ENFORCED_LOCALLY.items()]
        return {
            **asdict(self),
            "score": round(self.found / self.mutants, 4) if self.mutants else 0,
            "not_enforced_locally": not_enforced,
        }


def score(stacks: Sequence[str], wire: Callable[[str, str], Wired]) -> Score:
    """Return what becomes of every mutant of ``stacks``, names of :data:`tests.infra.wired.STACKS`.

    Raises:
        ValueError: a check is red before anything was changed.
    """
    kinds: Counter[str] = Counter()
    checks: Counter[str] = Counter()
    survivors: list[str] = []
    for stack in stacks:
        with redirect_stdout(StringIO()):  # what handlers log
            seen = observed(stack, wire)
        template = wire(stack, next(iter(seen.called))).template
        if check := red(template, seen):
            raise ValueError(f"{check} is red for {stack} as it is")
        for mutant in mutants(template):
            kinds[mutant.kind] += 1
            if check := red(mutant.template, seen):
                checks[check] += 1
            else:
                survivors.append(f"{stack}: {mutant.where}: {mutant.kind}")
    return Score(
        stacks=tuple(stacks),
        mutants=kinds.total(),
        found=checks.total(),
        survivors=tuple(survivors),
        mutants_by_kind=dict(kinds.most_common()),
        found_by_check=dict(checks.most_common()),
    )


def red(template: Template, seen: Observed) -> str | None:
    """Return the name of the first check that finds a problem in ``template``; None where none does."""
    return next((check.__name__ for check in CHECKS if any(True for _ in check(template, seen))), None)
