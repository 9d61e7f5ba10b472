"""What is deployed against what the handlers do: their variables, and their permissions in both directions.

Every function runs as deployed: with the variables of the template, over tables, queues, topics and secrets made from
it. What it calls there is recorded and held against its role.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from botocore import xform_name

from payments.adapters import aws
from payments_infra.ground import SERVICES_WITHOUT_NAT
from tests.infra.branches import BRANCHES
from tests.infra.permissions import Permission, denied, key_use, said
from tests.infra.whole_stack import whole_stack
from tests.infra.wired import OPTIONAL, STACKS, TOLD, ReadVariables, Wired, wiring

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@pytest.fixture(scope="module")
def wire() -> Iterator[Callable[[str, str], Wired]]:
    with wiring() as wired:
        yield wired


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
    assert set(wired.variables) - wired.own_variables == TOLD
    assert wired.looked_for_by_telemetry >= TOLD


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
