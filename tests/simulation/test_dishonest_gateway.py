"""What is kept under a gateway that breaks a promise of its own, and what can't be: said in ``says``, asserted here."""

from __future__ import annotations

import pytest

from tests.simulation.damage import Damage, damage_of
from tests.simulation.dishonest import DISHONESTIES


@pytest.mark.parametrize("name", DISHONESTIES)
def test_a_dishonest_gateway_costs_no_more_than_its_own_promise(name: str) -> None:
    damage = damage_of(name)
    assert damage.beyond == (), damage.says
    # What is said to be lost was seen lost: a gateway's promise that costs nothing would not be needed.
    assert damage.broken == damage.costs


@pytest.mark.parametrize(
    ("broken", "beyond", "is_as_said"),
    [
        ({"has_no_ghosts"}, (), True),
        ({"has_no_ghosts", "comes_to_rest"}, (), False),
        (set(), (), False),
        ({"has_no_ghosts"}, ("order-1",), False),
    ],
)
def test_damage_is_as_said_only_where_no_more_and_no_less_is_lost(
    broken: set[str], beyond: tuple[str, ...], *, is_as_said: bool
) -> None:
    assert Damage(frozenset({"has_no_ghosts"}), frozenset(broken), beyond, "").is_as_said is is_as_said
