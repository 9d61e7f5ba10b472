"""The opaque token that continues a listing: where each of the listing's partitions was left.

It is read as a client's input: it may only ever continue the listing it was issued for, and a forged one can at most
skip ahead in what its sender may read anyway.
"""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, NamedTuple

from payments.domain.errors import RequestRefused, Violation
from payments.domain.identifiers import is_payment_id
from payments.domain.timestamps import parsed, rfc3339

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping


class Position(NamedTuple):
    """The last item shown of one partition, by the time and the id that the listing's index holds."""

    created_at: str
    item_id: str


def token_for(listing: str, positions: Mapping[str, Position]) -> str:
    """Return the token that continues ``listing`` after ``positions`` (by partition)."""
    content = json.dumps([listing, positions], separators=(",", ":"), sort_keys=True)
    return base64.urlsafe_b64encode(content.encode()).decode().rstrip("=")


def positions_in(token: str, listing: str, partitions: Collection[str]) -> dict[str, Position]:
    """Return the positions ``token`` holds.

    Raises:
        RequestRefused: the token was not issued for this listing.
    """
    try:
        issued_for, positions = json.loads(
            base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
        )
        after = {partition: _position(*position) for partition, position in positions.items()}
    # Whatever a client can write there: not base64, not JSON, JSON of another shape, JSON nested to the sky, a time
    # that no UTC calendar has.
    except (ValueError, TypeError, AttributeError, RecursionError, OverflowError):
        raise _refused() from None
    if issued_for != listing or not after.keys() <= set(partitions):
        raise _refused()
    return after


def _position(created_at: str, item_id: str) -> Position:
    # Only as the table writes it: fromisoformat() also takes week dates and fractions longer than any key may be. Ids
    # of batches have the shape of payments' too.
    if rfc3339(parsed(created_at)) != created_at or not is_payment_id(item_id):
        raise ValueError("no position of a listing")
    return Position(created_at, item_id)


def _refused() -> RequestRefused:
    return RequestRefused([Violation("/next_token", "was not issued for this listing; start again without it")])
