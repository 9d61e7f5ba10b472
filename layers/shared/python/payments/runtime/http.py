"""HTTP as API Gateway's proxy integration brings it (payload format 1.0): events to requests, responses to answers."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from payments.domain.errors import RequestRefused, Violation
from payments.domain.pointers import is_plain

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from http import HTTPStatus

_REPEATED = "is given more than once"


class MediaTypeRefused(RequestRefused):
    """The body is not announced as JSON."""


@dataclass(frozen=True, kw_only=True)
class Request:
    """One HTTP request. ``resource`` is the route, such as ``/payments/{payment_id}``; header names are lower case.

    Headers have every value they came with (see :meth:`header`).
    """

    method: str
    resource: str
    path: str
    request_id: str
    path_parameters: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, Sequence[str]] = field(default_factory=dict)
    body: bytes = b""

    def header(self, name: str) -> str | None:
        """Return the value of a header that may come once, in whatever case its name is written; None without it.

        Raises:
            RequestRefused: it is given more than once. Which of its values was meant, nobody may guess.
        """
        values = self.headers.get(name.lower(), ())
        if len(values) > 1:
            raise RequestRefused([Violation(f"/{name}", _REPEATED)])
        return values[0] if values else None

    def json_body(self) -> bytes:
        """Return the body, which must be announced as JSON.

        Raises:
            MediaTypeRefused: it is announced as something else, or not at all.
            RequestRefused: it is announced more than once.
        """
        media_type = (self.header("Content-Type") or "").partition(";")[0].strip().lower()
        if media_type != "application/json":
            raise MediaTypeRefused([Violation("/Content-Type", "must be application/json, and say so of a JSON body")])
        return self.body


@dataclass(frozen=True, kw_only=True)
class Response:
    """One HTTP answer; ``body`` is JSON-ready."""

    status: HTTPStatus
    body: Mapping[str, Any]
    headers: Mapping[str, str] = field(default_factory=dict)


def request_from(event: Mapping[str, Any]) -> Request:
    """Return the request that ``event`` describes.

    Raises:
        RequestRefused: a query parameter is given twice, or the body's encoding is broken.
    """
    return Request(
        method=event["httpMethod"],
        resource=event["resource"],
        path=event["requestContext"]["path"],
        request_id=event["requestContext"]["requestId"],
        path_parameters=event.get("pathParameters") or {},
        query=_query(event.get("multiValueQueryStringParameters") or {}),
        headers=_headers(event.get("multiValueHeaders") or {}),
        body=_body(event),
    )


def proxied(response: Response) -> dict[str, Any]:
    """Return ``response`` as API Gateway wants it."""
    headers = {"Content-Type": "application/json", "Cache-Control": "no-store", **response.headers}
    # As UTF-8 a page of the longest payments keeps below Lambda's 6 MB; escaped, a character takes up to 14. What
    # UTF-8 cannot hold (a lone surrogate, which requests are refused for) must not cost the whole answer.
    body = json.dumps(response.body, separators=(",", ":"), ensure_ascii=False).encode(errors="replace").decode()
    return {
        "statusCode": response.status.value,
        "headers": headers,
        "body": body,
        "isBase64Encoded": False,
    }


def _headers(given: Mapping[str, Sequence[str]]) -> dict[str, list[str]]:
    headers: dict[str, list[str]] = {}
    for name, values in given.items():
        headers.setdefault(name.lower(), []).extend(values)
    return headers


def _query(parameters: Mapping[str, Sequence[str]]) -> dict[str, str]:
    repeated = [name for name, values in parameters.items() if len(values) > 1]
    if repeated:
        named = [Violation(f"/{name}", _REPEATED) for name in repeated if is_plain(name)]
        # A name that is not plain may be the very thing that must not be repeated.
        raise RequestRefused(named or [Violation("", "has a parameter more than once")])
    return {name: values[0] for name, values in parameters.items()}


def _body(event: Mapping[str, Any]) -> bytes:
    body = event.get("body") or ""
    try:
        return base64.b64decode(body, validate=True) if event.get("isBase64Encoded") else body.encode()
    except ValueError as error:
        raise RequestRefused([Violation("", "cannot be decoded")]) from error
