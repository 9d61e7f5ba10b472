"""What API Gateway itself answers when no function is reached: problem details (RFC 9457), every one of them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from cdktf_cdktf_provider_aws.api_gateway_gateway_response import ApiGatewayGatewayResponse
from constructs import Construct

_OWN_MESSAGE = "$context.error.messageString"
"""API Gateway's own sentence. The variable brings its quotes along, so it stands in a template without any.
https://docs.aws.amazon.com/apigateway/latest/developerguide/gateway-response-types-fields.html"""


@dataclass(frozen=True, kw_only=True)
class Problem:
    """One kind of answer.

    Args:
        status: HTTP status; also stands in the body, so it is set even where it is the default.
        title: the status's phrase (RFC 9110), as a problem of type ``about:blank`` should have it.
        detail: what to do about it; None where API Gateway's own message says more.
        about_body: the body is at fault as a whole, which ``errors`` says with the empty JSON pointer (RFC 6901).
        retry_after_seconds: value of the Retry-After header, where waiting helps.
    """

    status: int
    title: str
    detail: str | None = None
    about_body: bool = False
    retry_after_seconds: int | None = None

    @property
    def template(self) -> str:
        """The body, with API Gateway's variables in it. Templates know variables only, no logic."""
        detail = _OWN_MESSAGE if self.detail is None else self.detail
        body: dict[str, Any] = {
            "type": "about:blank",
            "title": self.title,
            "status": self.status,
            "detail": detail,
            "instance": "$context.requestId",  # finds the request in the access log
        }
        if self.about_body:
            body["errors"] = [{"pointer": "", "detail": detail}]
        return json.dumps(body).replace(json.dumps(_OWN_MESSAGE), _OWN_MESSAGE)

    @property
    def headers(self) -> dict[str, str]:
        """Headers of the answer; a literal value stands in single quotes."""
        headers = {"gatewayresponse.header.Content-Type": "'application/problem+json'"}
        if self.retry_after_seconds is not None:
            headers["gatewayresponse.header.Retry-After"] = f"'{self.retry_after_seconds}'"
        return headers


_FAILED = "The request could not be answered. It is safe to repeat it with the same Idempotency-Key."
_UNSIGNED = "The request's signature is missing, wrong or too old."

PROBLEMS = {
    # API Gateway says "missing authentication token" of every path and method it does not know.
    "MISSING_AUTHENTICATION_TOKEN": Problem(
        status=404, title="Not Found", detail="There is no such resource, or it does not answer this method."
    ),
    "RESOURCE_NOT_FOUND": Problem(status=404, title="Not Found", detail="There is no such resource."),
    "INVALID_API_KEY": Problem(status=403, title="Forbidden", detail="Send a valid API key in the x-api-key header."),
    "ACCESS_DENIED": Problem(status=403, title="Forbidden", detail="The caller may not do this."),
    "UNAUTHORIZED": Problem(status=401, title="Unauthorized", detail="The caller could not be identified."),
    "INVALID_SIGNATURE": Problem(status=403, title="Forbidden", detail=_UNSIGNED),
    "EXPIRED_TOKEN": Problem(status=403, title="Forbidden", detail=_UNSIGNED),
    "WAF_FILTERED": Problem(status=403, title="Forbidden", detail="The request was refused by the firewall."),
    "BAD_REQUEST_BODY": Problem(status=400, title="Bad Request", about_body=True),
    "BAD_REQUEST_PARAMETERS": Problem(status=400, title="Bad Request"),
    "REQUEST_TOO_LARGE": Problem(
        status=413, title="Content Too Large", detail="The body is larger than 10 MB, the most that is accepted."
    ),
    "UNSUPPORTED_MEDIA_TYPE": Problem(
        status=415, title="Unsupported Media Type", detail="Send the body as application/json."
    ),
    "THROTTLED": Problem(
        status=429,
        title="Too Many Requests",
        detail="The API key's rate is used up. Wait, then repeat the request.",
        retry_after_seconds=1,
    ),
    "QUOTA_EXCEEDED": Problem(status=429, title="Too Many Requests", detail="The API key's daily quota is used up."),
    "API_CONFIGURATION_ERROR": Problem(status=500, title="Internal Server Error", detail=_FAILED),
    "AUTHORIZER_CONFIGURATION_ERROR": Problem(status=500, title="Internal Server Error", detail=_FAILED),
    "AUTHORIZER_FAILURE": Problem(status=500, title="Internal Server Error", detail=_FAILED),
    "INTEGRATION_FAILURE": Problem(status=504, title="Gateway Timeout", detail=_FAILED),
    "INTEGRATION_TIMEOUT": Problem(status=504, title="Gateway Timeout", detail=_FAILED),
    # The rest. With a status of their own, because a template cannot know which one the answer gets.
    "DEFAULT_4XX": Problem(status=400, title="Bad Request"),
    "DEFAULT_5XX": Problem(status=500, title="Internal Server Error", detail=_FAILED),
}
"""Every response type API Gateway has.
https://docs.aws.amazon.com/apigateway/latest/developerguide/supported-gateway-response-types.html"""


class GatewayResponses(Construct):
    """Problem details for everything ``rest_api_id`` answers on its own.

    The templates are filed under ``application/json`` because API Gateway falls back to that type, whatever the caller
    accepts; the header then says what the body is.
    """

    def __init__(self, scope: Construct, id_: str, *, rest_api_id: str) -> None:
        super().__init__(scope, id_)
        self.responses = [
            ApiGatewayGatewayResponse(
                self,
                response_type.lower(),
                rest_api_id=rest_api_id,
                response_type=response_type,
                status_code=str(problem.status),
                response_templates={"application/json": problem.template},
                response_parameters=problem.headers,
            )
            for response_type, problem in PROBLEMS.items()
        ]
