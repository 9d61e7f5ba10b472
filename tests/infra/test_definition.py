"""The files of the workflows: how they are filled, and what holds for every one of their states."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from payments_infra.constructs.batch_ingestion import LONGEST_RUN_SECONDS
from payments_infra.constructs.definition import FOLDER, definition
from payments_infra.constructs.payment_workflow import PROCESSING_SECONDS
from tests.node_program import NODE, installed, run
from tests.state_language import longest_pauses_seconds, matches, reachable, states_of

if TYPE_CHECKING:
    from collections.abc import Iterator

LAMBDA = "arn:aws:lambda:eu-central-1:123456789012:function"
NO_ROOM = "Lambda.TooManyRequestsException"
TOPIC = "arn:aws:sns:eu-central-1:123456789012:office"
VALUES: dict[str, dict[str, str | int]] = {
    "batch": {
        "partition": "aws",
        "topic": TOPIC,
        "bucket": "payments-files",
        "concurrency": 10,
        "timeout_seconds": 7200,
        **{part: f"{LAMBDA}:{part}" for part in ("registrar", "planner", "ingestor", "collector")},
        **{f"{part}_seconds": 60 for part in ("registrar", "planner", "ingestor", "collector")},
    },
    "payment": {
        "partition": "aws",
        "topic": TOPIC,
        "approval_timeout_seconds": 3600,
        "timeout_seconds": 7200,
        **{part: f"{LAMBDA}:{part}" for part in ("examiner", "requester", "charger")},
        **{f"{part}_seconds": 60 for part in ("examiner", "charger")},
    },
}
WITHOUT_A_CATCH = {"IngestRange", "NotifyCompleted"}
"""A range's failure is the map's; a notice that can't be sent undoes nothing, and its execution can be redriven."""

each_workflow = pytest.mark.parametrize("workflow", sorted(VALUES))
each_file = pytest.mark.parametrize("file", sorted(FOLDER.glob("*.asl.json")), ids=lambda file: file.name)


