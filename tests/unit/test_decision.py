from __future__ import annotations

import dataclasses
import json
from typing import Any

import pytest
from jsonschema import Draft202012Validator  # type: ignore[import-untyped] # it ships no types

from payments.domain.decision import FIELDS, Decision, DecisionRequest, decision_schema, read_decision
from payments.domain.errors import RequestRefused

APPROVED = {"decision": "approve", "actor": "ada"}


def faults(body: object) -> dict[str, str]:
    with pytest.raises(RequestRefused) as refusal:
        read_decision(json.dumps(body))
    return {violation.pointer: violation.detail for violation in refusal.value.violations}


def test_a_decision_says_what_and_who_and_may_say_why() -> None:
    assert read_decision(json.dumps(APPROVED)) == DecisionRequest(decision=Decision.APPROVE, actor="ada")
    refused = read_decision('{"decision": "refuse", "actor": "bob", "reason": "nobody knows them"}')
    assert (refused.grants, refused.actor, refused.reason) == (False, "bob", "nobody knows them")


def test_the_fields_declared_are_the_fields_of_a_decision() -> None:
    assert set(FIELDS) == {field.name for field in dataclasses.fields(DecisionRequest)}


@pytest.mark.parametrize(
    ("said", "pointer"),
    [
        ({"decision": "maybe"}, "/decision"),
        ({"decision": True}, "/decision"),
        ({"actor": ""}, "/actor"),
        ({"actor": "a\nb"}, "/actor"),
        ({"actor": "a" * 101}, "/actor"),
        ({"actor": "4111 1111 1111 1111"}, "/actor"),
        ({"reason": ""}, "/reason"),
        ({"reason": "a" * 501}, "/reason"),
        ({"reason": "card 4111111111111111"}, "/reason"),
        ({"reason": None}, "/reason"),
        ({"amount": 1}, "/amount"),
    ],
)
def test_each_text_keeps_its_rules_and_no_card_number_is_taken(said: dict[str, Any], pointer: str) -> None:
    """Defect: Open doors: card numbers printed."""
    assert faults({**APPROVED, **said}).keys() == {pointer}
    # That a text holds a card number is the one thing the schema cannot say.
    assert Draft202012Validator(decision_schema()).is_valid({**APPROVED, **said}) == ("4111" in str(said))


@pytest.mark.parametrize("missing", ["decision", "actor"])
def test_what_must_be_said_is_named(missing: str) -> None:
    assert faults({name: value for name, value in APPROVED.items() if name != missing}) == {
        f"/{missing}": "is required"
    }


@pytest.mark.parametrize("body", [[], "approve", 1, None])
def test_a_decision_is_an_object(body: object) -> None:
    assert faults(body) == {"": "must be a JSON object"}


def test_the_schema_takes_what_is_taken() -> None:
    Draft202012Validator.check_schema(decision_schema())
    assert Draft202012Validator(decision_schema()).is_valid({**APPROVED, "reason": "called them"})
