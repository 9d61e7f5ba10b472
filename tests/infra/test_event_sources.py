from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from payments_infra.constructs.dead_letters import DeadLetters
from payments_infra.constructs.event_sources import QueueSource, StreamSource
from payments_infra.constructs.pipeline import Pipeline
from payments_infra.constructs.table import PAYMENTS_ONLY, PaymentsTable
from tests.infra.ground import KEY, Ground, granted, readable
from tests.infra.template import Body, Template, synthesized

if TYPE_CHECKING:
    from cdktf import TerraformStack

    from payments_infra.constructs.function import Function

STREAM_ARN = "${aws_dynamodb_table.payments_table.stream_arn}"


class Sources:
    """A queue, a streamed table and a queue for failures, to be read by functions."""

    def __init__(self, stack: TerraformStack) -> None:
        self.stack = stack
        self.ground = Ground(stack)
        naming, place, key = self.ground.naming, self.ground.place, self.ground.key
        self.pipeline = Pipeline(
            stack,
            "processing",
            part="processing",
            naming=naming,
            place=place,
            key=key,
            consumer_timeout_seconds=30,
        )
        self.table = PaymentsTable(stack, "payments", naming=naming, key=key)
        self.failures = DeadLetters(stack, "failures", part="stream", naming=naming, place=place, key=key)

    def queue(self, id_: str, function: Function, **options: Any) -> QueueSource:  # noqa: ANN401 - any option
        return QueueSource(self.stack, id_, function=function, pipeline=self.pipeline, **options)

    def stream(self, id_: str, function: Function, **options: Any) -> StreamSource:  # noqa: ANN401 - any option
        return StreamSource(self.stack, id_, function=function, table=self.table, failures=self.failures, **options)


@pytest.fixture(scope="module")
def template() -> Template:
    def build(stack: TerraformStack) -> None:
        sources = Sources(stack)
        function = sources.ground.function
        sources.queue("from_queue", function("processor"))
        sources.queue(
            "from_queue_fully",
            function("batcher", timeout_seconds=20, reserved_concurrency=10),
            batch_size=500,
            batching_window_seconds=60,
            maximum_concurrency=10,
            filters=[{"body": {"schema_version": [1]}}],
        )
        sources.stream("from_stream", function("auditor"))
        sources.stream(
            "from_stream_fully",
            function("dispatcher"),
            starting_position="LATEST",
            batch_size=10,
            batching_window_seconds=1,
            max_retry_attempts=3,
            max_record_age_seconds=600,
            parallelization_factor=4,
            filters=[PAYMENTS_ONLY],
        )

    return synthesized(build)


def mapping(template: Template, id_: str) -> Body:
    found = readable(template.resources("aws_lambda_event_source_mapping"))
    (body,) = [body for name, body in found.items() if name == f"{id_}_mapping"]
    result: Body = body
    return result


def without_own_logs_and_traces(found: list[Body]) -> list[Body]:
    return [one for one in found if "logs:PutLogEvents" not in one["Action"] and one["Resource"] != "*"]


def test_a_queue_hands_over_ten_messages_and_takes_single_ones_back(template: Template) -> None:
    """Defect: Records lost quietly."""
    assert mapping(template, "from_queue") == {
        "function_name": "${aws_lambda_function.processor_function.arn}",
        "event_source_arn": "${aws_sqs_queue.processing_queue.arn}",
        "batch_size": 10,
        "maximum_batching_window_in_seconds": 0,
        "function_response_types": ["ReportBatchItemFailures"],
    }


def test_a_queue_source_takes_every_option(template: Template) -> None:
    assert mapping(template, "from_queue_fully") == {
        "function_name": "${aws_lambda_function.batcher_function.arn}",
        "event_source_arn": "${aws_sqs_queue.processing_queue.arn}",
        "batch_size": 500,
        "maximum_batching_window_in_seconds": 60,
        "function_response_types": ["ReportBatchItemFailures"],
        "scaling_config": {"maximum_concurrency": 10},
        "filter_criteria": {"filter": [{"pattern": '{"body": {"schema_version": [1]}}'}]},
    }


def test_a_stream_is_read_from_its_beginning_and_loses_nothing_in_silence(template: Template) -> None:
    """Defect: Records lost quietly."""
    assert mapping(template, "from_stream") == {
        "function_name": "${aws_lambda_function.auditor_function.arn}",
        "event_source_arn": STREAM_ARN,
        "starting_position": "TRIM_HORIZON",
        "batch_size": 100,
        "maximum_batching_window_in_seconds": 0,
        "maximum_retry_attempts": 20,
        "maximum_record_age_in_seconds": 21600,
        "bisect_batch_on_function_error": True,
        "parallelization_factor": 1,
        "function_response_types": ["ReportBatchItemFailures"],
        "destination_config": {"on_failure": {"destination_arn": "${aws_sqs_queue.failures_queue.arn}"}},
    }


