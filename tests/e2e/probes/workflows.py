"""Where MiniStack runs workflows otherwise than Step Functions."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.e2e.client import eventually
from tests.e2e.probes.account import ANYTHING, NOTHING

if TYPE_CHECKING:
    from tests.e2e.probes.account import Account

ECHOES = """
def handler(event, context):
    return event
"""
RAISES = """
class GatewayDown(Exception):
    pass
def handler(event, context):
    raise GatewayDown('no answer')
"""
ANSWERS_LARGELY = """
def handler(event, context):
    return 'x' * 300_000
"""
PRINTS_TOKENS = """
import json
def handler(event, context):
    print(json.dumps(event['token']), flush=True)
    if event.get('fail'):
        raise ValueError('not passed on')
"""
ANSWERS = """
import boto3
def handler(event, context):
    boto3.client('stepfunctions').send_task_success(taskToken=event['token'], output='{}')
"""
PRINTS_AND_FAILS_ONCE = """
import json
def handler(event, context):
    print(json.dumps(event), flush=True)
    if event['number'] == 0:
        raise ValueError('first')
"""
CATCH_ALL = [{"ErrorEquals": ["States.ALL"], "Next": "Caught"}]
CAUGHT = {"Type": "Pass", "End": True}
INVOKE = "arn:aws:states:::lambda:invoke"


def task(function: str, payload: dict[str, Any], **options: object) -> dict[str, Any]:
    """Return a state that invokes a function."""
    parameters = {"FunctionName": f"arn:aws:lambda:us-east-1:000000000000:function:{function}", "Payload": payload}
    return {"Type": "Task", "Resource": INVOKE, "Parameters": parameters, "End": True, **options}


def machine(
    account: Account, name: str, *, policy: object = ANYTHING, limit_seconds: int = 60, **states: object
) -> str:
    """Create a state machine that starts at the first of ``states``; return its ARN."""
    definition = {"StartAt": next(iter(states)), "TimeoutSeconds": limit_seconds, "States": states}
    made = account.client("stepfunctions").create_state_machine(
        name=name,
        roleArn=account.role(f"{name}-machine", policy),
        definition=json.dumps(definition),
        tracingConfiguration={"enabled": True},
    )
    return str(made["stateMachineArn"])


def started(account: Account, machine_arn: str, **options: str) -> str:
    """Start an execution and return its ARN."""
    return str(account.client("stepfunctions").start_execution(stateMachineArn=machine_arn, **options)["executionArn"])


def ended(account: Account, execution_arn: str) -> dict[str, Any]:
    """Return an execution once it is over."""
    workflows = account.client("stepfunctions")
    found: dict[str, Any] = eventually(
        lambda: workflows.describe_execution(executionArn=execution_arn),
        lambda execution: execution["status"] != "RUNNING",
        timeout_seconds=account.patience_seconds,
    )
    return found


def outcome(account: Account, machine_arn: str) -> dict[str, Any]:
    """Run a state machine to its end."""
    return ended(account, started(account, machine_arn))


def state_machine_tracing(account: Account) -> None:
    """A machine shows that it is traced."""
    arn = machine(account, "traced", Only=CAUGHT)
    workflows = account.client("stepfunctions")
    assert workflows.describe_state_machine(stateMachineArn=arn)["tracingConfiguration"] == {"enabled": True}
    workflows.update_state_machine(stateMachineArn=arn, tracingConfiguration={"enabled": False})
    assert workflows.describe_state_machine(stateMachineArn=arn)["tracingConfiguration"] == {"enabled": False}


def execution_starts(account: Account) -> None:
    """The same start again is the same execution while it runs, and refused with another input or after its end."""
    arn = machine(account, "repeated", Waiting={"Type": "Wait", "Seconds": 2, "End": True})
    workflows = account.client("stepfunctions")
    first, again = (started(account, arn, name="one", input='{"a": 1}') for _ in range(2))
    assert first == again
    with pytest.raises(workflows.exceptions.ExecutionAlreadyExists):
        started(account, arn, name="one", input='{"a": 2}')
    assert ended(account, first)["status"] == "SUCCEEDED"
    with pytest.raises(workflows.exceptions.ExecutionAlreadyExists):
        started(account, arn, name="one", input='{"a": 1}')
    with pytest.raises(workflows.exceptions.InvalidExecutionInput):
        started(account, arn, input="no JSON")


def workflow_paths(account: Account) -> None:
    """A field that is not there ends the execution, wherever it is asked for; one that is null is handed on."""
    null = {"Type": "Pass", "Result": {"a": None}, "Next": "Read"}
    there = machine(account, "null", Null=null, Read={"Type": "Pass", "Parameters": {"a.$": "$.a"}, "End": True})
    assert json.loads(outcome(account, there)["output"]) == {"a": None}
    asking = {
        "parameters": {"Type": "Pass", "Parameters": {"a.$": "$.missing"}, "End": True},
        "output": {"Type": "Pass", "OutputPath": "$.missing", "End": True},
        "choice": {
            "Type": "Choice",
            "Choices": [{"Variable": "$.missing", "StringEquals": "a", "Next": "Caught"}],
            "Default": "Caught",
        },
    }
    for name, state in asking.items():
        assert outcome(account, machine(account, name, Asks=state, Caught=CAUGHT))["error"] == "States.Runtime"
    present = {
        "Type": "Choice",
        "Choices": [{"Variable": "$.missing", "IsPresent": True, "Next": "Wrong"}],
        "Default": "Caught",
    }
    arn = machine(account, "presence", Asks=present, Wrong={"Type": "Fail"}, Caught=CAUGHT)
    assert outcome(account, arn)["status"] == "SUCCEEDED"


def terminal_errors(account: Account) -> None:
    """What is wrong with the workflow itself is not caught with all the rest."""
    account.function("terminal", ECHOES)
    reads_nothing = task("terminal", {}, ResultSelector={"a.$": "$.Payload.missing"}, Catch=CATCH_ALL)
    arn = machine(account, "terminal", Reads=reads_nothing, Caught=CAUGHT)
    assert outcome(account, arn)["error"] == "States.Runtime"


def payload_limits(account: Account) -> None:
    """A state that would hold more than 256 KiB ends the execution."""
    account.function("large-answer", ANSWERS_LARGELY)
    arn = machine(account, "large-answer", Asks=task("large-answer", {}, Catch=CATCH_ALL), Caught=CAUGHT)
    assert outcome(account, arn)["error"] == "States.DataLimitExceeded"


def workflow_timeouts(account: Account) -> None:
    """An execution ends when its time is over, and nothing in it can catch that."""
    waiting = {"Type": "Wait", "Seconds": 30, "Next": "Caught"}
    execution = started(account, machine(account, "slow", limit_seconds=1, Waits=waiting, Caught=CAUGHT))
    assert ended(account, execution)["status"] == "TIMED_OUT"
    history = account.client("stepfunctions").get_execution_history(executionArn=execution, reverseOrder=True)
    assert history["events"][0]["type"] == "ExecutionTimedOut"


def retry_delays(account: Account) -> None:
    """A retry waits no longer than its longest delay."""
    account.function("retried", RAISES)
    retry = {"ErrorEquals": ["GatewayDown"], "IntervalSeconds": 50, "MaxDelaySeconds": 1, "MaxAttempts": 1}
    arn = machine(account, "retried", Fails=task("retried", {}, Retry=[retry]))
    assert outcome(account, arn)["error"] == "GatewayDown"


def task_tokens(account: Account) -> None:
    """A task that waits fails with its function; each attempt has its own token, which is good for one answer."""
    workflows = account.client("stepfunctions")
    account.function("asks", PRINTS_TOKENS)
    options: dict[str, Any] = {"Resource": f"{INVOKE}.waitForTaskToken", "TimeoutSeconds": 60}
    retry = {"ErrorEquals": ["ValueError"], "IntervalSeconds": 1, "MaxAttempts": 1}
    lost = task("asks", {"token.$": "$$.Task.Token", "fail": True}, Retry=[retry], **options)
    assert outcome(account, machine(account, "lost", Asks=lost))["error"] == "ValueError"
    assert len(set(account.printed("asks"))) == 2
    asked = started(account, machine(account, "asked", Asks=task("asks", {"token.$": "$$.Task.Token"}, **options)))
    token = eventually(lambda: account.printed("asks")[2:], bool, timeout_seconds=account.patience_seconds)[0]
    workflows.send_task_success(taskToken=token, output='{"granted": true}')
    with pytest.raises(workflows.exceptions.TaskTimedOut):
        workflows.send_task_success(taskToken=token, output="{}")
    with pytest.raises(workflows.exceptions.InvalidToken):
        workflows.send_task_success(taskToken="made up", output="{}")
    assert json.loads(ended(account, asked)["output"]) == {"granted": True}


def answer_permissions(account: Account) -> None:
    """A role may answer the tasks of the state machine that its policy names, and of no other."""
    allowed = {"Effect": "Allow", "Action": "states:SendTaskSuccess"}
    named = {**allowed, "Resource": "arn:aws:states:us-east-1:000000000000:stateMachine:answered"}
    account.function("answers", ANSWERS, policy={"Version": "2012-10-17", "Statement": [named]})
    options: dict[str, Any] = {"Resource": f"{INVOKE}.waitForTaskToken", "TimeoutSeconds": 20}
    asks = task("answers", {"token.$": "$$.Task.Token"}, **options)
    assert outcome(account, machine(account, "answered", Asks=asks))["status"] == "SUCCEEDED"
    assert outcome(account, machine(account, "unanswered", Asks=asks))["status"] == "FAILED"


def throttled_tasks(account: Account) -> None:
    """A function that may not run now fails its task by a name that says so."""
    account.function("throttled", ECHOES)
    account.client("lambda").put_function_concurrency(FunctionName="throttled", ReservedConcurrentExecutions=0)
    error = outcome(account, machine(account, "throttled", Asks=task("throttled", {})))["error"]
    assert error == "Lambda.TooManyRequestsException"


def map_runs(account: Account) -> None:
    """One failure too many stops a distributed map: what has not begun never does, and its history says so."""
    account.function("mapped", PRINTS_AND_FAILS_ONCE)
    processor = {
        "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
        "StartAt": "Child",
        "States": {"Child": task("mapped", {"number.$": "$.number"})},
    }
    mapping: dict[str, Any] = {
        "Type": "Map",
        "MaxConcurrency": 1,
        "ItemsPath": "$.numbers",
        "ItemSelector": {"number.$": "$$.Map.Item.Value"},
        "ItemProcessor": processor,
        "End": True,
    }
    numbers = {"Type": "Pass", "Result": {"numbers": [1, 0, 2, 3]}, "Next": "Maps"}
    execution = started(account, machine(account, "mapping", Numbers=numbers, Maps=mapping))
    assert ended(account, execution)["error"] == "States.ExceedToleratedFailureThreshold"
    assert account.printed("mapped") == [{"number": 1}, {"number": 0}]
    workflows = account.client("stepfunctions")
    types = [event["type"] for event in workflows.get_execution_history(executionArn=execution)["events"]]
    assert "MapRunFailed" in types
    (run,) = workflows.list_map_runs(executionArn=execution)["mapRuns"]
    counts = workflows.describe_map_run(mapRunArn=run["mapRunArn"])["itemCounts"]
    assert (counts["succeeded"], counts["failed"], counts["pending"]) == (1, 1, 2)


def workflow_roles(account: Account) -> None:
    """A machine can invoke and publish only what its role allows, and must be allowed to start its own children."""
    account.function("guarded", ECHOES)
    topic = account.client("sns").create_topic(Name="guarded")["TopicArn"]
    children = {
        "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
        "StartAt": "Child",
        "States": {"Child": CAUGHT},
    }
    publish = {
        "Type": "Task",
        "Resource": "arn:aws:states:::sns:publish",
        "Parameters": {"TopicArn": topic, "Message": "told"},
        "End": True,
    }
    refused = {
        "Lambda.AWSLambdaException": task("guarded", {}),
        "SNS.AuthorizationErrorException": publish,
        "States.Permissions": {"Type": "Map", "ItemsPath": "$", "ItemProcessor": children, "End": True},
    }
    for number, (error, state) in enumerate(refused.items()):
        assert outcome(account, machine(account, f"refused-{number}", policy=NOTHING, Only=state))["error"] == error


def redrives(account: Account) -> None:
    """An execution that failed goes on from where it failed."""
    workflows = account.client("stepfunctions")
    before = {"Type": "Pass", "Result": {"kept": 1}, "Next": "Asks"}
    execution = started(account, machine(account, "redriven", Before=before, Asks=task("late", {"kept.$": "$.kept"})))
    assert ended(account, execution)["status"] == "FAILED"
    account.function("late", ECHOES)
    workflows.redrive_execution(executionArn=execution)
    assert json.loads(ended(account, execution)["output"])["Payload"] == {"kept": 1}
