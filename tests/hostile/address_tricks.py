"""Tricks with addresses: ids, tokens and parameters.

Each takes a request and puts one hostile thing into it; it notes where the refusal has to point.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.hostile import material
from tests.hostile.site import DECIDED, SHOWN, WAITING

if TYPE_CHECKING:
    from random import Random

    from tests.hostile.requests import Hostile


def limit(draw: Random, request: Hostile) -> None:
    """Ask for a page of no length."""
    limits = (
        "",
        "0",
        "101",
        "-1",
        "+5",
        " 5",
        "5 ",
        "5\n",
        "1e1",
        "٥",
        "５",
        "0x5",
        "5.0",
        "9" * 5_000,
        "NaN",
        "null",
        request.mark,
    )
    request.query["limit"] = [draw.choice(limits)]
    request.private.append(request.mark)
    request.refused_at = "/limit"


def day(draw: Random, request: Hostile) -> None:
    """Ask for a day that is none."""
    days = (
        "",
        "yesterday",
        "20261122",
        "2026-W47-7",
        "2026-02-30",
        "2026-13-01",
        "0000-01-01",
        "٢٠٢٦-١١-٢٢",
        "2026-11-22 ",
    )
    name = "day" if "day" in request.query else "created_on"
    request.query = {
        name: [draw.choice((*days, "2026-11-22\n", "2026-11-22T00:00", "9" * 999, "-2026-11-22", request.mark))]
    }
    request.private.append(request.mark)
    request.refused_at = f"/{name}"


def edge_day(draw: Random, request: Hostile) -> None:
    """Ask for the first or the last of days."""
    name = "day" if "day" in request.query else "created_on"
    request.query = {
        name: [draw.choice(("0001-01-01", "9999-12-31", "2024-02-29"))],
        "limit": [draw.choice(("1", "100", "007"))],
    }


def no_customer(draw: Random, request: Hostile) -> None:
    """Ask for a customer nobody can be."""
    number = draw.choice(material.CARD_NUMBERS)
    request.cards.append(number)
    request.query = {
        "customer_id": [draw.choice((number, "", "a" * 129, " ", "ä", "\0", "\ud800", "'or 1=1", f".{number}"))]
    }
    request.refused_at = "/customer_id"


def page_token(draw: Random, request: Hostile) -> None:
    """Forge the token of a page."""
    request.query["next_token"] = [material.page_token(draw, request.mark)]
    request.private.append(request.mark)
    request.refused_at = "/next_token"


def unknown_parameter(draw: Random, request: Hostile) -> None:
    """Send a parameter nobody knows."""
    number = draw.choice(material.CARD_NUMBERS)
    request.cards.append(number)
    name = draw.choice(("colour", number, "Limit", "limit[]", "", "\0", "a" * 9_000, "__proto__"))
    request.query[name] = ["x"]
    request.refused_at = f"/{name}" if name in {"colour", "Limit", "__proto__"} else ""


def parameter_twice(draw: Random, request: Hostile) -> None:
    """Send a parameter more than once."""
    number = draw.choice(material.CARD_NUMBERS)
    request.cards.append(number)
    name = draw.choice((*request.query, "limit", number))
    request.query[name] = ["1"] * draw.choice((2, 99))
    request.refused_at = "" if name == number else f"/{name}"


def no_parameters(draw: Random, request: Hostile) -> None:
    """Leave out what is required."""
    name = "day" if "day" in request.query else "customer_id"
    request.query = draw.choice(({}, {"limit": ["5"]}))
    request.refused_at = f"/{name}"


def no_address(draw: Random, request: Hostile) -> None:
    """Ask for what has no such id."""
    number = draw.choice(material.CARD_NUMBERS)
    (name,) = request.path
    mark = request.mark
    ids = (
        *material.NOT_NAMES,
        mark,
        mark * 200,
        number,
        f"{mark}/../{SHOWN}",
        f"%00{SHOWN}",
        f"{SHOWN}\0",
        f"{SHOWN}#1",
        f" {SHOWN}",
    )
    request.path = {name: draw.choice((*ids, "𝐩ay", SHOWN.upper(), "a" * 2_049))}
    request.cards.append(number)
    request.private.append(mark)
    request.refused_at = f"/{name}"


def no_token(draw: Random, request: Hostile) -> None:
    """Guess an approval token."""
    number = draw.choice(material.CARD_NUMBERS)
    secret = draw.choice(("0" * 64, "f" * 64, "A" * 64, "0" * 63, "0" * 9_000, "", number, request.mark, "０" * 64))
    subject = draw.choice((WAITING, DECIDED, SHOWN, number, request.mark, "..", "", "\0", "a" * 2_049))
    request.path = {
        "token": draw.choice((f"{subject}.{secret}", f"{subject}{secret}", f"{subject}.{subject}.{secret}"))
    }
    request.cards.append(number)
    request.private.append(request.mark)
    request.refused_at = "/token"
