"""Which batches a caller wants to see: the query parameters of ``GET /batches``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from payments.domain.errors import RequestRefused, Violation
from payments.domain.listing import DEFAULT_LIMIT, read_day, read_limit, read_next_token
from payments.domain.schema import unknown_fields

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

PARAMETERS = ("day", "limit", "next_token")


@dataclass(frozen=True, kw_only=True)
class BatchListing:
    """One page of the batches created on a day (UTC)."""

    day: date
    limit: int = DEFAULT_LIMIT
    next_token: str | None = None


def read_batch_listing(parameters: Mapping[str, str]) -> BatchListing:
    """Return the listing that query ``parameters`` ask for.

    Raises:
        RequestRefused: with every parameter at fault, named in the pointer as if the query were an object.
    """
    violations = list(unknown_fields(parameters, PARAMETERS))
    if "day" not in parameters:
        violations.append(Violation("/day", "is required"))
    day = read_day(parameters.get("day"), "/day", violations)
    limit = read_limit(parameters.get("limit"), violations)
    next_token = read_next_token(parameters.get("next_token"), violations)
    if violations or day is None:
        raise RequestRefused(violations)
    return BatchListing(day=day, limit=limit, next_token=next_token)
