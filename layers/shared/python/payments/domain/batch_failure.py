"""Why a batch failed, in words for whoever sent the file."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from payments.domain.errors import BatchRefused

if TYPE_CHECKING:
    from collections.abc import Sequence

LONGEST_REASON = 500
"""Characters. A reason is shown in listings and told by mail, whatever the file holds."""

TOO_LONG = "the file was not read to its end in time"
_REASONS = {
    "States.Timeout": TOO_LONG,
    # A task waits longer than its function may run, so mostly it is Lambda that stops the function.
    "Sandbox.Timedout": TOO_LONG,
    "OutcomeMissing": "a part of the file was not read to its end",
}
_ANY_OTHER_REASON = "the file could not be read to its end; the operators have been told"


def reason_of(error: str, cause: str) -> str:
    """Return the reason that a workflow's ``error`` and ``cause`` stand for.

    What refuses a file says why in words of its own. Anything else is a fault of the inside, whose details stay inside.
    """
    if error == BatchRefused.__name__:
        return (_message_in(cause) or _ANY_OTHER_REASON)[:LONGEST_REASON]
    return _REASONS.get(error, _ANY_OTHER_REASON)


def first_of(faults: Sequence[str], most: int, *, between: str = "; ") -> str:
    """Return the first ``most`` of ``faults``, and how many more there are."""
    more = len(faults) - most
    return between.join(faults[:most]) + (f" and {more} more" if more > 0 else "")


def _message_in(cause: str) -> str | None:
    # What a function raised arrives as JSON: {"errorMessage": …, "errorType": …, "stackTrace": […]}.
    try:
        said = json.loads(cause)
    except ValueError:
        return None
    message = said.get("errorMessage") if isinstance(said, dict) else None
    return message if isinstance(message, str) else None
