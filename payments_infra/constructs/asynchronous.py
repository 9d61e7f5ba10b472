"""What becomes of runs nobody waits for, once they fail."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cdktf_cdktf_provider_aws.lambda_function_event_invoke_config import (
    LambdaFunctionEventInvokeConfig,
    LambdaFunctionEventInvokeConfigDestinationConfig,
    LambdaFunctionEventInvokeConfigDestinationConfigOnFailure,
)
from constructs import Construct

from payments_infra.constructs.limits import refuse_out_of_range

if TYPE_CHECKING:
    from payments_infra.constructs.dead_letters import DeadLetters
    from payments_infra.constructs.function import Function

SHORTEST_AGE_SECONDS = 60
"""The least EventBridge and Lambda take for the age at which an event is given up."""


class AsynchronousRetries(Construct):
    """How long Lambda tries again what was invoked asynchronously and failed; by itself, twice within six hours.

    Args:
        function: whose runs; its role may write to ``failures`` from now on.
        max_age_seconds: age at which an event is given up (60 to 21600).
        max_retries: further tries after an error (0 to 2).
        failures: gets what was given up; without it, it is gone.

    Raises:
        ValueError: a number is outside what Lambda takes.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        function: Function,
        max_age_seconds: int,
        max_retries: int,
        failures: DeadLetters | None = None,
    ) -> None:
        super().__init__(scope, id_)
        refuse_out_of_range("max_age_seconds", max_age_seconds, SHORTEST_AGE_SECONDS, 21600)
        refuse_out_of_range("max_retries", max_retries, 0, 2)
        if failures:
            failures.grant_send(function.role)
        self.config = LambdaFunctionEventInvokeConfig(
            self,
            "config",
            function_name=function.name,
            maximum_event_age_in_seconds=max_age_seconds,
            maximum_retry_attempts=max_retries,
            destination_config=_on_failure(failures),
        )


def _on_failure(failures: DeadLetters | None) -> LambdaFunctionEventInvokeConfigDestinationConfig | None:
    if failures is None:
        return None
    return LambdaFunctionEventInvokeConfigDestinationConfig(
        on_failure=LambdaFunctionEventInvokeConfigDestinationConfigOnFailure(destination=failures.arn)
    )
