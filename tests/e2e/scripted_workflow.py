"""Workflows on the embedded AWS, with functions that do what each execution's script says.

A script has, for each step of one execution, the answers of its function, one for each time it is called; the last one
goes on for ever. Which step of which execution a call is for, the function reads from what the workflow handed it.
"""

from __future__ import annotations

import json
import time
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from local_aws.emulator import Emulator
from local_aws.packages import EmulatorPackages
from local_aws.progress import silent
from payments_infra.constructs.definition import definition
from tests.e2e.execution_history import Execution, Visit, visits_in
from tests.e2e.probes.account import ANYTHING, REGION, Account
from tests.state_language import states_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

Found = TypeVar("Found")

PATIENCE_SECONDS = 300
"""A hundred attempts that fail are a hundred new processes on the emulator: half a minute on an idle machine."""

POLL_SECONDS = 0.05

STATES_TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "states.amazonaws.com"}, "Action": "sts:AssumeRole"},
    ],
}
FROM_TOPICS = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"Service": "sns.amazonaws.com"},
            "Action": "sqs:SendMessage",
            "Resource": "*",
        },
    ],
}

FUNCTION = """
import json, os, time
from pathlib import Path

def handler(event, context):
    step = ".".join([PART, *(str(event[name]) for name in ("step", "number") if name in event)])
    execution = event.get("payment_id") or event.get("batch_id") or event["key"]
    heard = Path(SCRIPTS, execution, step + ".events")
    with heard.open("a") as events:
        events.write(json.dumps(event) + "\\n")
    answers = json.loads(Path(SCRIPTS, execution, step + ".answers").read_text())
    answer = answers[min(len(heard.read_text().splitlines()), len(answers)) - 1]
    time.sleep(answer.get("seconds", 0))
    if answer.get("dies"):
        os._exit(1)
    if "raises" in answer:
        raise type(answer["raises"], (Exception,), {})(answer["message"])
    return answer["returns"]
"""


class Answer(NamedTuple):
    """What a function does when it is called."""

    json: Mapping[str, Any]

    def about(self, **identity: str) -> Answer:
        """Return this answer with the names and ids in ``identity``, where the answer has some of its own."""
        value = self.json.get("returns")
        if not isinstance(value, dict):
            return self
        return Answer({**self.json, "returns": {**value, **{key: identity[key] for key in identity if key in value}}})


Script = dict[str, list[Answer]]


def returns(value: object, *, after_seconds: float = 0) -> Answer:
    """Answer ``value``."""
    return Answer({"returns": value, "seconds": after_seconds})


def raises(error: str, message: str = "as the script says") -> Answer:
    """Raise an exception whose class is called ``error``."""
    return Answer({"raises": error, "message": message})


DIES = Answer({"dies": True})
"""The process ends in the middle of the call."""

NO_ROOM = "Lambda.TooManyRequestsException"
"""What a task fails by whose function Lambda lets not run now."""

THROTTLED = raises(NO_ROOM)
"""The function is not let run this time."""

FULL = "full"
"""A function that is never let run."""


USUAL = Answer({})
"""Stands in a script for what the step answers when all is well."""


def scripted(usually: Script, said: Script) -> Script:
    """Return a whole script: what is ``said``, and for everything else what is ``usually`` answered."""
    return usually | {step: [usually[step][0] if one is USUAL else one for one in said[step]] for step in said}


