"""What a function's answer to a batch says about each record, read as AWS reads it."""

from collections.abc import Sequence
from typing import Any


def failed_items(answer: Any, identifiers: Sequence[str]) -> set[str]:
    """Return the identifiers of the records that failed; all of them when the answer can't be trusted.

    Nothing, an empty object and an empty list mean success. An identifier that is empty, missing or not of this batch
    means that the whole batch failed, as does an answer that is no object:
    https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html#services-sqs-batchfailurereporting
    """
    if answer is None:
        return set()
    failures = answer.get("batchItemFailures") if isinstance(answer, dict) else [answer]
    named = {_identifier(failure) for failure in failures or []}
    everything = set(identifiers)
    return named if named.issubset(everything) else everything


def _identifier(failure: Any) -> str:
    identifier = failure.get("itemIdentifier") if isinstance(failure, dict) else None
    return identifier if isinstance(identifier, str) else ""
