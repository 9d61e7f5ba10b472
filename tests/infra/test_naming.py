from __future__ import annotations

import re

import pytest

from payments_infra.constructs.naming import LIMITS, Naming

NAMING = Naming(project="payments", suffix="dev")


def test_a_name_is_project_part_and_suffix() -> None:
    assert NAMING.name("processing-dead-letters") == "payments-processing-dead-letters-dev"


@pytest.mark.parametrize(("kind", "limit"), LIMITS.items())
def test_a_name_may_be_as_long_as_aws_takes_and_not_one_longer(kind: str, limit: int) -> None:
    room = limit - len("payments-part-")
    assert len(Naming(project="payments", suffix="x" * room).name("part", kind=kind)) == limit
    with pytest.raises(ValueError, match=f"has {limit + 1} characters and AWS allows {limit}") as refusal:
        Naming(project="payments", suffix="x" * (room + 1)).name("part", kind=kind)
    assert f"use an environment suffix of at most {room} characters" in str(refusal.value)


def test_the_limits_are_those_aws_documents() -> None:
    assert {kind: LIMITS[kind] for kind in ("function", "role", "queue", "table", "topic", "rule", "layer")} == {
        "function": 64,
        "role": 64,
        "queue": 80,
        "table": 255,
        "topic": 256,
        "rule": 64,
        "layer": 140,
    }


@pytest.mark.parametrize("odd", ["", "Dev", "pr_7", "-dev", "dev-", "a--b", "prod.eu", "dev "])
@pytest.mark.parametrize("field", ["project", "suffix"])
def test_a_project_or_suffix_aws_would_refuse_is_refused(field: str, odd: str) -> None:
    with pytest.raises(ValueError, match=re.escape(f"{field} {odd!r} cannot be part of an AWS name")):
        Naming(**{"project": "payments", "suffix": "dev", field: odd})


def test_an_odd_part_is_refused() -> None:
    with pytest.raises(ValueError, match="part 'dead_letters' cannot be part of an AWS name"):
        NAMING.name("dead_letters")


def test_two_suffixes_never_share_a_name() -> None:
    """Defect: Two instances collide."""
    assert NAMING.name("audit") != Naming(project="payments", suffix="pr-7").name("audit")
