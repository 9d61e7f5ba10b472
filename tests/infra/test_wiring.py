"""What is deployed against what the handlers do: their variables, and their permissions in both directions.

Every function runs as deployed: with the variables of the template, over tables, queues, topics and secrets made from
it. What it calls there is recorded and held against its role.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from botocore import xform_name
from moto import mock_aws

from payments.adapters import aws
from payments.adapters.s3 import long_objects
from payments.runtime import telemetry
from payments.runtime.variables import VariablesRefused, variables
from payments_infra.ground import SERVICES_WITHOUT_NAT
from tests.contract.services import Services
from tests.infra.branches import BRANCHES, outside_world
from tests.infra.calls import Call, permissions_for, recorded_calls
from tests.infra.deployed import deployed, function_of
from tests.infra.ground import readable
from tests.infra.permissions import Permission, denied, key_use, needed_by_lambda, said
from tests.infra.stage import Stage
from tests.infra.template import Template
from tests.infra.test_stack import PRODUCTION, keys_by_address
from tests.infra.whole_stack import address_of, whole_stack

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

    from tests.infra.template import Body

STACKS: Mapping[str, Mapping[str, str]] = {"dev": {}, "production": PRODUCTION}

OPTIONAL = {
    "APPROVAL_LIMITS": "without limits a person approves every orchestrated payment",
    "WEBHOOK_URL": "customers may be told through the topic alone",
}
"""Variables a function runs without, each with the reason."""


class ReadVariables(Mapping[str, str]):
    """An environment that remembers which variables somebody looked for."""

    def __init__(self, values: Mapping[str, str]) -> None:
        self._values = values
        self.looked_for: set[str] = set()

    def __getitem__(self, name: str) -> str:
        self.looked_for.add(name)
        return self._values[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)


@dataclass(frozen=True)
class Wired:
    """A function as deployed, its variables resolved, and what its handler called."""

    template: Template
    function: Body
    handler: ModuleType
    variables: Mapping[str, str]
    calls: list[Call]
    called: set[Permission]

    @property
    def own_variables(self) -> set[str]:
        """The variables that not every function has."""
        functions = self.template.resources("aws_lambda_function").values()
        return set(self.variables) - set.intersection(*(set(one["environment"]["variables"]) for one in functions))

    @property
    def needed(self) -> set[Permission]:
        """What the handler needs, Lambda in its name, and for both of them the services that ask for a key."""
        named = self.called | set(needed_by_lambda(self.template, self.function))
        return named | {Permission(action, self.key_of(one)) for one in named for action in key_use(one)}

    @property
    def allowed(self) -> set[Permission]:
        """What the function's role allows."""
        return {permission for permission, _ in said(self.template, self.function, "Allow")}

    def key_of(self, permission: Permission) -> str:
        """Return the key of what ``permission`` is about."""
        return f"${{{keys_by_address(self.template)[address_of(permission.resource)]}.arn}}"

    def connect(self, environment: Mapping[str, str]) -> None:
        """Connect anew by ``environment``."""
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(self.handler, "variables", lambda: variables(environment))
            self.handler.aws_ports.__wrapped__()

    def refused_without(self, name: str) -> set[str]:
        """Return which variables are refused when ``name`` is left out."""
        try:
            self.connect({other: value for other, value in self.variables.items() if other != name})
        except VariablesRefused as refused:
            return {problem.split()[0] for problem in refused.problems}
        return set()


@pytest.fixture(scope="module")
def wire() -> Iterator[Callable[[str, str], Wired]]:
    """Give a function that runs a stack's worker through its branches, once."""
    with pytest.MonkeyPatch.context() as environment, mock_aws(), outside_world() as addresses:
        environment.setenv("AWS_DEFAULT_REGION", "us-east-1")
        # Long objects are written in parts: here they are long from the second line on.
        environment.setattr(long_objects, "PART_BYTES", 32)
        environment.setattr("moto.s3.models.S3_UPLOAD_PART_MIN_SIZE", 1)
        services = Services(
            dynamodb=aws.dynamodb(),
            sqs=aws.sqs(),
            sns=aws.sns(),
            secrets_manager=aws.secrets_manager(),
            s3=aws.s3(),
            step_functions=aws.step_functions(),
        )

        @cache
        def wired(stack: str, worker: str) -> Wired:
            template = Template(readable(whole_stack(**STACKS[stack]).json))
            made = deployed(template, services)
            given = made.variables_of(worker)
            reached = given | {name: address for name, address in addresses.items() if name in given}
            handler = import_module(f"functions.{worker}.handler")
            with running(handler, reached) as calls:
                BRANCHES[worker](Stage(handler, reached, services))
            called = {permission for call in calls for permission in permissions_for(call, made)}
            return Wired(template, function_of(template, worker), handler, given, calls, called)

        yield wired


