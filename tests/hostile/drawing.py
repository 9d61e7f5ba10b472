"""Draws requests: one that is right, and the tricks that are played with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.hostile import address_tricks as address
from tests.hostile import body_tricks as body
from tests.hostile import form_tricks as form
from tests.hostile import material
from tests.hostile.requests import API_KEY, Hostile
from tests.hostile.site import DECIDED, RIGHT_TOKEN, SHOWN, WAITING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from random import Random

    Trick = Callable[[Random, Hostile], None]

_OF_BODIES: Sequence[Trick] = (
    body.odd_text,
    body.forbidden_text,
    body.long_text,
    body.card_in_text,
    body.card_as_name,
    body.twice,
    body.unknown_field,
    form.nested,
    form.no_json,
    form.too_long,
    form.broken_bytes,
    form.media_type,
    form.strange_headers,
)
_OF_PAYMENTS: Sequence[Trick] = (
    body.no_amount,
    body.wrong_scale,
    body.right_scale,
    body.no_currency,
    body.no_processing,
    body.card_as_id,
    body.no_id,
    body.no_metadata,
    body.no_metadata_value,
    form.key,
    form.key_twice,
    form.card_as_key,
)
_OF_PAGES: Sequence[Trick] = (
    address.limit,
    address.day,
    address.edge_day,
    address.page_token,
    address.unknown_parameter,
    address.parameter_twice,
    address.no_parameters,
    form.strange_headers,
)


def drawn(draw: Random) -> Hostile:
    """Return a request with one hostile thing in it, or with several."""
    make, tricks = draw.choices(_REQUESTS, _WEIGHTS)[0]
    request = make(draw)
    for trick in draw.choices(tricks, k=1 if draw.random() < 0.7 else draw.randint(2, 4)):
        trick(draw, request)
        request.kind += f"{'+' if request.kind else ''}{trick.__name__}"
    if "+" in request.kind:
        # One trick may undo another.
        request.refused_at, request.kind = None, "several"
    request.private.append(API_KEY)
    return request


def _payment(draw: Random) -> Hostile:
    request = Hostile("validator", "api_post_payments", material.marker(draw), members=[("amount", '"12.50"')])
    if draw.random() < 0.5:
        request.headers["Idempotency-Key"] = [f"key-{draw.getrandbits(3)}"]
    for name, text in (
        ("customer_id", '"cust-1"'),
        ("currency", '"EUR"'),
        ("processing", '"orchestrated"'),
        ("payment_id", '"order-1"'),
    ):
        if draw.random() < 0.3:
            request.set(name, text)
    return request


def _approval(draw: Random) -> Hostile:
    token = draw.choice((RIGHT_TOKEN, RIGHT_TOKEN, f"{WAITING}.{'0' * 64}", f"{DECIDED}.{'a' * 64}"))
    members = [("decision", draw.choice(('"approve"', '"refuse"'))), ("actor", '"ada"')]
    request = Hostile("approver", "api_post_approvals", material.marker(draw), members=members, path={"token": token})
    request.private.append(token.partition(".")[2])
    return request


def _listing(draw: Random) -> Hostile:
    request = Hostile("query", "api_get_payments", material.marker(draw))
    request.query = draw.choice(({"customer_id": ["cust-1"]}, {"created_on": ["2026-11-22"]})).copy()
    return request


def _batches(draw: Random) -> Hostile:
    return Hostile("query", "api_get_batches", material.marker(draw), query={"day": ["2026-11-22"]})


def _address(draw: Random) -> Hostile:
    sample, name = draw.choice(
        (("api_get_payment", "payment_id"), ("api_get_events", "payment_id"), ("api_get_batch", "batch_id"))
    )
    return Hostile("query", sample, material.marker(draw), path={name: SHOWN})


_REQUESTS: Sequence[tuple[Callable[[Random], Hostile], Sequence[Trick]]] = (
    (_payment, (*_OF_PAYMENTS, *_OF_BODIES)),
    (_approval, (address.no_token, body.no_decision, *_OF_BODIES)),
    (_listing, (address.no_customer, *_OF_PAGES)),
    (_batches, _OF_PAGES),
    (_address, (address.no_address,)),
)
_WEIGHTS = (12, 3, 2, 1, 2)
