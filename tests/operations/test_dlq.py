from __future__ import annotations

import json
from itertools import count
from typing import Any

import pytest

from operations import dlq
from operations.dead_letter_queues import DeadLetterOffice
from operations.environment import Environment
from operations.pace import Pace
from operations.stream import Stream
from payments.domain.messages import encode_message
from tests.contract.faults import asked
from tests.operations.conftest import MockEnvironment, refusal, run
from tests.operations.test_letters import NOTE, UPLOAD, UPLOAD_ATTRIBUTES
from tests.samples import accepted, claimed

FUNCTION_ARN = NOTE["requestContext"]["functionArn"]


@pytest.fixture(autouse=True)
def _hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let SQS answer at once that nothing is left, and the stream be asked again without a pause."""
    monkeypatch.setattr(dlq, "DeadLetterOffice", lambda environment: DeadLetterOffice(environment, wait_seconds=0))
    monkeypatch.setattr(dlq, "Stream", lambda environment: Stream(environment, sleep=lambda _: None))


def put(environment: MockEnvironment, queue_url: str, *bodies: str) -> None:
    for body in bodies:
        environment.client("sqs").send_message(QueueUrl=queue_url, MessageBody=body)


def noted(environment: MockEnvironment) -> str:
    """Give three changes up, the last two of them in a note; return the dead letters' queue."""
    environment.stream.put(accepted("pay-1"), accepted("pay-2"), claimed(accepted("pay-2")), accepted("pay-3"))
    _, first, last, _ = environment.stream.numbers()
    batch = NOTE["DDBStreamBatchInfo"] | {"startSequenceNumber": first, "endSequenceNumber": last}
    lost = environment.make_queue("dispatcher-dead-letters")
    put(environment, lost, json.dumps(NOTE | {"DDBStreamBatchInfo": batch}))
    return lost


def test_every_queue_of_dead_letters_is_listed_with_how_many_wait(environment: MockEnvironment) -> None:
    _, dead_letters = environment.make_queue_with_dead_letters("processing")
    environment.make_queue("auditor-dead-letters")
    put(environment, dead_letters, encode_message("pay-1"), encode_message("pay-2"))
    environment.client("sqs").create_queue(QueueName="payments-processing-dead-letters-another")
    assert json.loads(run(dlq.main, "list", "--json").stdout) == {
        "queues": [{"queue": "auditor", "waiting": 0, "hidden": 0}, {"queue": "processing", "waiting": 2, "hidden": 0}]
    }
    assert "processing" in run(dlq.main, "list").stdout


def test_nothing_is_asked_of_the_queues_of_an_environment_whose_suffix_ends_alike(
    environment: MockEnvironment,
) -> None:
    queue, dead_letters = environment.make_queue_with_dead_letters("processing")
    alike = Environment(f"a-{environment.suffix}", environment.session)
    for part in ("processing", "processing-dead-letters"):
        environment.client("sqs").create_queue(QueueName=alike.name(part))
    with asked(environment.client("sqs"), "GetQueueAttributes") as requests:
        (found,) = DeadLetterOffice(environment).queues()
    assert (found.part, found.url, found.source_url) == ("processing", dead_letters, queue)
    assert {request["QueueUrl"] for request in requests} == {queue, dead_letters}


def test_showing_takes_nothing_out_and_hides_nothing(environment: MockEnvironment) -> None:
    _, dead_letters = environment.make_queue_with_dead_letters("processing")
    bodies = [encode_message(f"pay-{number}") for number in range(3)]
    put(environment, dead_letters, *bodies)
    shown = run(dlq.main, "show", "processing", "--limit", "1")
    assert shown.exit_code == 0
    assert "MaxReceivesExceeded" in shown.stdout
    assert environment.bodies_in(dead_letters) == bodies


def test_messages_go_back_to_their_queue(environment: MockEnvironment) -> None:
    queue, dead_letters = environment.make_queue_with_dead_letters("processing")
    bodies = sorted(encode_message(f"pay-{number}") for number in range(12))
    put(environment, dead_letters, *bodies)
    done = run(dlq.main, "redrive", "processing", "--per-second", "10000", "--json")
    assert done.exit_code == 0
    assert len(json.loads(done.stdout)["letters"]) == 12
    assert not environment.bodies_in(dead_letters)
    attributes = environment.client("sqs").get_queue_attributes(QueueUrl=queue, AttributeNames=["All"])["Attributes"]
    assert attributes["ApproximateNumberOfMessages"] == "12"