@contextmanager
def running(handler: ModuleType, environment: Mapping[str, str]) -> Iterator[list[Call]]:
    """Let ``handler`` find itself in a new process with ``environment``; collect its calls."""
    with pytest.MonkeyPatch.context() as patch, recorded_calls() as calls:
        for name, value in environment.items():
            patch.setenv(name, value)
        patch.setattr(handler, "aws_ports", cache(handler.aws_ports.__wrapped__))
        patch.setattr(telemetry, "log", cache(telemetry.log.__wrapped__))
        yield calls


@pytest.fixture(params=[(stack, worker) for stack in STACKS for worker in BRANCHES], ids="-".join)
def wired(request: pytest.FixtureRequest, wire: Callable[[str, str], Wired]) -> Wired:
    """Return one function of one stack."""
    return wire(*request.param)


@pytest.mark.parametrize("stack", STACKS)
def test_every_deployed_function_is_looked_at_here(stack: str) -> None:
    functions = whole_stack(**STACKS[stack]).resources("aws_lambda_function").values()
    assert {one["environment"]["variables"]["POWERTOOLS_SERVICE_NAME"] for one in functions} == set(BRANCHES)


def test_no_operation_of_the_adapters_is_left_out_here(wire: Callable[[str, str], Wired]) -> None:
    """Defect: It never ran."""
    used = re.compile(r'\b_?client\.(?:get_paginator\("(\w+)"\)|(\w+))')
    sources = "".join(file.read_text("utf-8") for file in Path(aws.__file__).parent.rglob("*.py"))
    written = {paged or plain for paged, plain in used.findall(sources)}
    called = {
        xform_name(call.operation) for stack in STACKS for worker in BRANCHES for call in wire(stack, worker).calls
    }
    assert called == written


def test_a_function_reads_every_variable_it_is_given_and_misses_none(wired: Wired) -> None:
    """Defect: It never ran."""
    environment = ReadVariables(wired.variables)
    wired.connect(environment)
    assert wired.own_variables - environment.looked_for == set()
    assert environment.looked_for - set(wired.variables) <= set(OPTIONAL)


def test_a_function_that_lacks_one_variable_refuses_to_work_and_names_it(wired: Wired) -> None:
    """Defect: It never ran."""
    for name in wired.own_variables - set(OPTIONAL):
        assert name in wired.refused_without(name), name


@pytest.mark.parametrize("name", OPTIONAL)
def test_whoever_is_given_an_optional_variable_works_without_it(wire: Callable[[str, str], Wired], name: str) -> None:
    given = [wired for worker in BRANCHES if name in (wired := wire("production", worker)).variables]
    assert given
    assert [wired.refused_without(name) for wired in given] == [set()] * len(given)


def test_logs_and_metrics_read_what_every_function_is_given(wired: Wired) -> None:
    """Defect: It never ran."""
    environment = ReadVariables(wired.variables)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "environ", environment)
        telemetry.log.__wrapped__()
        telemetry.EmittedMetrics().count("Wired")
    assert set(wired.variables) - wired.own_variables - environment.looked_for == set()


def test_whatever_a_function_calls_it_may_call_on_that_very_resource(wired: Wired) -> None:
    """Defect: Encryption without grants. It never ran."""
    assert wired.needed - wired.allowed == set()


def test_a_function_may_do_nothing_it_does_not_do(wired: Wired) -> None:
    """Defect: Too much permission."""
    assert wired.allowed - wired.needed == set()


def test_nothing_a_function_calls_is_denied(wired: Wired) -> None:
    """Defect: It never ran."""
    assert wired.called & set(denied(wired.template, wired.function)) == set()


def test_a_key_may_be_used_through_the_services_that_ask_for_it_and_no_other(wired: Wired) -> None:
    """Defect: Encryption without grants. Too much permission."""
    through = {
        (permission, host.partition(".")[0])
        for permission, conditions in said(wired.template, wired.function, "Allow")
        if permission.action.startswith("kms:")
        for host in conditions["StringEquals"]["kms:ViaService"]
    }
    asking = {
        (Permission(action, wired.key_of(one)), one.action.partition(":")[0])
        for one in wired.needed
        for action in key_use(one)
    }
    assert asking
    assert through == asking


def test_without_a_nat_there_is_an_endpoint_for_every_service_that_is_called(wire: Callable[[str, str], Wired]) -> None:
    """Defect: Network that dies."""
    called = {call.service for stack in STACKS for worker in BRANCHES for call in wire(stack, worker).calls}
    assert called == {"dynamodb", "s3", *SERVICES_WITHOUT_NAT}
