from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from cdktf import TerraformVariable
from cdktf_cdktf_provider_aws.dynamodb_table import DynamodbTable, DynamodbTableAttribute
from cdktf_cdktf_provider_aws.lambda_alias import LambdaAlias
from cdktf_cdktf_provider_aws.lambda_event_source_mapping import LambdaEventSourceMapping
from cdktf_cdktf_provider_aws.lambda_function import LambdaFunctionDeadLetterConfig
from cdktf_cdktf_provider_aws.sqs_queue_redrive_policy import SqsQueueRedrivePolicy

from tests.infra.guarded import consume, function, guarded, queue, redriven_queue

if TYPE_CHECKING:
    from cdktf import TerraformStack

DEAD_LETTER_QUEUE_AT_FAULT = (
    "orders_dead_letters: keeps a dead letter for {kept} s since it was sent, and orders may have kept it for 345600 s "
    "before. Set message_retention_seconds to 1209600, the longest, and the source's below that [dead-letter-retention]"
)


@pytest.mark.parametrize(("hidden", "timeout", "window"), [(179, 30, 0), (180, 30, 1), (30, 6, 0)])
def test_a_queue_that_delivers_again_while_its_consumer_may_run_is_refused(
    hidden: int, timeout: int, window: int
) -> None:
    def build(stack: TerraformStack) -> None:
        orders = redriven_queue(stack, visibility_timeout_seconds=hidden)
        consume(stack, orders, function(stack, timeout=timeout), maximum_batching_window_in_seconds=window)

    assert guarded(build) == [
        (
            f"orders: hides a message for {hidden} s, but worker, which consumes it, may run for {timeout} s. Set "
            f"visibility_timeout_seconds to at least {6 * timeout + window}: 6 times the function's time-out and the "
            f"batching window of {window} s [visibility-timeout]"
        )
    ]


@pytest.mark.parametrize("options", [({}, {}), ({"visibility_timeout_seconds": 180}, {"timeout": 30})])
def test_a_queue_that_waits_long_enough_passes_by_default_too(options: tuple[dict[str, Any], dict[str, Any]]) -> None:
    of_queue, of_function = options
    assert not guarded(lambda stack: consume(stack, redriven_queue(stack, **of_queue), function(stack, **of_function)))


def test_a_consumer_behind_an_alias_is_found() -> None:
    def build(stack: TerraformStack) -> None:
        worker = function(stack, timeout=60)
        live = LambdaAlias(stack, "live", name="live", function_name=worker.function_name, function_version="1")
        consume(stack, redriven_queue(stack), live)

    (problem,) = guarded(build)
    assert problem.startswith("orders: hides a message for 30 s, but worker")


def test_a_time_out_only_terraform_knows_is_not_judged() -> None:
    def build(stack: TerraformStack) -> None:
        timeout = TerraformVariable(stack, "timeout", type="number").number_value
        consume(stack, redriven_queue(stack), function(stack, timeout=timeout))

    assert not guarded(build)


@pytest.mark.parametrize("kept", [345_600, 60])
def test_dead_letters_that_are_forgotten_as_early_as_messages_are_refused(kept: int) -> None:
    """Defect: Nothing consumed the queues."""

    def build(stack: TerraformStack) -> None:
        dead_letters = queue(stack, "orders_dead_letters", message_retention_seconds=kept)
        policy = json.dumps({"deadLetterTargetArn": dead_letters.arn, "maxReceiveCount": 5})
        consume(stack, queue(stack, redrive_policy=policy), function(stack))

    assert guarded(build) == [DEAD_LETTER_QUEUE_AT_FAULT.format(kept=kept)]


def test_a_redrive_policy_apart_from_its_queue_counts() -> None:
    def build(stack: TerraformStack) -> None:
        orders, dead_letters = queue(stack), queue(stack, "orders_dead_letters")
        policy = json.dumps({"deadLetterTargetArn": dead_letters.arn, "maxReceiveCount": 5})
        SqsQueueRedrivePolicy(stack, "redrive", queue_url=orders.url, redrive_policy=policy)
        consume(stack, orders, function(stack))

    assert guarded(build) == [DEAD_LETTER_QUEUE_AT_FAULT.format(kept=345_600)]


def test_a_queue_nobody_reads_is_refused() -> None:
    """Defect: Nothing consumed the queues."""
    assert guarded(redriven_queue) == [
        (
            "orders: nothing consumes the queue: messages wait until they are forgotten. Add a QueueSource, or accept "
            "it with the reader outside this stack as the reason [queue-without-consumer]"
        )
    ]


def test_a_queue_without_dead_letters_is_refused() -> None:
    """Defect: Nothing consumed the queues."""
    assert guarded(lambda stack: consume(stack, queue(stack), function(stack))) == [
        (
            "orders: no redrive policy: a message nobody can handle comes back until it is forgotten. Use a Pipeline, "
            "or give the queue a redrive_policy to a dead-letter queue of its own [queue-without-dead-letters]"
        )
    ]


def test_a_queue_for_what_a_function_gave_up_needs_neither_a_reader_nor_dead_letters() -> None:
    def build(stack: TerraformStack) -> None:
        function(stack, dead_letter_config=LambdaFunctionDeadLetterConfig(target_arn=queue(stack, "given_up").arn))

    assert not guarded(build)


def table_with_stream(stack: TerraformStack) -> DynamodbTable:
    return DynamodbTable(
        stack, "table", name="table", hash_key="id", attribute=[DynamodbTableAttribute(name="id", type="S")]
    )


def test_one_bad_message_or_record_must_not_fail_its_batch() -> None:
    """Defect: Records lost quietly."""

    def build(stack: TerraformStack) -> None:
        consume(stack, redriven_queue(stack), function(stack), function_response_types=[])
        LambdaEventSourceMapping(
            stack,
            "streaming",
            event_source_arn=table_with_stream(stack).stream_arn,
            function_name=function(stack, "reader").arn,
            starting_position="LATEST",
        )

    assert guarded(build) == [
        f"{mapping}: one bad record of {source} fails its whole batch. Use a QueueSource or StreamSource, or set "
        'function_response_types=["ReportBatchItemFailures"] and name the failed records in the handler\'s answer '
        "[partial-batch-responses]"
        for mapping, source in (("orders_mapping", "orders"), ("streaming", "table"))
    ]