@dataclass(frozen=True)
class Bench:
    """One emulated account, with the functions ``parts``, which find their scripts in the folder ``scripts``."""

    account: Account
    parts: Sequence[str]
    scripts: Path

    def prepare(self) -> None:
        """Make the functions."""
        for part in (*self.parts, FULL):
            self.account.function(part, f"PART, SCRIPTS = {part!r}, {str(self.scripts)!r}\n{FUNCTION}")
        self.account.client("lambda").put_function_concurrency(FunctionName=FULL, ReservedConcurrentExecutions=0)

    @cached_property
    def states(self) -> Any:  # noqa: ANN401 - like every client of an account
        """A client of Step Functions."""
        return self.account.client("stepfunctions")

    @cached_property
    def role_arn(self) -> str:
        """A role for state machines; what the real ones may do is tested on what is synthesized."""
        iam = self.account.client("iam")
        made = iam.create_role(RoleName="workflow", AssumeRolePolicyDocument=json.dumps(STATES_TRUST))
        iam.put_role_policy(RoleName="workflow", PolicyName="all", PolicyDocument=json.dumps(ANYTHING))
        return str(made["Role"]["Arn"])

    def machine(
        self, name: str, workflow: str, *, pause_seconds: float, full_at: str | None = None, **values: str | int
    ) -> str:
        """Create a state machine from the file of ``workflow`` as it is synthesized, but hastened; return its ARN.

        There is no room for the function of the state ``full_at``, however often it is tried.
        """
        functions = {part: f"arn:aws:lambda:{REGION}:000000000000:function:{part}" for part in (*self.parts, FULL)}
        full = functions.pop(FULL)
        filled = json.loads(definition(workflow, {"partition": "aws", **functions, **values}))
        if full_at:
            states_of(filled)[full_at]["Parameters"]["FunctionName"] = full
        made = self.states.create_state_machine(
            name=name, definition=json.dumps(hastened(filled, pause_seconds=pause_seconds)), roleArn=self.role_arn
        )
        return str(made["stateMachineArn"])

    def write(self, execution: str, script: Script) -> None:
        """Lay down what functions answer to ``execution``."""
        folder = self.scripts / execution
        folder.mkdir(parents=True)
        for step, answers in script.items():
            (folder / f"{step}.answers").write_text(json.dumps([answer.json for answer in answers]), "utf-8")

    def events(self, execution: str, step: str) -> list[Any]:
        """Return what the function of ``step`` was handed so far, call by call."""
        heard = self.scripts / execution / f"{step}.events"
        return [json.loads(line) for line in heard.read_text("utf-8").splitlines()] if heard.exists() else []

    def start(self, machine_arn: str, name: str, given: object) -> str:
        """Start an execution and return its ARN."""
        made = self.states.start_execution(stateMachineArn=machine_arn, name=name, input=json.dumps(given))
        return str(made["executionArn"])

    def visits(self, execution_arn: str) -> list[Visit]:
        """Return the states that an execution has entered so far."""
        pages = self.states.get_paginator("get_execution_history").paginate(executionArn=execution_arn)
        return visits_in(event for page in pages for event in page["events"])

    def finished(self, execution_arn: str) -> Execution:
        """Wait for the end of an execution and return all of it, the children of its maps included."""
        told = wait_for(f"the end of {execution_arn}", lambda: self._ended(execution_arn))
        return Execution(
            status=told["status"],
            error=told.get("error"),
            cause=told.get("cause"),
            visits=self.visits(execution_arn),
            children=[self._child(arn) for arn in self._children(execution_arn)],
        )

    def wait_to_enter(self, execution_arn: str, state: str) -> None:
        """Wait until an execution has entered ``state``."""
        wait_for(state, lambda: state in [visit.state for visit in self.visits(execution_arn)])

    def wait_to_fail(self, execution_arn: str, state: str) -> None:
        """Wait until a first attempt at ``state`` has failed."""
        wait_for(
            f"a failure of {state}",
            lambda: any(visit.state == state and any(visit.attempts) for visit in self.visits(execution_arn)),
        )

    def _ended(self, execution_arn: str) -> dict[str, Any] | None:
        told: dict[str, Any] = self.states.describe_execution(executionArn=execution_arn)
        return told if told["status"] != "RUNNING" else None

    def _children(self, execution_arn: str) -> list[str]:
        runs = self.states.list_map_runs(executionArn=execution_arn)["mapRuns"]
        lists = [self.states.list_executions(mapRunArn=run["mapRunArn"])["executions"] for run in runs]
        return [child["executionArn"] for found in lists for child in found]

    def _child(self, execution_arn: str) -> Execution:
        told = self.states.describe_execution(executionArn=execution_arn)
        return Execution(
            status=told["status"],
            error=told.get("error"),
            cause=told.get("cause"),
            visits=self.visits(execution_arn),
            children=[],
            output=json.loads(told["output"]) if told.get("output") else None,
        )


class Notices:
    """What is told on the topics of an account."""

    def __init__(self, account: Account) -> None:
        self._account = account
        self._taken: list[dict[str, Any]] = []
        self._queue_url, self._queue_arn = account.queue("notices", Policy=json.dumps(FROM_TOPICS))

    def arn(self, topic: str) -> str:
        """Return the ARN of ``topic``, which need not be there."""
        return f"arn:aws:sns:{REGION}:000000000000:{topic}"

    def open(self, topic: str) -> None:
        """Make ``topic`` and listen to it."""
        sns = self._account.client("sns")
        made = sns.create_topic(Name=topic)["TopicArn"]
        sns.subscribe(TopicArn=made, Protocol="sqs", Endpoint=self._queue_arn)

    def taken(self) -> list[dict[str, Any]]:
        """Return what was told so far."""
        while found := self._account.sqs.receive_message(QueueUrl=self._queue_url, MaxNumberOfMessages=10).get(
            "Messages"
        ):
            for message in found:
                self._taken.append(json.loads(json.loads(message["Body"])["Message"]))
                self._account.sqs.delete_message(QueueUrl=self._queue_url, ReceiptHandle=message["ReceiptHandle"])
        return self._taken


def hastened(machine: dict[str, Any], *, pause_seconds: float) -> dict[str, Any]:
    """Return ``machine`` with every pause before another attempt ``pause_seconds`` long. Nothing else is changed.

    How long the pauses really are, and how often is tried, is tested on the file.
    """
    for state in states_of(machine).values():
        for retrier in state.get("Retry", ()):
            if retrier["MaxAttempts"]:
                retrier |= {"IntervalSeconds": pause_seconds, "BackoffRate": 1.0, "JitterStrategy": "NONE"}
    return machine


def wait_for(what: str, look: Callable[[], Found | None]) -> Found:
    """Return the first thing that ``look`` finds; ``what`` tells people what that is."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        if found := look():
            return found
        time.sleep(POLL_SECONDS)
    raise AssertionError(f"{what} did not come within {PATIENCE_SECONDS} s")


@contextmanager
def bench(root: Path, folder: Path, parts: Sequence[str]) -> Iterator[Bench]:
    """Start an embedded AWS of its own, with the functions ``parts``."""
    packages = EmulatorPackages(root / ".local" / "packages")
    packages.ensure(silent)
    emulator = Emulator(root, folder, packages, REGION)
    try:
        made = Bench(Account(emulator.start(), PATIENCE_SECONDS), parts, folder / "scripts")
        made.prepare()
        yield made
    finally:
        emulator.stop()
