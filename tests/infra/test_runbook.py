"""The runbook is read at night: everything it tells to type must exist, and everything that rings must be in it."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import tempfile
from dataclasses import dataclass
from fnmatch import fnmatch
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import botocore.session
import jmespath  # type: ignore[import-untyped] # it has no types, and one call needs none
import pytest
from botocore import xform_name

from operations import audit, dlq, review
from payments.adapters.dynamodb.payment_item import payment_in, to_item
from payments.runtime.stream import Change, all_changes, each_change
from payments_infra.channels import NOTIFICATION_RECEIVES
from payments_infra.constructs.runbook import Runbook, anchor_of
from payments_infra.profiles import SANDBOX
from tests.infra.whole_stack import ROOT, address_of, many, statements_of, whole_stack
from tests.unit.test_payment import new_payment

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aws_lambda_powertools.utilities.typing import LambdaContext

    from tests.infra.template import Template

TEXT = (ROOT / "docs" / "runbook.md").read_text("utf-8")
COMMANDS = (ROOT / "docs" / "operations.md").read_text("utf-8")
ENTRIES = dict(re.findall(r"^### (.+?)\n(.*?)(?=^##|\Z)", TEXT, re.MULTILINE | re.DOTALL))
ENVIRONMENTS: tuple[dict[str, str], ...] = (
    {},
    {"NAT_MODE": "gateway"},
    {"ENVIRONMENT_SUFFIX": "prod", "GATEWAY_URL": "https://gateway.example", "WEBHOOK_URL": "https://hook.example"},
)

MESSAGES_AT_ONCE = 10
CHARGES_A_SECOND = 4
"""Of one message's turn, at a gateway that takes a quarter of a second."""

_OPERATORS = r"\bscripts/(dlq|audit|review)\b"
"""Commands of this project's own."""

NOTES_WHAT_IT_IS_ASKED = r"""#!/bin/bash
printf '%s\x1f' "$@" >> "$NOTES"
printf '\x1e' >> "$NOTES"
echo '{}'
"""
"""Stands in for the AWS CLI."""


def alarms(template: Template) -> dict[str, str]:
    """Return the description of each alarm by name."""
    bodies = template.resources("aws_cloudwatch_metric_alarm").values()
    return {body["alarm_name"]: body["alarm_description"] for body in bodies}


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_every_alarm_leads_to_an_entry(environment: dict[str, str]) -> None:
    """Defect: Dead alarms."""
    anchors = {anchor_of(title) for title in ENTRIES}
    for name, description in alarms(whole_stack(**environment)).items():
        anchor = description.partition("runbook.md#")[2]
        # The NAT instance mends itself by these two, which watch what `nat-failing` watches.
        own = re.fullmatch(r"payments-nat-\d+-(recover|reboot)-\w+", name)
        assert anchor in anchors or (own and "nat-…-" + own[1] in ENTRIES["NAT failing"]), name


def test_every_entry_can_ring() -> None:
    """Defect: Dead alarms."""
    rung = {
        description.partition("runbook.md#")[2]
        for environment in ENVIRONMENTS
        for description in alarms(whole_stack(**environment)).values()
    }
    assert {anchor_of(title) for title in ENTRIES} <= rung


@pytest.mark.parametrize("title", ENTRIES)
def test_every_entry_says_what_it_means_where_to_look_how_to_mend_and_when_it_is_mended(title: str) -> None:
    labels = re.findall(r"^\*\*(\w+)\.\*\* ?", ENTRIES[title], re.MULTILINE)
    assert labels == ["Means", "Look", "Mend", "Mended"]


def test_every_link_leads_somewhere() -> None:
    anchors = Runbook.parse(TEXT, url="").entries
    for anchor in re.findall(r"\]\(#([\w-]+)\)", TEXT):
        assert anchor in anchors
    for path in re.findall(r"`((?:docs|payments_infra)/[\w/.]+)`", TEXT):
        assert (ROOT / path).exists(), path


@dataclass(frozen=True)
class Command:
    """One call of the AWS CLI, taken apart."""

    service: str
    operation: str
    options: dict[str, list[str]]


def parsed(words: list[str]) -> Command:
    options: dict[str, list[str]] = {}
    for word in words[2:]:
        if re.match(r"--[a-z]", word):
            options[word] = []
        elif options:
            options[list(options)[-1]].append(word)
    return Command(service=words[0], operation=words[1], options=options)


