"""The API's handlers: one request in, one answer out, whatever happens in between."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any, TypeVar

from payments.domain.errors import StoreBusy
from payments.runtime import telemetry
from payments.runtime.http import proxied, request_from
from payments.runtime.problems import STATUS_OF, busy, problem, refusal

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from aws_lambda_powertools.utilities.typing import LambdaContext

    from payments.runtime.http import Request, Response

Ports = TypeVar("Ports")

FAILED = "The request could not be answered. It is safe to repeat it with the same Idempotency-Key."


def answer(
    event: Mapping[str, Any],
    context: LambdaContext,
    *,
    respond: Callable[[Request, Ports], Response],
    connect: Callable[[], Ports],
) -> dict[str, Any]:
    """Return what API Gateway sends as the answer to ``event``: what ``respond`` says, or a problem document.

    An unexpected error is logged whole, counted, and answered with 500 and nothing of the inside: an exception would
    reach the caller as API Gateway's 502, without the request's id.
    """
    request_id = event["requestContext"]["requestId"]
    telemetry.begin(context, request_id=request_id)
    try:
        response = respond(request_from(event), connect())
    except tuple(STATUS_OF) as error:
        response = refusal(error, instance=request_id)
    except StoreBusy as error:
        # The table's own alarms ring for this.
        telemetry.log().warning("too busy to answer: %s", error)
        response = busy(instance=request_id)
    except Exception:  # noqa: BLE001 - the one place where everything must become an answer; it is logged whole
        telemetry.log().exception("unexpected error")
        telemetry.EmittedMetrics().count(telemetry.UNEXPECTED_ERRORS_METRIC)
        response = problem(HTTPStatus.INTERNAL_SERVER_ERROR, FAILED, instance=request_id)
    telemetry.log().info(
        "answered", extra={"route": f"{event['httpMethod']} {event['resource']}", "status": response.status.value}
    )
    return proxied(response)