def filled(workflow: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(definition(workflow, VALUES[workflow]))
    return found


def states(workflow: str, *types: str) -> Iterator[tuple[str, dict[str, Any]]]:
    return ((name, state) for name, state in states_of(filled(workflow)).items() if state["Type"] in types)


def written(folder: Path, text: str) -> Path:
    (folder / "walk.asl.json").write_text(text, "utf-8")
    return folder


def test_every_file_is_a_workflow_that_is_tested_here() -> None:
    assert {file.name.removesuffix(".asl.json") for file in FOLDER.iterdir()} == set(VALUES)


def test_placeholders_become_what_they_stand_for(tmp_path: Path) -> None:
    folder = written(tmp_path, '{"Resource": "arn:${partition}:${service}", "Seconds": ["${seconds}"], "Übrig": null}')
    text = definition("walk", {"partition": "aws", "service": "sns", "seconds": 5}, folder=folder)
    assert text == '{"Resource":"arn:aws:sns","Seconds":[5],"Übrig":null}'


def test_a_value_with_quotes_stays_one_value(tmp_path: Path) -> None:
    folder = written(tmp_path, '{"Subject": "${subject}"}')
    assert json.loads(definition("walk", {"subject": '"}, {'}, folder=folder)) == {"Subject": '"}, {'}


def test_a_reference_stays_one_and_is_no_placeholder_itself(tmp_path: Path) -> None:
    folder = written(tmp_path, '{"FunctionName": "${function}"}')
    text = definition("walk", {"function": "${aws_lambda_function.worker.arn}"}, folder=folder)
    assert json.loads(text) == {"FunctionName": "${aws_lambda_function.worker.arn}"}


def test_a_placeholder_without_a_value_is_named(tmp_path: Path) -> None:
    folder = written(tmp_path, '{"A": "${planner}", "B": "${bucket}", "C": "${topic}"}')
    with pytest.raises(ValueError, match=r"'walk' has placeholders without a value: bucket, planner$"):
        definition("walk", {"topic": TOPIC}, folder=folder)


def test_a_value_without_a_placeholder_is_named(tmp_path: Path) -> None:
    folder = written(tmp_path, '{"C": "${topic}"}')
    with pytest.raises(ValueError, match=r"'walk' has no placeholder for: bucket, planner$"):
        definition("walk", {"topic": TOPIC, "planner": "x", "bucket": "y"}, folder=folder)


def test_a_number_within_text_is_refused(tmp_path: Path) -> None:
    folder = written(tmp_path, '{"C": "after ${seconds} s"}')
    with pytest.raises(ValueError, match="'seconds' stands within a string and takes text, got 5"):
        definition("walk", {"seconds": 5}, folder=folder)


@each_file
def test_a_file_reads_as_json_written_by_hand(file: Path) -> None:
    """Two blanks deep, errors in one line, no name twice."""

    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        assert len(pairs) == len(dict(pairs)), f"a name stands twice in {[name for name, _ in pairs]}"
        return dict(pairs)

    text = file.read_text("utf-8")
    json.loads(text, object_pairs_hook=unique)
    assert all((len(line) - len(line.lstrip())) % 2 == 0 for line in text.splitlines())


@each_workflow
def test_nothing_waits_for_ever(workflow: str) -> None:
    assert filled(workflow)["TimeoutSeconds"] == 7200
    assert [name for name, state in states(workflow, "Task") if not state.get("TimeoutSeconds")] == []


@each_workflow
def test_whatever_is_tried_again_pauses_longer_each_time_and_at_random(workflow: str) -> None:
    for name, state in states(workflow, "Task", "Map"):
        for retrier in state["Retry"]:
            if retrier["MaxAttempts"]:
                assert retrier["JitterStrategy"] == "FULL", name
                assert retrier["BackoffRate"] > 1, name
                assert retrier["IntervalSeconds"] < retrier["MaxDelaySeconds"], name


def patience_seconds(state: dict[str, Any], error: str) -> float:
    """Return how long ``state`` is mostly tried again at ``error``: full jitter leaves half of the longest pauses."""
    return longest_pauses_seconds(next(one for one in state["Retry"] if matches(one, error))) / 2


@each_workflow
def test_a_step_that_lambda_has_no_room_for_waits_for_an_hour_and_more(workflow: str) -> None:
    """A minute of a full account must break nothing."""
    invoking = [one for one in states(workflow, "Task") if ":lambda:invoke" in one[1]["Resource"]]
    assert invoking
    for name, state in invoking:
        assert patience_seconds(state, NO_ROOM) > 3600, name


def test_a_range_waits_for_its_turn_as_long_as_its_file_may_take() -> None:
    """The files of a busy hour ask for more runs together than they are given; none may fail for coming late."""
    assert patience_seconds(states_of(filled("batch"))["IngestRange"], NO_ROOM) > LONGEST_RUN_SECONDS


@pytest.mark.parametrize("state", ["ValidatePayment", "WaitForApproval", "ProcessPayment"])
def test_a_payments_only_execution_goes_on_for_hours_whatever_breaks(state: str) -> None:
    """Nothing starts a second one, and nobody else asks for an approval."""
    assert patience_seconds(states_of(filled("payment"))[state], "Lambda.Unknown") > 3 * 3600


def test_a_payments_execution_is_not_cut_off_while_it_is_still_tried() -> None:
    found = states_of(filled("payment"))
    retriers = [one for state in ("ValidatePayment", "ProcessPayment") for one in found[state]["Retry"]]
    tried = [one for one in retriers if one["MaxAttempts"]]
    running_seconds = sum(one["MaxAttempts"] + 1 for one in tried) * found["ProcessPayment"]["TimeoutSeconds"]
    assert sum(map(longest_pauses_seconds, tried)) + running_seconds < PROCESSING_SECONDS


@each_workflow
def test_every_error_is_caught_but_where_nothing_is_left_to_do(workflow: str) -> None:
    uncaught = {
        name
        for name, state in states(workflow, "Task", "Map")
        if not any(catcher["ErrorEquals"] == ["States.ALL"] for catcher in state.get("Catch", ()))
    }
    assert uncaught <= WITHOUT_A_CATCH


@each_workflow
def test_no_failure_leads_to_success(workflow: str) -> None:
    """Defect: Broken workflow. Failure paths ended in SUCCEEDED."""
    machine = filled(workflow)
    found = states_of(machine)
    for name, state in found.items():
        for catcher in state.get("Catch", ()):
            if catcher["ErrorEquals"] != ["States.Timeout", "ApprovalNotAwaited"]:
                after = reachable(machine, catcher["Next"])
                assert {found[one]["Type"] for one in after} <= {"Task", "Pass", "Fail"}, name


@each_workflow
def test_every_state_can_be_reached(workflow: str) -> None:
    machine = filled(workflow)
    assert reachable(machine, machine["StartAt"]) == set(states_of(machine))


@each_workflow
def test_every_choice_has_a_default(workflow: str) -> None:
    """Defect: Broken workflow. A choice on a field that was never set."""
    assert [name for name, state in states(workflow, "Choice") if "Default" not in state] == []


def test_no_step_of_a_batch_gets_what_grows_with_the_file() -> None:
    """Children give nothing back, the map keeps nothing of them: 10,000 ranges fit the 256 KiB of a state."""
    found = states_of(filled("batch"))
    assert found["IngestRanges"]["ResultPath"] is None
    assert found["IngestRange"]["OutputPath"] is None
    assert found["IngestRanges"]["ItemReader"]["Parameters"]["Bucket"] == "payments-files"


def test_a_range_that_fails_fails_the_batch() -> None:
    found = states_of(filled("batch"))["IngestRanges"]
    assert found["ToleratedFailureCount"] == 0
    assert "ToleratedFailurePercentage" not in found


def test_an_approval_that_ran_out_of_time_or_needs_no_asking_is_decided_by_the_payments_state() -> None:
    waiting = states_of(filled("payment"))["WaitForApproval"]
    assert waiting["Catch"][0] == {
        "ErrorEquals": ["States.Timeout", "ApprovalNotAwaited"],
        "ResultPath": "$.approval",
        "Next": "ProcessPayment",
    }
    assert waiting["TimeoutSeconds"] == waiting["Parameters"]["Payload"]["timeout_seconds"] == 3600


@pytest.fixture(scope="module")
def validator() -> Path:
    """``asl-validator`` of npm: the language's JSON schema, paths, and transitions that lead nowhere."""
    return installed(Path(__file__).with_name("asl_validator")) / "asl-validator" / "dist" / "bin" / "asl-validator.js"


@pytest.mark.slow
@pytest.mark.xdist_group("asl_validator")
@each_workflow
def test_the_definition_is_valid_in_the_states_language(workflow: str, validator: Path, tmp_path: Path) -> None:
    file = tmp_path / f"{workflow}.json"
    file.write_text(definition(workflow, VALUES[workflow]), "utf-8")
    run(NODE, validator, "--json-path", file, folder=tmp_path)


@pytest.mark.slow
@pytest.mark.xdist_group("asl_validator")
@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("States", "Register", "Next"), "Nowhere"),
        (("States", "Register", "TimeoutSeconds"), "60"),
        (("States", "Register", "OutputPath"), "$.Payload["),
        (("States", "Register", "Retry", 1, "ErrorEquals"), "States.ALL"),
        (("States", "Register", "Resource"), "lambda"),
        (("States", "CheckRanges", "Default"), None),
        (("States", "BatchFailed", "Error"), "Both"),
    ],
    ids=lambda value: ".".join(map(str, value)) if isinstance(value, tuple) else "",
)
def test_the_validator_finds_what_is_wrong(
    path: tuple[str | int, ...], value: object, validator: Path, tmp_path: Path
) -> None:
    """A validator that lets everything pass would prove nothing."""
    machine: Any = filled("batch")
    part = machine
    for step in path[:-1]:
        part = part[step]
    part[path[-1]] = value
    file = tmp_path / "broken.json"
    file.write_text(json.dumps(machine), "utf-8")

    with pytest.raises(AssertionError, match="is invalid"):
        run(NODE, validator, "--json-path", file, folder=tmp_path)
