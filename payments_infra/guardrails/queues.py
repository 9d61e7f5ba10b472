"""Queues that deliver early, forget what was given up, are read by nobody, or repeat what went well."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from payments_infra.constructs.pipeline import VISIBILITY_FACTOR
from payments_infra.guardrails.problem import Problem
from payments_infra.guardrails.synthesized import Resource, Synthesized, blocks

if TYPE_CHECKING:
    from collections.abc import Iterator

QUEUE = "aws_sqs_queue"
MAPPING = "aws_lambda_event_source_mapping"

DEFAULT_VISIBILITY_SECONDS = 30
DEFAULT_RETENTION_SECONDS = 345_600
"""https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_CreateQueue.html"""

DEFAULT_TIMEOUT_SECONDS = 3
"""https://docs.aws.amazon.com/lambda/latest/api/API_CreateFunction.html"""

_GIVES_UP = frozenset({"redrive_policy", "dead_letter_config", "on_failure"})
"""Arguments, of whatever resource, that name the queue for what is given up."""

_BATCHING_SOURCES = (QUEUE, "aws_dynamodb_table", "aws_kinesis_stream")
"""Sources Lambda takes single failures of. https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html"""


def early_redelivery(stack: Synthesized) -> Iterator[Problem]:
    """Find queues that deliver a message again while its consumer may still be at work on it.

    https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html
    """
    for mapping in stack.resources(MAPPING):
        queue = stack.target(mapping.body.get("event_source_arn"), QUEUE)
        function = stack.function(mapping.body.get("function_name"))
        if queue is None or function is None:
            continue
        hidden = queue.number("visibility_timeout_seconds", DEFAULT_VISIBILITY_SECONDS)
        timeout = function.number("timeout", DEFAULT_TIMEOUT_SECONDS)
        window = mapping.number("maximum_batching_window_in_seconds", 0)
        if hidden is None or timeout is None or window is None:
            continue
        needed = VISIBILITY_FACTOR * timeout + window
        if hidden < needed:
            yield Problem(
                path=queue.path,
                rule="visibility-timeout",
                what=f"hides a message for {hidden} s, but {function.path}, which consumes it, may run for {timeout} s",
                mend=f"Set visibility_timeout_seconds to at least {needed}: {VISIBILITY_FACTOR} times the function's "
                f"time-out and the batching window of {window} s",
            )


def early_forgetting(stack: Synthesized) -> Iterator[Problem]:
    """Find dead-letter queues that keep a message no longer than the queue it comes from.

    A message's age counts from its first sending, so it would vanish soon after it was given up.
    https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-dead-letter-queues.html
    """
    for queue, dead_letters in _redrives(stack):
        kept = queue.number("message_retention_seconds", DEFAULT_RETENTION_SECONDS)
        kept_dead = dead_letters.number("message_retention_seconds", DEFAULT_RETENTION_SECONDS)
        if kept is not None and kept_dead is not None and kept_dead <= kept:
            yield Problem(
                path=dead_letters.path,
                rule="dead-letter-retention",
                what=f"keeps a dead letter for {kept_dead} s since it was sent, and {queue.path} may have kept it for "
                f"{kept} s before",
                mend="Set message_retention_seconds to 1209600, the longest, and the source's below that",
            )


def unread_queues(stack: Synthesized) -> Iterator[Problem]:
    """Find queues that nothing in the stack reads, dead-letter queues apart."""
    sources = [one.body.get("event_source_arn") for one in stack.resources(MAPPING)]
    sources += [one.body.get("source") for one in stack.resources("aws_pipes_pipe")]
    read = {one.address for one in stack.referred(sources, QUEUE)} | _dead_letter_addresses(stack)
    for queue in stack.resources(QUEUE):
        if queue.address not in read:
            yield Problem(
                path=queue.path,
                rule="queue-without-consumer",
                what="nothing consumes the queue: messages wait until they are forgotten",
                mend="Add a QueueSource, or accept it with the reader outside this stack as the reason",
            )


def queues_without_redrive(stack: Synthesized) -> Iterator[Problem]:
    """Find queues that try a message that can't be handled until they forget it, dead-letter queues apart."""
    redriven = {queue.address for queue, _ in _redrives(stack)} | {
        queue.address
        for policy in stack.resources("aws_sqs_queue_redrive_policy")
        for queue in stack.referred(policy.body.get("queue_url"), QUEUE)
    }
    spared = redriven | _dead_letter_addresses(stack)
    for queue in stack.resources(QUEUE):
        if queue.address not in spared and "redrive_policy" not in queue.body:
            yield Problem(
                path=queue.path,
                rule="queue-without-dead-letters",
                what="no redrive policy: a message nobody can handle comes back until it is forgotten",
                mend="Use a Pipeline, or give the queue a redrive_policy to a dead-letter queue of its own",
            )


def whole_batches_that_fail(stack: Synthesized) -> Iterator[Problem]:
    """Find event source mappings by which one bad record repeats, or loses, a whole batch."""
    for mapping in stack.resources(MAPPING):
        source = stack.target(mapping.body.get("event_source_arn"), *_BATCHING_SOURCES)
        if source and "ReportBatchItemFailures" not in mapping.body.get("function_response_types", ()):
            yield Problem(
                path=mapping.path,
                rule="partial-batch-responses",
                what=f"one bad record of {source.path} fails its whole batch",
                mend='Use a QueueSource or StreamSource, or set function_response_types=["ReportBatchItemFailures"] '
                "and name the failed records in the handler's answer",
            )


def _redrives(stack: Synthesized) -> Iterator[tuple[Resource, Resource]]:
    """Yield each queue with its dead-letter queue, where both are of this stack."""
    for policy in stack.resources(QUEUE, "aws_sqs_queue_redrive_policy"):
        queue = policy if policy.type == QUEUE else stack.target(policy.body.get("queue_url"), QUEUE)
        for dead_letters in stack.referred(policy.body.get("redrive_policy", ""), QUEUE):
            if queue:
                yield queue, dead_letters


def _dead_letter_addresses(stack: Synthesized) -> set[str]:
    named = [value for one in stack.everything() for value in _given_up_to(one.body)]
    return {queue.address for queue in stack.referred(named, QUEUE)}


def _given_up_to(value: Any) -> Iterator[object]:  # noqa: ANN401 - any part of a body
    for block in blocks(value):
        for argument, part in block.items():
            if argument in _GIVES_UP:
                yield part
            else:
                yield from _given_up_to(part)
