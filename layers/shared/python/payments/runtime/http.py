"""HTTP as API Gateway's proxy integration brings it (payload format 1.0): events to requests, responses to answers."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from payments.domain.errors import RequestRefused, Violation

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from http import HTTPStatus


class MediaTypeRefused(Exception):
    """The body is not announced as JSON."""


@dataclass(frozen=True, kw_only=True)
class Request:
    """One HTTP request. ``resource`` is the route, such as ``/payments/{payment_id}``; header names are lower case."""

    method: str
    resource: str
    path: str
    request_id: str
    path_parameters: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""

    def json_body(self) -> bytes:
        """Return the body, which must be announced as JSON.

        Raises:
            MediaTypeRefused: it is announced as something else, or not at all.
        """
        media_type = self.headers.get("content-type", "").partition(";")[0].strip().lower()
        if media_type != "application/json":
            raise MediaTypeRefused("send the body as Content-Type: application/json")
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
        # A header given twice reads as its values parted by commas (RFC 9110, section 5.3).
        headers={name.lower(): ", ".join(values) for name, values in (event.get("multiValueHeaders") or {}).items()},
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


def _query(parameters: Mapping[str, Sequence[str]]) -> dict[str, str]:
    repeated = [
        Violation(f"/{name}", "is given more than once") for name, values in parameters.items() if len(values) > 1
    ]
    if repeated:
        raise RequestRefused(repeated)
    return {name: values[0] for name, values in parameters.items()}


def _body(event: Mapping[str, Any]) -> bytes:
    body = event.get("body") or ""
    try:
        return base64.b64decode(body, validate=True) if event.get("isBase64Encoded") else body.encode()
    except ValueError as error:
        raise RequestRefused([Violation("", "cannot be decoded")]) from error