@cache
def typed() -> tuple[Command, ...]:
    """Return every AWS command somebody types who follows the runbook, as bash would pass it on."""
    text = TEXT.replace("WORKER", "processor")
    blocks = [re.sub(_OPERATORS, r"operate \1", block) for block in re.findall(r"```sh\n(.*?)```", text, re.DOTALL)]
    spelled = re.findall(r"`(ringing|(?:aws|failures|story|trail|batch|executions|again)\s[^`]+)`", text)
    spans = [span.replace("\n", " ") for span in spelled]
    return tuple(parsed(words) for words in noted("sleep() { :; }\noperate() { :; }\n" + "\n".join([*blocks, *spans])))


def noted(script: str) -> list[list[str]]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "aws")
        path.write_text(NOTES_WHAT_IT_IS_ASKED, "utf-8")
        path.chmod(0o755)
        notes = Path(folder, "notes")
        environment = {"PATH": f"{folder}{os.pathsep}{os.environ['PATH']}", "NOTES": str(notes)}
        subprocess.run(["bash", "-euc", script], check=True, env=environment, capture_output=True, timeout=60)  # noqa: S603, S607 - the runbook's own text, with bash as found
        return [call.split("\x1f")[:-1] for call in notes.read_text("utf-8").split("\x1e")[:-1]]


GLOBAL_OPTIONS = {"--query", "--output", "--cli-read-timeout", "--cli-binary-format"}


@cache
def model_of(service: str) -> Any:  # noqa: ANN401 - botocore has no public type for it
    return botocore.session.get_session().get_service_model(service)


def operation_of(service: str, operation: str) -> Any:  # noqa: ANN401 - botocore has no public type for it
    model = model_of("s3" if service == "s3api" else service)  # the CLI keeps the plain name for commands of its own
    names = {xform_name(name, "-"): name for name in model.operation_names}
    assert operation in names, f"aws {service} has no {operation}"
    return model.operation_model(names[operation])


def test_there_is_something_to_type_for_every_entry() -> None:
    assert len(typed()) > 40
    for title, text in ENTRIES.items():
        assert re.search(r"```sh|`(failures|story)\s", text), title


def test_every_aws_command_exists_with_every_option_it_is_given_and_none_it_needs_left_out() -> None:
    for command in typed():
        shape = operation_of(command.service, command.operation).input_shape
        known = {f"--{xform_name(name, '-')}" for name in shape.members}
        assert set(command.options) <= known | GLOBAL_OPTIONS, command
        needed = {f"--{xform_name(name, '-')}" for name in shape.required_members}
        assert needed <= set(command.options), command


def test_every_query_on_an_answer_is_one_and_every_json_is_json() -> None:
    for command in typed():
        for option, values in command.options.items():
            if option == "--query":
                jmespath.compile(values[0])
            for value in values:
                if value.startswith('{"'):
                    json.loads(value)


def test_every_name_it_uses_is_one_of_the_stack() -> None:
    """Defect: It never ran."""
    name = re.compile(r"payments-[a-z0-9*-]+-dev\b")
    existing = {
        found for environment in ({}, ENVIRONMENTS[1]) for found in name.findall(str(whole_stack(**environment).json))
    }
    used = {
        found for command in typed() for values in command.options.values() for found in name.findall(" ".join(values))
    }
    assert len(used) > 10
    for one in used:
        assert any(fnmatch(other, one) for other in existing), one


def test_a_notification_is_given_up_as_late_as_it_says() -> None:
    assert f"refused {NOTIFICATION_RECEIVES} times" in ENTRIES["Notification dead letters"]


def test_what_the_dispatcher_is_given_back_is_what_it_has_of_workflows() -> None:
    named = set(re.findall(r"`(states:\w+|kms:\w+)`", ENTRIES["Workflow requests not taken"]))
    template = whole_stack()
    (role,) = {
        address_of(body["role"])
        for body in template.resources("aws_lambda_function").values()
        if body["function_name"] == "payments-dispatcher-dev"
    }
    allowed = {action for one in statements_of(template, role) for action in many(one["Action"])}
    assert named == {action for action in allowed if action.startswith("states:")}


def test_a_queue_drains_as_fast_as_it_says() -> None:
    per_second = SANDBOX.processor_concurrency * MESSAGES_AT_ONCE * CHARGES_A_SECOND
    minutes = 1_000_000 / per_second / 60
    assert f"about {per_second} a second" in ENTRIES["Queue age"]
    assert f"some {round(minutes, -1):.0f} minutes" in ENTRIES["Queue age"].replace("\n", " ")


