"""Problem documents (RFC 9457), all of type ``about:blank`` as API Gateway's own are: the status says the kind.

``instance`` is the request's id, by which it is found in the logs.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from payments.domain.errors import (
    ApprovalClosed,
    ApprovalNotFound,
    BatchNotFound,
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

STATUS_OF: Mapping[type[Exception], HTTPStatus] = {
    RequestRefused: HTTPStatus.BAD_REQUEST,
    PaymentNotFound: HTTPStatus.NOT_FOUND,
    ApprovalNotFound: HTTPStatus.NOT_FOUND,
    BatchNotFound: HTTPStatus.NOT_FOUND,
    PaymentIdTaken: HTTPStatus.CONFLICT,
    ApprovalClosed: HTTPStatus.CONFLICT,
    MediaTypeRefused: HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    IdempotencyConflict: HTTPStatus.UNPROCESSABLE_ENTITY,
}
"""What a caller can do wrong, and only that: whatever else is raised is ours, and answered with 500."""


def refusal(error: Exception, *, instance: str) -> Response:
    """Return the problem document for what a caller did wrong."""
    status = next(status for kind, status in STATUS_OF.items() if isinstance(error, kind))
    if not isinstance(error, RequestRefused):
        return problem(status, str(error), instance=instance)
    first, *others = error.violations
    detail = f"{len(error.violations)} rules are broken; errors names each" if others else _sentence(first)
    return problem(status, detail, instance=instance, violations=error.violations)


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
    return f"{violation.pointer} {violation.detail}".lstrip()


def _title(status: HTTPStatus) -> str:
    # RFC 9110 renamed this one; Python 3.11 has the older phrase, 3.13 the newer.
    return "Unprocessable Content" if status == HTTPStatus.UNPROCESSABLE_ENTITY else status.phrase
