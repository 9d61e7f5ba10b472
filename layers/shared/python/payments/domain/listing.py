"""Which payments a caller wants to see: the query parameters of ``GET /payments``."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from payments.domain.errors import RequestRefused, Violation
from payments.domain.request import FIELDS
from payments.domain.schema import unknown_fields

if TYPE_CHECKING:
    from collections.abc import Mapping

DEFAULT_LIMIT = 25
MAX_LIMIT = 100
PARAMETERS = ("customer_id", "created_on", "limit", "next_token")

_DAY = re.compile("[0-9]{4}-[0-9]{2}-[0-9]{2}")
_LIMIT = re.compile("[0-9]{1,3}")


@dataclass(frozen=True, kw_only=True)
class Listing:
    """One page of the payments of a customer, or of those created on a day (UTC); exactly one of the two is set."""

    customer_id: str | None = None
    created_on: date | None = None
    limit: int = DEFAULT_LIMIT
    next_token: str | None = None


def read_listing(parameters: Mapping[str, str]) -> Listing:
    """Return the listing that query ``parameters`` ask for.

    Raises:
        RequestRefused: with every parameter at fault, named in the pointer as if the query were an object.
    """
    violations = list(unknown_fields(parameters, PARAMETERS))
    if "customer_id" in parameters and "created_on" in parameters:
        violations.append(Violation("/created_on", "cannot be given together with customer_id"))
    if "customer_id" not in parameters and "created_on" not in parameters:
        violations.append(Violation("/customer_id", "is required, unless created_on is given"))
    customer_id = parameters.get("customer_id")
    if customer_id is not None:
        customer_id = FIELDS["customer_id"].kind.read(customer_id, "/customer_id", violations)
    listing = Listing(
        customer_id=customer_id,
        created_on=read_day(parameters.get("created_on"), "/created_on", violations),
        limit=read_limit(parameters.get("limit"), violations),
        next_token=read_next_token(parameters.get("next_token"), violations),
    )
    if violations:
        raise RequestRefused(violations)
    return listing


def read_day(text: str | None, pointer: str, violations: list[Violation]) -> date | None:
    """Return the day that ``text`` names; add to ``violations`` what speaks against it."""
    if text is None:
        return None
    try:
        # fromisoformat also takes 20261122 and week dates; one day has one spelling here.
        return date.fromisoformat(text if _DAY.fullmatch(text) else "")
    except ValueError:
        violations.append(Violation(pointer, "must be a day such as 2026-11-22"))
        return None


def read_next_token(text: str | None, violations: list[Violation]) -> str | None:
    """Return the token that continues a listing; what it says is for the table's adapter to judge."""
    if text == "":
        violations.append(Violation("/next_token", "must not be empty; leave it out to start at the beginning"))
    return text


def read_limit(text: str | None, violations: list[Violation]) -> int:
    """Return the length of a page that ``text`` names; add to ``violations`` what speaks against it."""
    if text is None:
        return DEFAULT_LIMIT
    if not _LIMIT.fullmatch(text) or not 1 <= int(text) <= MAX_LIMIT:
        violations.append(Violation("/limit", f"must be a whole number from 1 to {MAX_LIMIT}"))
        return DEFAULT_LIMIT
    return int(text)
