"""Batches of records: all at once in threads, each failure logged with its reason and reported by name.

A batch in which every record failed raises, so that the function's ``Errors`` rises, unless the outside world caused
every failure: one payment's time-out is no error of the function. The records come back either way.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType

from payments.domain.errors import DeliveryFailed, GatewayAmbiguous, StoreBusy, VersionConflict
from payments.runtime import telemetry

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from aws_lambda_powertools.utilities.batch.types import PartialItemFailureResponse
    from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
    from aws_lambda_powertools.utilities.typing import LambdaContext

_AT_ONCE = 10

_EXPECTED = (DeliveryFailed, GatewayAmbiguous, StoreBusy, VersionConflict)
"""Failures the outside world causes and the next delivery mends; others deserve somebody's attention."""


class ConcurrentBatch(BatchProcessor):
    """Powertools' batch processor, handling ten records at once: most of a record's time is waiting for others.

    One after the other, a burst waits ten times as long. Each record has its own logging context.
    """

    def __init__(self, event_type: EventType) -> None:
        super().__init__(event_type, raise_on_entire_batch_failure=False)

    def process(self) -> list[tuple[Any, ...]]:
        """Handle every record; return what Powertools' own ``process`` returns."""
        with ThreadPoolExecutor(_AT_ONCE) as threads:
            contexts = [copy_context() for _ in self.records]
            return list(
                threads.map(lambda each, record: each.run(self._process_record, record), contexts, self.records)
            )

    def failure_handler(self, record: Any, exception: Any) -> Any:  # noqa: ANN401 - as Powertools declares it
        """Log and count the failure, in the context of the record it belongs to."""
        log_failure(exception)
        if not _is_expected(exception):
            self.raise_on_entire_batch_failure = True
        return super().failure_handler(record, exception)


def each_message(
    event: Mapping[str, Any], context: LambdaContext, process: Callable[[str], object]
) -> PartialItemFailureResponse:
    """Give the body of each SQS message in ``event`` to ``process``; return which messages are to come again.

    Raises:
        BatchProcessingError: every message failed, and not all for reasons of the outside world.
    """

    def processed(record: SQSRecord) -> object:
        telemetry.about(message_id=record.message_id, receive_count=record.attributes.approximate_receive_count)
        return process(record.body)

    telemetry.begin(context)
    batch = ConcurrentBatch(EventType.SQS)
    with batch(event["Records"], processed):
        batch.process()
    return batch.response()


def log_failure(exception: Any) -> None:  # noqa: ANN401 - an exception or what sys.exc_info() returns
    """Log that a record failed, with the reason, and count it."""
    write = telemetry.log().warning if _is_expected(exception) else telemetry.log().error
    write("record failed and will come again: %s", _error(exception), exc_info=exception)
    telemetry.EmittedMetrics().count(telemetry.FAILED_RECORDS_METRIC)


def _is_expected(exception: Any) -> bool:  # noqa: ANN401 - as above
    return isinstance(_error(exception), _EXPECTED)


def _error(exception: Any) -> Any:  # noqa: ANN401 - as above
    return exception[1] if isinstance(exception, tuple) else exception
