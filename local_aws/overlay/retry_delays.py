"""How long a retry waits: MiniStack knows neither the longest delay nor jitter, and never waits more than a minute.

AWS: https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html#error-handling-retrying-after-an-error
("MaxDelaySeconds", "JitterStrategy").
"""

import random
import threading
from typing import Any

from ministack.services import stepfunctions

_next_delay = threading.local()


def apply() -> None:
    """Let the retrier that was found say how long to sleep before its retry."""
    find, sleep = stepfunctions._find_matching_retrier, stepfunctions._scaled_sleep

    def find_and_time(retriers: list[dict[str, Any]], error: str, counts: dict[int, int]) -> Any:
        retrier, index = find(retriers, error, counts)
        _next_delay.seconds = None if retrier is None else delay_seconds(retrier, counts.get(index, 0))
        return retrier, index

    def sleep_as_found(seconds: float) -> None:
        found = getattr(_next_delay, "seconds", None)
        _next_delay.seconds = None
        sleep(seconds if found is None else found)

    stepfunctions._find_matching_retrier = find_and_time
    stepfunctions._scaled_sleep = sleep_as_found


def delay_seconds(retrier: dict[str, Any], retries_before: int) -> float:
    """Return how long ``retrier`` waits before its next retry."""
    longest = float(retrier.get("MaxDelaySeconds", "inf"))
    delay = min(retrier.get("IntervalSeconds", 1) * retrier.get("BackoffRate", 2.0) ** retries_before, longest)
    return random.uniform(0, delay) if retrier.get("JitterStrategy") == "FULL" else delay  # noqa: S311 - no secret
