"""Queue mappings that delete a message only when the function said that it was done.

MiniStack takes an empty or unknown item identifier for success and deletes the whole batch. AWS takes it for the
failure of the whole batch (see `batch_answers`).
"""

import time
from typing import Any

from ministack.services import lambda_svc, sqs

from local_aws.overlay.batch_answers import failed_items

Record = dict[str, Any]


def apply() -> None:
    """Replace what runs one batch of messages."""
    lambda_svc._run_sqs_batch = _run


def _run(
    mapping: Record, function: Record, event: Record, messages: list[Record], queue_url: str, _queue_name: str
) -> None:
    result = lambda_svc._execute_function(function, event)
    identifiers = [message["id"] for message in messages]
    if result.get("error"):
        failed = set(identifiers)
        lambda_svc._esm_backoff_until[mapping["UUID"]] = time.time() + lambda_svc._ESM_BACKOFF_SECONDS
    elif "ReportBatchItemFailures" in mapping.get("FunctionResponseTypes", []):
        failed = failed_items(result.get("body"), identifiers)
    else:
        failed = set()
    done = {message["receipt_handle"] for message in messages if message["id"] not in failed}
    if done:
        sqs._delete_messages_for_esm(queue_url, done)
    mapping["LastProcessingResult"] = f"{len(done)} of {len(messages)} messages processed"
