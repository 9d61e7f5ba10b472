"""What makes functions run: queues and streams, one failed record at a time."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Protocol

from cdktf_cdktf_provider_aws.lambda_event_source_mapping import (
    LambdaEventSourceMapping,
    LambdaEventSourceMappingDestinationConfig,
    LambdaEventSourceMappingDestinationConfigOnFailure,
    LambdaEventSourceMappingFilterCriteria,
    LambdaEventSourceMappingFilterCriteriaFilter,
    LambdaEventSourceMappingScalingConfig,
)
from constructs import Construct

from payments_infra.constructs.limits import refuse_out_of_range
from payments_infra.constructs.pipeline import VISIBILITY_FACTOR

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Literal

    from payments_infra.constructs.dead_letters import DeadLetters
    from payments_infra.constructs.function import Function
    from payments_infra.constructs.iam import Role
    from payments_infra.constructs.pipeline import Pipeline

    Pattern = Mapping[str, Any]

ONE_RECORD_AT_A_TIME = "ReportBatchItemFailures"
"""The function names the records it could not handle; only these come back."""

LARGEST_BATCH_WITHOUT_WINDOW = 10
MOST_FILTERS = 5
"""https://docs.aws.amazon.com/lambda/latest/dg/invocation-eventfiltering.html"""


class Streamed(Protocol):
    """A table whose changes can be read."""

    @property
    def stream_arn(self) -> str:
        """ARN of the stream of changes."""

    def grant_stream(self, role: Role) -> None:
        """Let Lambda read the stream in the name of ``role``."""


class QueueSource(Construct):
    """Runs ``function`` with batches of ``pipeline``'s messages; what it names as failed comes back.

    Args:
        function: gets the messages; its role may consume from now on.
        pipeline: where they wait.
        batch_size: most messages in one run (1 to 10000; more than 10 needs a window).
        batching_window_seconds: how long to wait for a fuller batch (0 to 300).
        maximum_concurrency: most runs at once for this queue (2 to 1000); unlike reserved concurrency it leaves
            messages in the queue instead of throttling, which would count as receives.
        filters: event patterns; a message that matches none is dropped (at most 5).

    Raises:
        ValueError: a number is outside what Lambda takes; the queue would deliver a message again while a run may
            still be at work on it; or the function reserves less than ``maximum_concurrency``.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        function: Function,
        pipeline: Pipeline,
        batch_size: int = 10,
        batching_window_seconds: int = 0,
        maximum_concurrency: int | None = None,
        filters: Sequence[Pattern] = (),
    ) -> None:
        super().__init__(scope, id_)
        refuse_out_of_range("batch_size", batch_size, 1, 10_000)
        refuse_out_of_range("batching_window_seconds", batching_window_seconds, 0, 300)
        if batch_size > LARGEST_BATCH_WITHOUT_WINDOW and batching_window_seconds == 0:
            raise ValueError(
                f"batch_size above {LARGEST_BATCH_WITHOUT_WINDOW} needs batching_window_seconds of at least 1, "
                f"got {batch_size} and 0"
            )
        _refuse_early_redelivery(function, pipeline, batching_window_seconds)
        _refuse_more_than_reserved(function, maximum_concurrency)
        pipeline.grant_consume(function.role)
        self.mapping = LambdaEventSourceMapping(
            self,
            "mapping",
            function_name=function.arn,
            event_source_arn=pipeline.arn,
            batch_size=batch_size,
            maximum_batching_window_in_seconds=batching_window_seconds,
            function_response_types=[ONE_RECORD_AT_A_TIME],
            scaling_config=_scaling(maximum_concurrency),
            filter_criteria=_filter_criteria(filters),
        )


class StreamSource(Construct):
    """Runs ``function`` with batches of ``table``'s changes, in order for each item.

    A batch that fails is split, so that one bad record holds up its neighbours for a few tries only. What is given up
    is noted in ``failures``: where it stood in the stream, not what it said.

    Args:
        function: gets the changes; its role may read the stream and write to ``failures`` from now on.
        table: whose changes.
        failures: gets a note of every record that was given up.
        starting_position: ``TRIM_HORIZON`` also reads what happened before the mapping was made; ``LATEST`` does not.
        batch_size: most records in one run (1 to 10000).
        batching_window_seconds: how long to wait for a fuller batch (0 to 300).
        max_retry_attempts: further tries of a failed batch (0 to 10000).
        max_record_age_seconds: age at which a record is given up (60 to 86400, all a stream keeps).
        parallelization_factor: batches of one shard under way at once (1 to 10); order holds for each item.
        filters: event patterns; a record that matches none is passed over (at most 5).

    Raises:
        ValueError: a number is outside what Lambda takes.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        function: Function,
        table: Streamed,
        failures: DeadLetters,
        starting_position: Literal["TRIM_HORIZON", "LATEST"] = "TRIM_HORIZON",
        batch_size: int = 100,
        batching_window_seconds: int = 0,
        max_retry_attempts: int = 20,
        max_record_age_seconds: int = 6 * 3600,
        parallelization_factor: int = 1,
        filters: Sequence[Pattern] = (),
    ) -> None:
        super().__init__(scope, id_)
        refuse_out_of_range("batch_size", batch_size, 1, 10_000)
        refuse_out_of_range("batching_window_seconds", batching_window_seconds, 0, 300)
        refuse_out_of_range("max_retry_attempts", max_retry_attempts, 0, 10_000)
        refuse_out_of_range("max_record_age_seconds", max_record_age_seconds, 60, 86_400)
        refuse_out_of_range("parallelization_factor", parallelization_factor, 1, 10)
        table.grant_stream(function.role)
        failures.grant_send(function.role)
        self.mapping = LambdaEventSourceMapping(
            self,
            "mapping",
            function_name=function.arn,
            event_source_arn=table.stream_arn,
            starting_position=starting_position,
            batch_size=batch_size,
            maximum_batching_window_in_seconds=batching_window_seconds,
            maximum_retry_attempts=max_retry_attempts,
            maximum_record_age_in_seconds=max_record_age_seconds,
            bisect_batch_on_function_error=True,
            parallelization_factor=parallelization_factor,
            function_response_types=[ONE_RECORD_AT_A_TIME],
            filter_criteria=_filter_criteria(filters),
            destination_config=LambdaEventSourceMappingDestinationConfig(
                on_failure=LambdaEventSourceMappingDestinationConfigOnFailure(destination_arn=failures.arn)
            ),
        )