def test_a_stream_source_takes_every_option(template: Template) -> None:
    made = mapping(template, "from_stream_fully")
    assert made["starting_position"] == "LATEST"
    assert (made["batch_size"], made["maximum_batching_window_in_seconds"]) == (10, 1)
    assert (made["maximum_retry_attempts"], made["maximum_record_age_in_seconds"]) == (3, 600)
    assert made["parallelization_factor"] == 4
    (only,) = made["filter_criteria"]["filter"]
    assert json.loads(only["pattern"]) == PAYMENTS_ONLY


def test_a_consumer_may_consume_and_decrypt(template: Template) -> None:
    """Defect: Encryption without grants."""
    assert without_own_logs_and_traces(granted(template, "processor")) == [
        {
            "Effect": "Allow",
            "Action": ["sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage"],
            "Resource": "${aws_sqs_queue.processing_queue.arn}",
        },
        {"Effect": "Allow", "Action": "kms:Decrypt", "Resource": KEY},
    ]


def test_a_stream_reader_may_read_and_note_failures(template: Template) -> None:
    """Defect: Encryption without grants."""
    assert without_own_logs_and_traces(granted(template, "auditor")) == [
        {
            "Effect": "Allow",
            "Action": [
                "dynamodb:DescribeStream",
                "dynamodb:GetRecords",
                "dynamodb:GetShardIterator",
                "dynamodb:ListStreams",
            ],
            "Resource": STREAM_ARN,
        },
        {"Effect": "Allow", "Action": ["kms:Decrypt", "kms:GenerateDataKey"], "Resource": KEY},
        {"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": "${aws_sqs_queue.failures_queue.arn}"},
    ]


@pytest.fixture(scope="module")
def sources() -> Sources:
    kept: list[Sources] = []
    synthesized(lambda stack: kept.append(Sources(stack)))
    return kept[0]


@pytest.mark.parametrize(
    ("options", "rule"),
    [
        ({"batch_size": 0}, "batch_size must be between 1 and 10000, got 0"),
        ({"batch_size": 10_001}, "batch_size must be between 1 and 10000, got 10001"),
        ({"batch_size": 11}, "batch_size above 10 needs batching_window_seconds of at least 1, got 11 and 0"),
        ({"batching_window_seconds": 301}, "batching_window_seconds must be between 0 and 300, got 301"),
        ({"maximum_concurrency": 1}, "maximum_concurrency must be between 2 and 1000, got 1"),
        ({"maximum_concurrency": 1001}, "maximum_concurrency must be between 2 and 1000, got 1001"),
        ({"maximum_concurrency": 6}, "at most the function's reserved concurrency of 5, got 6"),
        ({"filters": [{}] * 6}, "the number of filters must be between 0 and 5, got 6"),
        ({"batching_window_seconds": 1}, "hides a message for 180 s, but must for 181 s"),
    ],
)
def test_a_queue_source_lambda_would_not_take_is_refused(sources: Sources, options: dict[str, Any], rule: str) -> None:
    id_ = "_".join(("refused_queue", *options, rule[-4:].strip()))
    function = sources.ground.function(id_, part="worker", timeout_seconds=30, reserved_concurrency=5)
    with pytest.raises(ValueError, match=rule):
        sources.queue(f"{id_}_source", function, **options)


def test_a_function_that_may_outlast_the_queues_patience_is_refused(sources: Sources) -> None:
    slow = sources.ground.function("slow", timeout_seconds=31)
    with pytest.raises(ValueError, match="hides a message for 180 s, but must for 186 s") as refusal:
        sources.queue("impatient", slow)
    assert "Raise the pipeline's consumer_timeout_seconds" in str(refusal.value)


@pytest.mark.parametrize(
    ("option", "value", "rule"),
    [
        ("batch_size", 0, "between 1 and 10000, got 0"),
        ("batch_size", 10_001, "between 1 and 10000, got 10001"),
        ("batching_window_seconds", 301, "between 0 and 300, got 301"),
        ("max_retry_attempts", -1, "between 0 and 10000, got -1"),
        ("max_retry_attempts", 10_001, "between 0 and 10000, got 10001"),
        ("max_record_age_seconds", 59, "between 60 and 86400, got 59"),
        ("max_record_age_seconds", 86_401, "between 60 and 86400, got 86401"),
        ("parallelization_factor", 0, "between 1 and 10, got 0"),
        ("parallelization_factor", 11, "between 1 and 10, got 11"),
    ],
)
def test_a_stream_source_lambda_would_not_take_is_refused(sources: Sources, option: str, value: int, rule: str) -> None:
    id_ = f"refused_stream_{option}_{value}"
    with pytest.raises(ValueError, match=f"{option} must be {rule}"):
        sources.stream(f"{id_}_source", sources.ground.function(id_, part="worker"), **{option: value})


def test_two_functions_can_read_one_stream(template: Template) -> None:
    """Defect: Two instances collide."""
    readers = [mapping(template, id_) for id_ in ("from_stream", "from_stream_fully")]
    assert {reader["event_source_arn"] for reader in readers} == {STREAM_ARN}
    assert len({reader["function_name"] for reader in readers}) == 2
