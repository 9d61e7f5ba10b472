"""What schemathesis is told of this API beyond ``openapi.json``: rules that no schema can say.

It sends what the description allows and expects it to be taken. Each refusal that is right all the same stands here, by
the words in which the API gives its reason; any other fails the run.
"""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

import schemathesis
from schemathesis.openapi.checks import RejectedPositiveData, UnsupportedMethodResponse

if TYPE_CHECKING:
    from schemathesis import Case, HookContext, Response
    from schemathesis.core.failures import Failure

BEYOND_SCHEMAS = (
    "decimals",  # an amount's, of its currency
    "looks like it holds a card number",
    "cannot be given together with customer_id",
    "is required, unless created_on is given",
    "was not issued for this listing",  # a token of a page that nobody made up
    "this idempotency key came with another body before",
)


@schemathesis.hook
def filter_failure(context: HookContext, failure: Failure, case: Case[Any], response: Response) -> bool:
    """Return whether ``failure`` is one."""
    del context, case
    match failure:
        case RejectedPositiveData():
            return not all(_is_beyond(error["detail"]) for error in response.json()["errors"])
        case UnsupportedMethodResponse():
            # API Gateway answers unknown paths and unknown methods alike; it has no 405 of its own.
            return response.status_code != 404
    return True


@schemathesis.hook
def before_call(context: HookContext, case: Case[Any], kwargs: dict[str, Any]) -> None:
    """Give a request that keeps all rules a key and an id of its own: else most would repeat others, and say so."""
    del context, kwargs
    if case.meta is None or not case.meta.generation.mode.is_positive:
        return
    if "Idempotency-Key" in case.headers:
        case.headers["Idempotency-Key"] = str(uuid.uuid4())
    if isinstance(case.body, dict) and "payment_id" in case.body:
        case.body["payment_id"] = str(uuid.uuid4())


def _is_beyond(detail: str) -> bool:
    return any(words in detail for words in BEYOND_SCHEMAS)