def test_only_what_is_chosen_is_redriven(environment: MockEnvironment) -> None:
    queue, dead_letters = environment.make_queue_with_dead_letters("processing")
    put(environment, dead_letters, encode_message("pay-1"), encode_message("pay-2"))
    assert run(dlq.main, "redrive", "processing", "--payment-id", "pay-2").exit_code == 0
    assert environment.bodies_in(dead_letters) == [encode_message("pay-1")]
    assert environment.bodies_in(queue) == [encode_message("pay-2")]
    assert run(dlq.main, "redrive", "processing", "--older-than", "1h").exit_code == 0
    assert run(dlq.main, "redrive", "processing", "--reason", "another").exit_code == 0
    assert environment.bodies_in(dead_letters) == [encode_message("pay-1")]


def test_a_dry_run_says_what_would_be_and_does_nothing(environment: MockEnvironment) -> None:
    queue, dead_letters = environment.make_queue_with_dead_letters("processing")
    put(environment, dead_letters, encode_message("pay-1"))
    said = run(dlq.main, "redrive", "processing", "--dry-run", "--json")
    assert [letter["payment_ids"] for letter in json.loads(said.stdout)["letters"]] == [["pay-1"]]
    assert environment.bodies_in(dead_letters) == [encode_message("pay-1")]
    assert not environment.bodies_in(queue)


def test_what_nobody_understands_stays_and_the_status_says_so(environment: MockEnvironment) -> None:
    queue, dead_letters = environment.make_queue_with_dead_letters("processing")
    put(environment, dead_letters, "not understood", encode_message("pay-1"))
    done = run(dlq.main, "redrive", "processing")
    assert done.exit_code == 1
    assert "redrove 1, kept 1" in done.stderr
    assert environment.bodies_in(dead_letters) == ["not understood"]
    assert environment.bodies_in(queue) == [encode_message("pay-1")]


def test_letters_of_records_name_the_payments_while_the_stream_keeps_them(environment: MockEnvironment) -> None:
    noted(environment)
    (letter,) = json.loads(run(dlq.main, "show", "dispatcher", "--json").stdout)["letters"]
    assert letter["payment_ids"] == ["pay-2"]
    assert letter["records"]["function_arn"] == FUNCTION_ARN


def test_records_are_given_to_their_function_once_more(environment: MockEnvironment) -> None:
    lost = noted(environment)
    assert run(dlq.main, "redrive", "dispatcher").exit_code == 0
    ((function, records),) = environment.functions.invoked
    assert function == FUNCTION_ARN
    assert [record["dynamodb"]["NewImage"]["status"]["S"] for record in records] == ["accepted", "processing"]
    assert [record["eventName"] for record in records] == ["INSERT", "MODIFY"]
    assert all(isinstance(record["dynamodb"]["ApproximateCreationDateTime"], float) for record in records)
    assert not environment.bodies_in(lost)


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ({"batchItemFailures": [{"itemIdentifier": "7"}]}, "payments-dispatcher-dev failed from record 7 on"),
        ({"errorMessage": "no queue", "errorType": "BatchFailed"}, "payments-dispatcher-dev failed: no queue"),
    ],
)
def test_records_that_fail_again_stay_dead_letters(
    environment: MockEnvironment, answer: dict[str, Any], reason: str
) -> None:
    """Defect: Records lost quietly."""
    lost = noted(environment)
    environment.functions.answers.append(answer)
    done = run(dlq.main, "redrive", "dispatcher", "--json")
    assert done.exit_code == 1
    assert [letter["failure"] for letter in json.loads(done.stdout)["letters"]] == [reason]
    assert len(environment.bodies_in(lost)) == 1


def test_records_the_stream_keeps_no_longer_stay_with_what_to_do(environment: MockEnvironment) -> None:
    lost = noted(environment)
    environment.stream.records.clear()
    done = run(dlq.main, "redrive", "dispatcher", "--json")
    assert done.exit_code == 1
    (letter,) = json.loads(done.stdout)["letters"]
    assert "24 hours" in letter["failure"]
    assert "scripts/dlq replay" in letter["failure"]
    assert len(environment.bodies_in(lost)) == 1


def test_records_that_could_not_be_read_may_be_about_any_payment(environment: MockEnvironment) -> None:
    noted(environment)
    environment.stream.refusals.append(refusal("GetShardIterator"))
    words = ("dispatcher", "--payment-id", "pay-9", "--json")
    kept = run(dlq.main, "redrive", *words)
    (letter,) = json.loads(kept.stdout)["letters"]
    assert (kept.exit_code, letter["payment_ids"]) == (1, [])
    assert "ThrottlingException" in letter["failure"]
    assert not environment.functions.invoked
    assert json.loads(run(dlq.main, "redrive", *words).stdout)["letters"] == []


