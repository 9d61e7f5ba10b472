"""The name of the error when Lambda lets a task's function not run: MiniStack calls it Lambda.Unknown.

AWS: https://docs.aws.amazon.com/step-functions/latest/dg/bp-lambda-serviceexception.html
("Lambda.TooManyRequestsException").
"""

import json
from typing import Any

from ministack.services import stepfunctions

_THROTTLED = "TooManyRequestsException"


def apply() -> None:
    """Name throttled invocations."""
    call = stepfunctions._call_lambda

    def call_and_name(function: str, event: Any) -> Any:
        try:
            return call(function, event)
        except stepfunctions._ExecutionError as error:
            if error.error == "Lambda.Unknown" and error.cause.startswith("{"):
                body = json.loads(error.cause)
                if body.get("__type") == _THROTTLED:
                    raise stepfunctions._ExecutionError(f"Lambda.{_THROTTLED}", body["message"]) from None
            raise

    stepfunctions._call_lambda = call_and_name
