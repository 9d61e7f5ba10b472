"""Tricks with the members of a body.

Each takes a request and puts one hostile thing into it; it notes where the refusal has to point.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from tests.hostile import material

if TYPE_CHECKING:
    from random import Random

    from tests.hostile.requests import Hostile


def no_amount(draw: Random, request: Hostile) -> None:
    """Send an amount that is none. A text that is no JSON at all is refused as a whole."""
    text = draw.choice(material.NO_AMOUNTS)
    request.set("amount", text)
    request.refused_at = "/amount" if _is_json(text) else ""


def wrong_scale(draw: Random, request: Hostile) -> None:
    """Send a decimal too many for the currency."""
    currency, decimals = draw.choice(material.SCALES)
    text = f"1.{'0' * decimals}{draw.randint(0, 9)}"
    request.set("currency", f'"{currency}"')
    request.set("amount", draw.choice((text, f'"{text}"', f"{text}e0", f"1e-{decimals + 1}")))
    request.refused_at = "/amount"


def right_scale(draw: Random, request: Hostile) -> None:
    """Send an amount of the right scale, written strangely."""
    currency, decimals = draw.choice(material.SCALES)
    text = draw.choice((f"1.{'0' * decimals}".rstrip("."), "1e3", "9" * 15, "1E+2", "10"))
    request.set("currency", f'"{currency}"')
    request.set("amount", text)


def no_currency(draw: Random, request: Hostile) -> None:
    """Send a currency that is none."""
    request.set("currency", material.json_text(draw, draw.choice(material.NO_CURRENCIES)))
    request.refused_at = "/currency"


def no_processing(draw: Random, request: Hostile) -> None:
    """Send a way of processing that is none."""
    request.set("processing", draw.choice(('"QUEUED"', '""', "null", "1", '"ｑueued"', '["queued"]')))
    request.refused_at = "/processing"


def odd_text(draw: Random, request: Hostile) -> None:
    """Send a text that looks worse than it is."""
    text = material.odd_text(draw, request.mark)
    request.private.append(request.mark)
    name = _text_field(draw, request)
    _say(draw, request, name, text)


def forbidden_text(draw: Random, request: Hostile) -> None:
    """Send a character that may be in no text."""
    name = _text_field(draw, request)
    request.private.append(request.mark)
    _say(draw, request, name, material.forbidden_text(draw, request.mark))
    request.refused_at = f"/{name}"


def long_text(draw: Random, request: Hostile) -> None:
    """Send a text that is too long."""
    name = _text_field(draw, request)
    request.private.append(request.mark)
    _say(draw, request, name, request.mark * draw.choice((40, 400)))
    request.refused_at = f"/{name}"


def card_in_text(draw: Random, request: Hostile) -> None:
    """Send a card number in free text."""
    name = _text_field(draw, request)
    number, text = material.card_number(draw)
    request.cards.append(number)
    _say(draw, request, name, text)
    request.refused_at = f"/{name}"


def card_as_name(draw: Random, request: Hostile) -> None:
    """Send a card number as the name of something."""
    number = draw.choice(material.CARD_NUMBERS)
    request.cards.append(number)
    if request.worker == "validator" and draw.random() < 0.5:
        request.set("metadata", json.dumps({number: "x"}))
        request.refused_at = "/metadata"
    else:
        request.set(draw.choice((number, f"card{number}", f"pan_{number}")), '"x"')
        request.refused_at = ""


def card_as_id(draw: Random, request: Hostile) -> None:
    """Send a card number as an id."""
    number = draw.choice(material.CARD_NUMBERS)
    name = draw.choice(("payment_id", "customer_id"))
    request.cards.append(number)
    request.set(name, f'"{number}"')
    request.refused_at = f"/{name}"


def no_id(draw: Random, request: Hostile) -> None:
    """Send an id of another shape."""
    name = draw.choice(("payment_id", "customer_id"))
    value: object = draw.choice((*material.NOT_NAMES, "a" * 129, "a" * 9_000, 1, None, [], {}, True, "ａ", "a b"))
    request.set(name, json.dumps(value))
    request.refused_at = f"/{name}"


def no_metadata(draw: Random, request: Hostile) -> None:
    """Send metadata of another shape."""
    many = {f"n{number}": "x" for number in range(21)}
    value: object = draw.choice(
        ([], 1, None, "x", many, {"": "x"}, {"a b": "x"}, {"a" * 41: "x"}, {"ä": "x"}, {"a/b": ""})
    )
    request.set("metadata", json.dumps(value))
    request.refused_at = "/metadata"


def no_metadata_value(draw: Random, request: Hostile) -> None:
    """Send metadata whose value is no text."""
    request.set("metadata", draw.choice(('{"a": 1}', '{"a": null}', '{"a": {}}', '{"a": ["x"]}', '{"a": "\\u0000"}')))
    request.refused_at = "/metadata/a"


def twice(draw: Random, request: Hostile) -> None:
    """Name a member twice."""
    name, text = draw.choice(request.members)
    request.members.append((name, draw.choice((text, "1", '"x"', "null"))))
    request.refused_at = f"/{name}"


def unknown_field(draw: Random, request: Hostile) -> None:
    """Send a member nobody knows."""
    name = draw.choice(
        ("colour", "Amount", "amount ", "\u0430mount", "__proto__", "constructor", "$where", "", "a" * 60_000)
    )
    request.set(name, draw.choice(("1", '"x"', "{}")))
    request.refused_at = f"/{name}" if name in {"colour", "Amount", "__proto__", "constructor"} else ""


def no_decision(draw: Random, request: Hostile) -> None:
    """Send a decision that is none."""
    request.set(
        "decision", draw.choice(('"APPROVE"', '"approve "', '""', "null", "true", '"ａpprove"', '["approve"]', "1"))
    )
    request.refused_at = "/decision"


def _text_field(draw: Random, request: Hostile) -> str:
    return draw.choice(("description", "metadata/a") if request.worker == "validator" else ("reason", "actor"))


def _say(draw: Random, request: Hostile, name: str, text: str) -> None:
    field_name, _, inner = name.partition("/")
    said = material.json_text(draw, text)
    request.set(field_name, f'{{"{inner}": {said}}}' if inner else said)


def _is_json(text: str) -> bool:
    # NaN and infinities count: they can be pointed to.
    try:
        json.loads(text, parse_int=str)
    except ValueError:
        return False
    return True