def upload(environment: MockEnvironment, *files: str) -> str:
    """Leave uploads that started nothing; return the dead letters' queue."""
    lost = environment.make_queue("uploads-dead-letters")
    attributes = {name: {"DataType": "String", "StringValue": text} for name, text in UPLOAD_ATTRIBUTES.items()}
    for file in files:
        body = UPLOAD | {"detail": {"bucket": {"name": "files"}, "object": {"key": file, "version-id": "v1"}}}
        environment.client("sqs").send_message(
            QueueUrl=lost, MessageBody=json.dumps(body), MessageAttributes=attributes
        )
    return lost


def test_a_letter_that_aws_refuses_stays_with_the_reason_and_the_others_go_on(environment: MockEnvironment) -> None:
    lost = upload(environment, "a.csv", "b.csv", "c.csv")
    environment.functions.refusals.append(refusal("StartExecution"))
    done = run(dlq.main, "redrive", "uploads", "--json")
    assert done.exit_code == 1
    failures = [letter["failure"] for letter in json.loads(done.stdout)["letters"]]
    assert [bool(failure) for failure in failures] == [True, False, False]
    assert "ThrottlingException" in failures[0]
    assert "StartExecution" in failures[0]
    assert len(environment.functions.started) == 2
    assert len(environment.bodies_in(lost)) == 1


def test_what_was_redriven_is_told_even_where_the_rest_can_t_be(
    environment: MockEnvironment, monkeypatch: pytest.MonkeyPatch
) -> None:
    upload(environment, "a.csv")
    sqs = environment.client("sqs")
    receive, answers = sqs.receive_message, count()

    def once(**words: Any) -> Any:  # noqa: ANN401 - boto3's own names
        if next(answers):
            raise refusal("ReceiveMessage")
        return receive(**words)

    monkeypatch.setattr(sqs, "receive_message", once)
    done = run(dlq.main, "redrive", "uploads", "--json")
    assert done.exit_code == 2
    assert [letter["start"]["input"]["key"] for letter in json.loads(done.stdout)["letters"]] == ["a.csv"]
    assert "redrove 1, kept 0" in done.stderr
    assert "ReceiveMessage" in done.stderr


def test_a_letter_that_was_given_back_but_not_deleted_says_so(
    environment: MockEnvironment, monkeypatch: pytest.MonkeyPatch
) -> None:
    lost = upload(environment, "a.csv")

    def refused(**_: str) -> None:
        raise refusal("DeleteMessage")

    monkeypatch.setattr(environment.client("sqs"), "delete_message", refused)
    done = run(dlq.main, "redrive", "uploads", "--json")
    assert done.exit_code == 1
    (letter,) = json.loads(done.stdout)["letters"]
    assert letter["failure"].startswith("it was given another try, but could not be deleted")
    assert len(environment.bodies_in(lost)) == 1


def test_a_dry_run_tells_what_no_try_would_help(environment: MockEnvironment) -> None:
    lost = noted(environment)
    put(environment, lost, "not understood", encode_message("pay-1"))
    environment.stream.records.clear()
    said = run(dlq.main, "redrive", "dispatcher", "--dry-run", "--json")
    assert said.exit_code == 1
    assert "would redrive 0, would keep 3" in said.stderr
    failures = sorted(letter["failure"] for letter in json.loads(said.stdout)["letters"])
    assert [failure.partition(":")[0] for failure in failures] == [
        "no queue gives its messages up to dispatcher",
        "nobody understands it",
        "the stream keeps its records for 24 hours and these are gone",
    ]
    shown = run(dlq.main, "show", "dispatcher")
    assert "can't be redriven because" in shown.stdout
    assert "letters: 3, of which can't be redriven: 3" in shown.stderr


def test_workflows_that_were_not_started_are(environment: MockEnvironment) -> None:
    lost = upload(environment, "incoming/my file.csv")
    assert run(dlq.main, "redrive", "uploads", "--reason", "NO_PERMISSIONS").exit_code == 0
    file = {"bucket": "files", "key": "incoming/my file.csv", "version": "v1"}
    assert environment.functions.started == [(UPLOAD_ATTRIBUTES["TARGET_ARN"], file)]
    assert not environment.bodies_in(lost)