def _refuse_early_redelivery(function: Function, pipeline: Pipeline, batching_window_seconds: int) -> None:
    # https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html
    needed = VISIBILITY_FACTOR * function.timeout_seconds + batching_window_seconds
    if needed > pipeline.visibility_timeout_seconds:
        raise ValueError(
            f"the queue hides a message for {pipeline.visibility_timeout_seconds} s, but must for {needed} s: "
            f"{VISIBILITY_FACTOR} times the function's time-out of {function.timeout_seconds} s and the batching "
            f"window of {batching_window_seconds} s. Raise the pipeline's consumer_timeout_seconds"
        )


def _refuse_more_than_reserved(function: Function, maximum_concurrency: int | None) -> None:
    if maximum_concurrency is None:
        return
    refuse_out_of_range("maximum_concurrency", maximum_concurrency, 2, 1000)
    reserved = function.reserved_concurrency
    if reserved is not None and maximum_concurrency > reserved:
        raise ValueError(
            f"maximum_concurrency must be at most the function's reserved concurrency of {reserved}, "
            f"got {maximum_concurrency}: what is throttled counts as received and ends among the dead letters"
        )


def _scaling(maximum_concurrency: int | None) -> LambdaEventSourceMappingScalingConfig | None:
    if maximum_concurrency is None:
        return None
    return LambdaEventSourceMappingScalingConfig(maximum_concurrency=maximum_concurrency)


def _filter_criteria(filters: Sequence[Pattern]) -> LambdaEventSourceMappingFilterCriteria | None:
    refuse_out_of_range("the number of filters", len(filters), 0, MOST_FILTERS)
    if not filters:
        return None
    return LambdaEventSourceMappingFilterCriteria(
        filter=[
            LambdaEventSourceMappingFilterCriteriaFilter(pattern=json.dumps(pattern, sort_keys=True))
            for pattern in filters
        ]
    )
