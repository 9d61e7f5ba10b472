"""Tricks with the body as a whole and with the headers.

Each takes a request and puts one hostile thing into it; it notes where the refusal has to point.
"""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING

from tests.hostile import material

if TYPE_CHECKING:
    from random import Random

    from tests.hostile.requests import Hostile


def nested(draw: Random, request: Hostile) -> None:
    """Nest the body, or a part of it, deeply."""
    request.private.append(request.mark)
    if draw.random() < 0.5:
        request.body = material.nested(draw)
        request.refused_at = None
    else:
        request.set("metadata", material.nested(draw))


def no_json(draw: Random, request: Hostile) -> None:
    """Send a body that is no JSON object."""
    mark = request.mark
    bodies = (
        "",
        " ",
        "\ufeff{}",
        "null",
        "true",
        "10",
        '"x"',
        "[]",
        "{",
        "}",
        "{]",
        f"{{{mark}: 1}}",
        f"{mark}={mark}",
    )
    request.body = draw.choice(
        (*bodies, '{"amount": 1} x', "{'amount': 1}", "\0", "\ud800", '{"amount": 1,}', "<x/>", "[[" * 999)
    )
    request.private.append(mark)
    request.refused_at = ""


def too_long(_: Random, request: Hostile) -> None:
    """Send more bytes than are taken."""
    request.set("description", json.dumps(request.mark * 5_000))
    request.private.append(request.mark)
    request.refused_at = ""


def broken_bytes(draw: Random, request: Hostile) -> None:
    """Send bytes that are no UTF-8, or no base64."""
    raw = draw.choice(
        (b"\xff\xfe{}", b'{"amount": "\xc3\x28"}', b"\xed\xa0\x80", '{"amount": 1}'.encode("utf-16"), b"\x80" * 99)
    )
    request.body, request.is_base64 = draw.choice(
        ((base64.b64encode(raw).decode(), True), ("{ä}", True), ("=" * 7, True))
    )
    request.refused_at = ""


def media_type(draw: Random, request: Hostile) -> None:
    """Announce the body as something else, or not at all."""
    types = (
        "",
        "text/plain",
        "application/xml",
        "application/jsonp",
        "json",
        "application/json+x",
        "ａpplication/json",
    )
    values = draw.choice(
        ([], *([name] for name in types), ["text/plain; application/json"], [request.mark], ["\udcff"])
    )
    request.headers = {name: given for name, given in request.headers.items() if name != "Content-Type"}
    if values:
        request.headers[draw.choice(("Content-Type", "content-type", "CONTENT-TYPE"))] = values
    request.private.append(request.mark)
    request.refused_at = "/Content-Type"


def key(draw: Random, request: Hostile) -> None:
    """Send an idempotency key of another shape."""
    keys = (
        "",
        " ",
        "a b",
        "ключ",
        "k" * 256,
        "k" * 9_000,
        "a\0",
        "a\n",
        "\udcff",
        "Ã¼",
        "\ufffd",
        "a\tb",
        "\x7f",
        "ａ",
        f"{request.mark} x",
    )
    request.headers["Idempotency-Key"] = [draw.choice(keys)]
    request.private.append(request.mark)
    request.refused_at = "/Idempotency-Key"


def key_twice(draw: Random, request: Hostile) -> None:
    """Send two idempotency keys."""
    keys = draw.choice((["a", "b"], ["a", "a"], ["a", ""], ["a"] * 99))
    request.headers.pop("Idempotency-Key", None)
    if draw.random() < 0.5:
        request.headers["Idempotency-Key"] = keys
    else:
        request.headers |= {"idempotency-key": keys[:1], "IDEMPOTENCY-KEY": keys[1:]}
    request.refused_at = "/Idempotency-Key"


def card_as_key(draw: Random, request: Hostile) -> None:
    """Send a card number as the idempotency key."""
    number = draw.choice(material.CARD_NUMBERS)
    request.cards.append(number)
    written = draw.choice((number, f"order-{number}", "-".join((number[:4], number[4:8], number[8:12], number[12:]))))
    request.headers["Idempotency-Key"] = [written]
    request.refused_at = "/Idempotency-Key"


def strange_headers(_: Random, request: Hostile) -> None:
    """Send headers that nobody asked for."""
    request.headers |= {request.mark: ["x"], "X-Forwarded-For": [request.mark] * 9, "": [""], "é": ["\udcff"]}
    request.private.append(request.mark)