def test_a_payment_is_given_to_a_reader_as_if_it_had_just_changed(environment: MockEnvironment) -> None:
    environment.make_tables()
    environment.store(accepted("pay-1"))
    assert run(dlq.main, "replay", "auditor", "pay-1").exit_code == 0
    ((function, (record,)),) = environment.functions.invoked
    assert function == "payments-auditor-dev"
    assert record["dynamodb"]["NewImage"]["payment_id"] == {"S": "pay-1"}
    environment.functions.answers.append({"batchItemFailures": [{"itemIdentifier": "1"}]})
    assert run(dlq.main, "replay", "auditor", "pay-1").exit_code == 1


def test_a_payment_that_can_t_be_replayed_keeps_no_other_from_it(environment: MockEnvironment) -> None:
    environment.make_tables()
    environment.store(accepted("pay-1"))
    environment.store(accepted("pay-2"))
    environment.functions.refusals.append(refusal("Invoke"))
    done = run(dlq.main, "replay", "auditor", "nobody", "pay-1", "pay-2")
    assert done.exit_code == 1
    assert "nobody: no payment has the id 'nobody'" in done.stderr
    assert "pay-1: An error occurred (ThrottlingException) when calling the Invoke operation" in done.stderr
    assert "pay-2: given to the auditor" in done.stderr
    assert len(environment.functions.invoked) == 1


def test_what_is_no_payment_is_replayed_to_nobody(environment: MockEnvironment) -> None:
    environment.make_tables()
    item = {"payment_id": {"S": "key-1"}, "request_hash": {"S": "hash"}}
    environment.client("dynamodb").put_item(TableName=environment.name("payments"), Item=item)
    assert run(dlq.main, "replay", "dispatcher", "key-1").exit_code == 1
    assert not environment.functions.invoked


def test_a_queue_that_is_not_there_is_told_with_those_that_are(environment: MockEnvironment) -> None:
    environment.make_queue("auditor-dead-letters")
    said = run(dlq.main, "show", "procesing")
    assert said.exit_code == 2
    assert "dev has dead letters of auditor, not of procesing" in said.stderr


@pytest.mark.usefixtures("environment")
@pytest.mark.parametrize("words", [("list",), ("show", "processing")])
def test_an_environment_without_a_queue_of_dead_letters_is_another_one(words: tuple[str, ...]) -> None:
    said = run(dlq.main, *words)
    assert said.exit_code == 2
    assert "no queue in eu-west-3 is named payments-…-dead-letters-dev: look at --suffix and --region" in said.stderr


def test_a_letter_that_makes_no_sense_keeps_nobody_from_the_others(environment: MockEnvironment) -> None:
    _, dead_letters = environment.make_queue_with_dead_letters("processing")
    put(environment, dead_letters, '{"DDBStreamBatchInfo": 5}', encode_message("pay-1"))
    shown = json.loads(run(dlq.main, "show", "processing", "--json").stdout)["letters"]
    assert sorted(letter["kind"] for letter in shown) == ["message", "unknown"]


@pytest.mark.parametrize(
    "words",
    [
        ("show", "processing", "--older-than", "soon"),
        ("redrive", "processing", "--per-second", "0"),
        ("show", "processing", "--limit", "0"),
    ],
)
@pytest.mark.usefixtures("environment")
def test_an_option_that_means_nothing_is_refused(words: tuple[str, ...]) -> None:
    said = run(dlq.main, *words)
    assert said.exit_code == 2
    assert "Invalid value" in said.stderr


def test_a_command_must_be_told_where(environment: MockEnvironment, monkeypatch: pytest.MonkeyPatch) -> None:
    del environment
    monkeypatch.delenv("SUFFIX")
    said = run(dlq.main, "list")
    assert said.exit_code == 2
    assert "say where" in said.stderr


def test_letters_pass_no_faster_than_they_may() -> None:
    waited: list[float] = []
    pace = Pace(4, clock=lambda: sum(waited), sleep=waited.append)
    for _ in range(3):
        pace.wait()
    assert waited == [0.25, 0.25]


def test_who_was_slow_has_nothing_to_make_up_for() -> None:
    moments = count(step=100)
    waited: list[float] = []
    pace = Pace(4, clock=lambda: float(next(moments)), sleep=waited.append)
    for _ in range(3):
        pace.wait()
    assert not waited


def test_what_a_letter_says_is_shown_as_it_is(environment: MockEnvironment) -> None:
    _, dead_letters = environment.make_queue_with_dead_letters("processing")
    put(environment, dead_letters, "[red]odd")
    assert "[red]odd" in run(dlq.main, "show", "processing").stdout
