"""Static checks of a whole template, each a function that returns problems, so that thousands of templates can be held
against them.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import lru_cache
from inspect import signature
from itertools import chain
from typing import TYPE_CHECKING

from payments_infra.guardrails import problems
from payments_infra.settings import Settings
from tests.infra import test_stack
from tests.infra.branches import BRANCHES
from tests.infra.clauses import Clause, said
from tests.infra.ground import arn
from tests.infra.needed_by_roles import needed_by_roles
from tests.infra.needed_elsewhere import needed_elsewhere
from tests.infra.whole_stack import address_of, everything, referred, worker_of
from tests.infra.wired import OPTIONAL, STACKS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from tests.infra.permissions import Permission
    from tests.infra.template import Template
    from tests.infra.wired import Wired


SAYING = {
    "aws_cloudwatch_log_resource_policy",
    "aws_iam_role",
    "aws_iam_role_policy",
    "aws_lambda_permission",
    "aws_s3_bucket_policy",
}
"""Types that say what is allowed, and by which nothing is asked for."""


@dataclass(frozen=True)
class Observed:
    """What the functions of one deployment do when they run, by worker, and what was asked of the deployment.

    Args:
        called: what their handlers call.
        looked_for: the variables they look for.
        left_out: optional variables for which the deployment sets nothing.
        retain_data: whether its data must survive a wrong command.
    """

    called: Mapping[str, frozenset[Permission]]
    looked_for: Mapping[str, frozenset[str]]
    left_out: frozenset[str]
    retain_data: bool


def observed(stack: str, wire: Callable[[str, str], Wired]) -> Observed:
    """Run every worker of ``stack``, and return what was seen."""
    settings = Settings.from_environment(dict(STACKS[stack]))
    wired = {worker: wire(stack, worker) for worker in BRANCHES}
    return Observed(
        called={worker: frozenset(one.called) for worker, one in wired.items()},
        looked_for={worker: frozenset(one.looked_for) for worker, one in wired.items()},
        left_out=frozenset(name for name in OPTIONAL if not getattr(settings, name.lower())),
        retain_data=settings.profile.retain_data,
    )


def missing_things(template: Template, _: Observed) -> Iterator[str]:
    """Find references to what is not there."""
    there = everything(template).keys() | {
        f"data.{type_}.{name}" for type_, bodies in template.json.get("data", {}).items() for name in bodies
    }
    for address, body in everything(template).items():
        yield from (f"{address} refers to {one}" for one in set(referred(body)) - there)


def unequal_policies(template: Template, seen: Observed) -> Iterator[str]:
    """Find what is said and not needed, needed and not said, or said twice, in every policy there is."""
    needed, found = _needed(_Asking(template, seen)), said(template)
    for holder in needed.keys() | found.keys():
        wanted, given = needed.get(holder, set()), found.get(holder, [])
        yield from (f"{holder} lacks {one}" for one in wanted - set(given))
        yield from (f"{holder} needs no {one}" for one in set(given) - wanted)
        if len(given) > len(set(given)):
            yield f"{holder} says something twice"


class _Asking:
    """Who asks for permissions in a template; equal where it is the very same, whatever policies say."""

    def __init__(self, template: Template, seen: Observed) -> None:
        self.template, self.seen = template, seen
        resources = template.json["resource"]
        self._parts = (id(seen), *(id(resources[type_]) for type_ in sorted(resources.keys() - SAYING)))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Asking) and self._parts == other._parts

    def __hash__(self) -> int:
        return hash(self._parts)


@lru_cache(maxsize=2)
def _needed(asking: _Asking) -> Mapping[str, set[Clause]]:
    template, called = asking.template, asking.seen.called
    needed: dict[str, set[Clause]] = {}
    for holder, one in chain(needed_by_roles(template, called), needed_elsewhere(template, called)):
        needed.setdefault(holder, set()).add(one)
    return needed


def unequal_variables(template: Template, seen: Observed) -> Iterator[str]:
    """Find variables that a function is given and does not read, or reads and is not given."""
    for function in template.resources("aws_lambda_function").values():
        given = set(function["environment"]["variables"])
        worker = worker_of(function)
        wanted = seen.looked_for[worker] - seen.left_out
        yield from (f"{worker} reads no {name}" for name in given - wanted)
        yield from (f"{worker} is not given {name}" for name in wanted - given)


def idle_things(template: Template, seen: Observed) -> Iterator[str]:
    """Find what nothing runs, rules that lead nowhere, and buckets that do not tell what a rule waits for."""
    targets = template.resources("aws_cloudwatch_event_target").values()
    running = [
        *(one["function_name"] for one in template.resources("aws_lambda_event_source_mapping").values()),
        *(one["uri"] for one in template.resources("aws_api_gateway_integration").values()),
        *(one["arn"] for one in targets),
        *(one["definition"] for one in template.resources("aws_sfn_state_machine").values()),
        *(one.resource for calls in seen.called.values() for one in calls if one.action == "states:StartExecution"),
    ]
    ran = {address for one in running for address in referred(one)}
    for type_ in ("aws_lambda_function", "aws_sfn_state_machine"):
        yield from (f"nothing runs {name}" for name in template.resources(type_) if f"{type_}.{name}" not in ran)
    led = {address_of(one["rule"]) for one in targets}
    notifications = template.resources("aws_s3_bucket_notification").values()
    told = {address_of(one["bucket"]) for one in notifications if one.get("eventbridge")}
    for name, rule in template.resources("aws_cloudwatch_event_rule").items():
        if f"aws_cloudwatch_event_rule.{name}" not in led:
            yield f"the rule {name} leads nowhere"
        if not rule.get("schedule_expression") and not rule.get("event_pattern"):
            yield f"the rule {name} waits for nothing"
        for bucket in set(referred(rule.get("event_pattern", ""))) - told:
            yield f"the rule {name} waits for events that {bucket} does not tell"


def unequal_redrives(template: Template, _: Observed) -> Iterator[str]:
    """Find queues that take dead letters from others than those that leave them there."""
    queues = template.resources("aws_sqs_queue")
    sources: dict[str, list[str]] = {}
    for queue in queues.values():
        for dead_letters in referred(queue.get("redrive_policy", "")):
            sources.setdefault(dead_letters, []).append(arn("sqs", queue["name"]))
    consumed = {
        one
        for mapping in template.resources("aws_lambda_event_source_mapping").values()
        for one in referred(mapping["event_source_arn"])
    }
    for name, queue in queues.items():
        from_queues = sources.get(f"aws_sqs_queue.{name}", [])
        by_queue = {"redrivePermission": "byQueue", "sourceQueueArns": from_queues}
        if f"aws_sqs_queue.{name}" not in consumed:
            wanted = by_queue if from_queues else {"redrivePermission": "denyAll"}
            if json.loads(queue.get("redrive_allow_policy", "{}")) != wanted:
                yield f"{name} does not take dead letters from {from_queues} alone"


def unmended_instances(template: Template, _: Observed) -> Iterator[str]:
    """Find alarms of an instance's status checks that do not make EC2 mend it.

    https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/UsingAlarmActions.html
    """
    mends = {"StatusCheckFailed_System": "recover", "StatusCheckFailed_Instance": "reboot"}
    for name, alarm in template.resources("aws_cloudwatch_metric_alarm").items():
        action = mends.get(alarm.get("metric_name", ""))
        if action and not any(re.search(rf":ec2:{action}$", one) for one in alarm["alarm_actions"]):
            yield f"{name} does not {action} its instance"


def guardrails(template: Template, seen: Observed) -> Iterator[str]:
    """Find what the guardrails find."""
    yield from problems(template.json, retain_data=seen.retain_data)


def broken_invariants(template: Template, _: Observed) -> Iterator[str]:
    """Find which tests of the whole stack fail."""
    for name, check in vars(test_stack).items():
        if name.startswith("test_") and list(signature(check).parameters) == ["template"]:
            try:
                check(template)
            except AssertionError:
                yield name


CHECKS = (
    missing_things,
    unequal_policies,
    unequal_variables,
    idle_things,
    unequal_redrives,
    unmended_instances,
    guardrails,
    broken_invariants,
)
"""Every check; cheap ones first."""
