"""Problem documents (RFC 9457), all of type ``about:blank`` as API Gateway's own are: the status says the kind.

``instance`` is the request's id, by which it is found in the logs.
"""

from __future__ import annotations

from dataclasses import replace
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, NamedTuple

from payments.domain.errors import (
    ApprovalClosed,
    ApprovalNotFound,
    BatchNotFound,
    BodyTooLong,
    IdempotencyConflict,
    PaymentIdTaken,
    PaymentNotFound,
    RequestRefused,
    Violation,
)
from payments.runtime.http import MediaTypeRefused, Response

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

MOST_VIOLATIONS_SHOWN = 100

_BUSY = "Too much is asked for at the moment. It is safe to repeat the request with the same Idempotency-Key."
_RETRY_AFTER_SECONDS = 5

# RFC 9110 renamed these; Python 3.11 has the older phrases, 3.13 the newer.
_RENAMED = {
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "Content Too Large",
    HTTPStatus.UNPROCESSABLE_ENTITY: "Unprocessable Content",
}

STATUS_OF: Mapping[type[Exception], HTTPStatus] = {
    BodyTooLong: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    MediaTypeRefused: HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    RequestRefused: HTTPStatus.BAD_REQUEST,
    PaymentNotFound: HTTPStatus.NOT_FOUND,
    ApprovalNotFound: HTTPStatus.NOT_FOUND,
    BatchNotFound: HTTPStatus.NOT_FOUND,
    PaymentIdTaken: HTTPStatus.CONFLICT,
    ApprovalClosed: HTTPStatus.CONFLICT,
    IdempotencyConflict: HTTPStatus.UNPROCESSABLE_ENTITY,
}
"""What a caller can do wrong, and only that: whatever else is raised is ours, and answered with 500.

The first that fits counts.
"""


class _Fault(NamedTuple):
    pointer: str
    detail: str | None = None


_FAULT_OF: Mapping[type[Exception], _Fault] = {
    # What stands in an address may be long, or a card number: it is not said again.
    PaymentNotFound: _Fault("/payment_id", "no payment has this id"),
    ApprovalNotFound: _Fault("/token"),
    BatchNotFound: _Fault("/batch_id", "no batch has this id"),
    PaymentIdTaken: _Fault("/payment_id"),
    ApprovalClosed: _Fault("/decision"),
    IdempotencyConflict: _Fault("/Idempotency-Key"),
}
"""What is at fault where no rule of a field is broken; the error's own words say why, unless others stand here."""


def refusal(error: Exception, *, instance: str) -> Response:
    """Return the problem document for what a caller did wrong."""
    status = next(status for kind, status in STATUS_OF.items() if isinstance(error, kind))
    if not isinstance(error, RequestRefused):
        pointer, detail = _FAULT_OF[type(error)]
        said = detail or str(error)
        return problem(status, said, instance=instance, violations=[Violation(pointer, said)])
    first, *others = error.violations
    detail = f"{len(error.violations)} rules are broken; errors names each" if others else _sentence(first)
    return problem(status, detail, instance=instance, violations=error.violations)


def busy(*, instance: str) -> Response:
    """Return the problem document for a request that nothing is wrong with, and that must wait a moment."""
    response = problem(HTTPStatus.SERVICE_UNAVAILABLE, _BUSY, instance=instance)
    return replace(response, headers={**response.headers, "Retry-After": str(_RETRY_AFTER_SECONDS)})


def problem(status: HTTPStatus, detail: str, *, instance: str, violations: Sequence[Violation] = ()) -> Response:
    """Return a problem document (RFC 9457), with ``errors`` where there are ``violations``."""
    body: dict[str, Any] = {
        "type": "about:blank",
        "title": _title(status),
        "status": status.value,
        "detail": detail,
        "instance": instance,
    }
    if violations:
        body["errors"] = [{"pointer": it.pointer, "detail": it.detail} for it in violations[:MOST_VIOLATIONS_SHOWN]]
    return Response(status=status, body=body, headers={"Content-Type": "application/problem+json"})


def _sentence(violation: Violation) -> str:
    return f"{violation.pointer or 'the request'} {violation.detail}"


def _title(status: HTTPStatus) -> str:
    return _RENAMED.get(status, status.phrase)
