"""How one batch of stream records is brought to its function, with the mapping's own rules for failures."""

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ministack.services import lambda_svc

from local_aws.overlay.batch_answers import failed_items

Record = dict[str, Any]

FIRST_PAUSE_SECONDS = 0.5
LONGEST_PAUSE_SECONDS = 5.0


@dataclass(frozen=True)
class Batch:
    """Records to deliver together, and how often that failed without any of them getting done."""

    records: list[Record]
    failures: int = 0


@dataclass(frozen=True)
class Delivery:
    """Delivers for one mapping; `is_wanted` says whether the mapping is still there and enabled."""

    mapping: Record
    is_wanted: Callable[[], bool]

    def complete(self, records: list[Record]) -> bool:
        """Deliver until every record is done or given up; False when the mapping was removed or disabled meanwhile."""
        waiting = deque([Batch(records)])
        while waiting:
            if not self.is_wanted():
                return False
            waiting.extendleft(reversed(self._deliver(waiting.popleft())))
        return True

    def _deliver(self, batch: Batch) -> list[Batch]:
        function, _ = lambda_svc._get_func_record_for_qualifier(
            self.mapping["FunctionName"], self.mapping.get("Qualifier")
        )
        if function is None:
            time.sleep(FIRST_PAUSE_SECONDS)
            return [batch]
        result = lambda_svc._execute_function(function, {"Records": batch.records})
        left = self._left_over(batch.records, result)
        self.mapping["LastProcessingResult"] = "PROBLEM: Function call failed" if left else "OK"
        if not left:
            return []
        if result.get("throttle"):
            time.sleep(FIRST_PAUSE_SECONDS)
            return [batch]
        return self._next(batch, left, function, result)

    def _left_over(self, records: list[Record], result: Record) -> list[Record]:
        """Return the records from the first failed one on: what came before it is done."""
        if result.get("error"):
            return records
        if "ReportBatchItemFailures" not in self.mapping.get("FunctionResponseTypes", []):
            return []
        numbers = [record["dynamodb"]["SequenceNumber"] for record in records]
        failed = failed_items(result.get("body"), numbers)
        return records[min(map(numbers.index, failed)) :] if failed else []

    def _next(self, batch: Batch, left: list[Record], function: Record, result: Record) -> list[Batch]:
        fresh = [record for record in left if not self._is_too_old(record)]
        expired = left[: len(left) - len(fresh)]
        self._give_up(expired, function, result, "MaximumRecordAgeExceeded")
        if len(left) < len(batch.records):
            return _again(fresh, failures=0)
        if self.mapping.get("BisectBatchOnFunctionError") and len(fresh) > 1:
            # Splitting does not count as a retry.
            middle = len(fresh) // 2
            return [Batch(fresh[:middle], batch.failures), Batch(fresh[middle:], batch.failures)]
        limit = int(self.mapping.get("MaximumRetryAttempts", -1))
        if 0 <= limit <= batch.failures:
            self._give_up(fresh, function, result, "RetryAttemptsExhausted")
            return []
        time.sleep(min(FIRST_PAUSE_SECONDS * 2**batch.failures, LONGEST_PAUSE_SECONDS))
        return _again(fresh, failures=batch.failures + 1)

    def _is_too_old(self, record: Record) -> bool:
        longest = int(self.mapping.get("MaximumRecordAgeInSeconds", -1))
        return 0 <= longest < time.time() - float(record["dynamodb"]["ApproximateCreationDateTime"])

    def _give_up(self, records: list[Record], function: Record, result: Record, condition: str) -> None:
        if records:
            lambda_svc._send_ddb_stream_failure_record(
                self.mapping, function, records, self.mapping["EventSourceArn"], result, condition
            )


def _again(records: list[Record], *, failures: int) -> list[Batch]:
    return [Batch(records, failures)] if records else []
