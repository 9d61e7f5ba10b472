"""Every function run as deployed, with the variables of its template over what is made from it: what it calls there,
and which variables it reads.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from io import StringIO
from typing import TYPE_CHECKING

import pytest
from moto import mock_aws

from payments.adapters import aws
from payments.adapters.s3 import long_objects
from payments.runtime import telemetry
from payments.runtime.variables import VariablesRefused, variables
from tests.contract.services import Services
from tests.infra.branches import BRANCHES, outside_world
from tests.infra.calls import Call, permissions_for, recorded_calls
from tests.infra.deployed import deployed, function_of
from tests.infra.ground import readable
from tests.infra.permissions import Permission, key_use, needed_by_lambda, said
from tests.infra.stage import Stage
from tests.infra.template import Template
from tests.infra.test_stack import PRODUCTION
from tests.infra.whole_stack import address_of, keys_by_address, whole_stack

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

    from tests.infra.template import Body

STACKS: Mapping[str, Mapping[str, str]] = {
    "dev": {"API_LOG_ROLE": "true"},
    "closed": {"NAT_MODE": "none", "SHARED_KEY": "true"},
    "production": PRODUCTION,
}
"""Deployments that between them hold everything the settings can ask for, by name, with their variables."""

OPTIONAL = {
    "APPROVAL_LIMITS": "without limits a person approves every orchestrated payment",
    "WEBHOOK_URL": "customers may be told through the topic alone",
}
"""Variables a function runs without, each with the reason."""

TOLD = {
    "ENVIRONMENT_SUFFIX",
    "POWERTOOLS_LOG_LEVEL",
    "POWERTOOLS_METRICS_NAMESPACE",
    "POWERTOOLS_SERVICE_NAME",
}
"""What the log and the metrics of every function are told; for the rest that they look for there are defaults.
https://docs.aws.amazon.com/powertools/python/latest/environment_variables/"""


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

    @property
    def looked_for(self) -> set[str]:
        """The variables that the handler looks for, and what its log and its metrics must be told."""
        environment = ReadVariables(self.variables)
        self.connect(environment)
        return environment.looked_for | (self.looked_for_by_telemetry & TOLD)

    @property
    def looked_for_by_telemetry(self) -> set[str]:
        """The variables that the log and the metrics look for."""
        environment = ReadVariables(self.variables)
        with pytest.MonkeyPatch.context() as patch, redirect_stdout(StringIO()):
            patch.setattr(os, "environ", environment)
            telemetry.log.__wrapped__()
            telemetry.EmittedMetrics().count("Wired")
        return environment.looked_for

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


@contextmanager
def wiring() -> Iterator[Callable[[str, str], Wired]]:
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
