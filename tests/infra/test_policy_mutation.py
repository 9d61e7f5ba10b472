"""Least privilege, both ways: what the stack allows is what is needed, and a check notices every change of that."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from tests.infra.checks import CHECKS, observed
from tests.infra.mutants import mutants
from tests.infra.mutation_score import NOT_ENFORCED_LOCALLY, Score, red, score
from tests.infra.template import Template
from tests.infra.wired import STACKS, Wired, wiring

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@pytest.fixture(scope="module")
def wire() -> Iterator[Callable[[str, str], Wired]]:
    with wiring() as wired:
        yield wired


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: str(check.__name__))
@pytest.mark.parametrize("stack", STACKS)
def test_what_is_deployed_is_what_is_needed(wire: Callable[[str, str], Wired], stack: str, check: object) -> None:
    """Defect: Too much permission. Encryption without grants. It never ran."""
    assert callable(check)
    assert list(check(wire(stack, "validator").template, observed(stack, wire))) == []


@pytest.mark.parametrize("stack", STACKS)
def test_whatever_is_taken_out_or_opened_wider_is_noticed(wire: Callable[[str, str], Wired], stack: str) -> None:
    """Defect: Too much permission. Encryption without grants. Nothing consumed the queues. Dead alarms."""
    result = score([stack], wire)
    assert result.survivors == ()
    assert result.found == result.mutants > 1_000


def test_everything_that_connects_two_parts_is_taken_out_once(wire: Callable[[str, str], Wired]) -> None:
    made = {one.kind for stack in ("dev", "production") for one in mutants(wire(stack, "validator").template)}
    assert made >= {
        "statement removed",
        "action removed",
        "resource removed",
        "condition removed",
        "event source mapping removed",
        "variable removed",
        "redrive_policy removed",
        "schedule_expression removed",
        "rule's target removed",
        "event_pattern removed",
        "bucket's events removed",
        "alarm action removed",
    }


def test_a_mutant_leaves_the_template_it_was_made_of_as_it_was(wire: Callable[[str, str], Wired]) -> None:
    template = wire("dev", "validator").template
    before = repr(template.json)
    assert all(one.template.json != template.json for one in mutants(template))
    assert repr(template.json) == before


def test_a_permission_that_no_call_shows_any_more_turns_a_check_red(wire: Callable[[str, str], Wired]) -> None:
    """Defect: Too much permission."""
    seen = observed("dev", wire)
    fewer = replace(seen, called={**seen.called, "sweeper": frozenset()})
    assert red(wire("dev", "validator").template, fewer) == "unequal_policies"


def test_a_stack_that_is_red_as_it_is_has_no_score(wire: Callable[[str, str], Wired]) -> None:
    def without_targets(stack: str, worker: str) -> Wired:
        wired = wire(stack, worker)
        resources = {**wired.template.json["resource"], "aws_cloudwatch_event_target": {}}
        return replace(wired, template=Template({**wired.template.json, "resource": resources}))

    with pytest.raises(ValueError, match="is red for dev as it is"):
        score(["dev"], without_targets)


def test_the_report_says_what_only_these_checks_stand_for() -> None:
    counted = Score(stacks=("dev",), mutants=4, found=3, survivors=("x",), mutants_by_kind={}, found_by_check={})
    report = counted.report()
    assert report["score"] == 0.75
    assert report["not_enforced_locally"] == [{"what": what, "why": why} for what, why in NOT_ENFORCED_LOCALLY.items()]
