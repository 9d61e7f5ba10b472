"""What to make of a request that DynamoDB refused: what a conditional write met, and whether to try it again."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

from botocore.exceptions import ClientError, ConnectTimeoutError, ReadTimeoutError

from payments.adapters.aws import error_code
from payments.adapters.backoff import attempts
from payments.domain.errors import StoreBusy

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping, Sequence

    from payments.adapters.dynamodb.attributes import Item

_CONDITION_FAILED = "ConditionalCheckFailed"
_THROTTLED_REASONS = {"ThrottlingError", "ProvisionedThroughputExceeded"}
_PASSING_REASONS = {"TransactionConflict", *_THROTTLED_REASONS}
_CONFLICT_ATTEMPTS = 5

THROTTLED = frozenset({"ProvisionedThroughputExceededException", "RequestLimitExceeded", "ThrottlingException"})
"""Codes of a table, or one of its indexes, that is asked for more than it takes at the moment."""

Answer = TypeVar("Answer")


def found_instead(error: ClientError) -> Item:
    """Return the item a failed condition met, empty where there was none; raise any other error again."""
    if error_code(error) != f"{_CONDITION_FAILED}Exception":
        raise error
    found: Item = _details(error).get("Item", {})
    return found


def found_by_transaction(error: ClientError) -> Sequence[Item]:
    """Return, for each write of a cancelled transaction, the item that failed its condition; empty where none did.

    Anything but a cancellation by a failed condition is raised again.
    """
    reasons = _cancellation_reasons(error)
    if not any(reason.get("Code") == _CONDITION_FAILED for reason in reasons):
        raise error
    return [reason.get("Item", {}) for reason in reasons]


def is_throttled(error: ClientError) -> bool:
    """Whether DynamoDB was asked for more than it takes at the moment, and did nothing."""
    return error_code(error) in THROTTLED or bool(_codes(error) & _THROTTLED_REASONS)


@contextmanager
def busy_if_throttled() -> Iterator[None]:
    """Say of what DynamoDB refuses because it is asked for too much that the store is busy.

    Raises:
        StoreBusy: the request was throttled.
    """
    try:
        yield
    except ClientError as error:
        if is_throttled(error):
            raise StoreBusy(str(error)) from error
        raise


@contextmanager
def busy_if_unread() -> Iterator[None]:
    """Say of a read that is throttled, or finds no answer in time, that the store is busy.

    Of reads alone: a write without an answer may have taken effect, which is more than a busy table.

    Raises:
        StoreBusy: the read was throttled, or nobody answered.
    """
    try:
        with busy_if_throttled():
            yield
    except (ConnectTimeoutError, ReadTimeoutError) as error:
        raise StoreBusy(str(error)) from error


def despite_conflicts(
    write: Callable[[], Answer],
    *,
    tries: int = _CONFLICT_ATTEMPTS,
    longest_pause_seconds: float = 1,
    passing: Collection[str] = (),
) -> Answer:
    """Return what ``write`` returns, trying again while another transaction is at work on the same item.

    The SDK does not repeat these: two requests with one idempotency key, a moment apart, are enough to meet one.
    ``passing`` names further errors to try again after, which the SDK has repeated without success.
    """
    for attempt in attempts(tries, longest_pause_seconds=longest_pause_seconds):
        try:
            return write()
        except ClientError as error:
            if attempt == tries or not (_will_pass(error) or error_code(error) in passing):
                raise
    raise AssertionError("unreachable: the last attempt returns or raises")


def _will_pass(error: ClientError) -> bool:
    return error_code(error) == "TransactionConflictException" or bool(_codes(error) & _PASSING_REASONS)


def _codes(error: ClientError) -> set[str]:
    return {reason.get("Code", "") for reason in _cancellation_reasons(error)}


def _cancellation_reasons(error: ClientError) -> Sequence[Mapping[str, Any]]:
    reasons: Sequence[Mapping[str, Any]] = _details(error).get("CancellationReasons", [])
    return reasons


def _details(error: ClientError) -> Mapping[str, Any]:
    # The stubs know what all of AWS's errors share; DynamoDB's say more.
    return {**error.response}