ALIKE = {"ENVIRONMENT_SUFFIX": "a-dev"}


def test_what_rings_is_told_of_one_environment_and_of_none_whose_suffix_ends_alike() -> None:
    asked = next(one for one in typed() if one.operation == "describe-alarms")
    ringing = {name: alarm for environment in ({}, ALIKE) for name, alarm in alarms_told(environment).items()}
    (query,) = asked.options["--query"]
    shown = jmespath.search(query, {"MetricAlarms": list(ringing.values())})
    assert {name for name, _ in shown} == set(alarms(whole_stack()))


def alarms_told(environment: dict[str, str]) -> dict[str, dict[str, Any]]:
    """Return the alarms as CloudWatch describes them, by name."""
    template = whole_stack(**environment)
    topics = {
        f"${{aws_sns_topic.{name}.arn}}": f"arn:aws:sns:us-east-1:123456789012:{body['name']}"
        for name, body in template.resources("aws_sns_topic").items()
    }
    return {
        body["alarm_name"]: {
            "AlarmName": body["alarm_name"],
            "AlarmActions": [topics.get(action, action) for action in body["alarm_actions"]],
        }
        for body in template.resources("aws_cloudwatch_metric_alarm").values()
    }


def test_an_instance_is_looked_for_in_one_environment_and_in_none_whose_suffix_ends_alike() -> None:
    asked = next(one for one in typed() if one.operation == "describe-instances")
    wanted = dict(one.removeprefix("Name=tag:").split(",Values=") for one in asked.options["--filters"])
    found = {
        environment.get("ENVIRONMENT_SUFFIX", "dev")
        for environment in ({}, ALIKE)
        for tags in instance_tags(whole_stack(**environment))
        if all(fnmatch(tags[name], value) for name, value in wanted.items())
    }
    assert found == {"dev"}


def instance_tags(template: Template) -> list[dict[str, str]]:
    (provider,) = template.json["provider"]["aws"]
    (default,) = provider["default_tags"]
    return [{**default["tags"], **body["tags"]} for body in template.resources("aws_instance").values()]


@cache
def operated() -> tuple[list[str], ...]:
    """Return every command of this project's own that somebody types who follows either document, word by word."""
    text = TEXT.replace("\\\n", " ")
    spans = re.findall(rf"`({_OPERATORS} [^`]+)`", text)
    lines = re.findall(rf"^({_OPERATORS} .+)$", text + COMMANDS, re.MULTILINE)
    return tuple(shlex.split(typed[0].replace("scripts/", "", 1)) for typed in (*spans, *lines))


def test_every_command_of_our_own_is_taken_as_it_is_typed() -> None:
    """Defect: It never ran."""
    commands = {"dlq": dlq.main, "audit": audit.main, "review": review.main}
    assert {words[0] for words in operated()} == set(commands)
    for program, command, *words in operated():
        parsed_by = commands[program].commands[command]
        parsed_by.make_context(command, words)  # it raises where a word is not understood


def test_every_queue_of_dead_letters_it_names_is_one_of_the_stack() -> None:
    queues = {body["name"] for body in whole_stack().resources("aws_sqs_queue").values()}
    named = {words[2] for words in operated() if words[:2] in (["dlq", "show"], ["dlq", "redrive"])}
    assert named
    assert {f"payments-{part}-dead-letters-dev" for part in named} <= queues


def test_a_payment_replayed_by_hand_is_read_like_a_change() -> None:
    """`scripts/dlq replay` sends what `get-item` answers, as a record without an old image."""
    accepted = new_payment()
    record = {
        "eventSource": "aws:dynamodb",
        "eventName": "MODIFY",
        "dynamodb": {"SequenceNumber": "1", "NewImage": to_item(accepted)},
    }
    seen: list[Change] = []

    def react(changes: Sequence[Change]) -> list[Change]:
        seen.extend(changes)
        return []

    context = cast("LambdaContext", SimpleNamespace(aws_request_id="request"))
    all_changes({"Records": [record]}, context, read=payment_in, react=react)
    each_change({"Records": [record]}, context, read=payment_in, react=seen.append)
    assert [(change.old, change.new) for change in seen] == [(None, accepted)] * 2
