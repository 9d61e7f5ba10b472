"""Whatever strangers send, it is answered or refused: never with 5xx, never with a trace of what was refused."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from functions.validator import handler as validator
from payments.domain import identifiers, schema
from payments.runtime import telemetry
from payments.runtime.http import Request
from tests.hostile.campaign import Tally, campaign, command

if TYPE_CHECKING:
    from collections.abc import Callable

    from payments.runtime.http import Response

ROOT = Path(__file__).parents[2]
INPUTS, SEED = 6_000, 20261124


@pytest.fixture(scope="module")
def tally() -> Tally:
    return campaign(INPUTS, SEED)


def test_no_hostile_input_is_answered_with_5xx_raises_or_leaves_a_trace(tally: Tally) -> None:
    """Defect: Floats. Defect: Open doors: card numbers printed."""
    assert tally.faults == [], f"again: {command(INPUTS, SEED)}"
    assert (tally.server_errors, tally.unhandled, tally.traces, tally.faulty) == (0, 0, 0, 0)
    assert tally.inputs >= INPUTS


def test_the_inputs_are_hostile_and_of_every_kind(tally: Tally) -> None:
    assert tally.refusals > tally.inputs * 0.8
    assert {200, 202, 400, 404, 409, 413, 415, 422} <= tally.statuses.keys()
    assert len(tally.kinds) >= 35
    assert min(tally.kinds.values()) >= 10
    assert tally.files_refused > 0
    assert tally.lines_rejected > 100


def test_a_seed_sends_the_same_inputs_again(tally: Tally) -> None:
    first, again = campaign(300, seed=7).document(), campaign(300, seed=7).document()
    assert first == again
    assert first["kinds"] != tally.document()["kinds"]


def crashes(request: Request, _: validator.Ports) -> Response:
    raise RuntimeError(request.body)


def stores_first(request: Request, ports: validator.Ports) -> Response:
    ports.store.writes += 1  # type: ignore[attr-defined]
    return respond(request, ports)


def logs_the_body(request: Request, ports: validator.Ports) -> Response:
    telemetry.log().info("got", extra={"body": request.body.decode(errors="replace")})
    return respond(request, ports)


def prints_the_body(request: Request, ports: validator.Ports) -> Response:
    sys.stdout.write(json.dumps({"body": request.body.decode(errors="replace")}) + "\n")
    return respond(request, ports)


def takes_everything(_: Request, ports: validator.Ports) -> Response:
    return respond(SIMPLEST, ports)


def dies(*_: object, **__: object) -> dict[str, Any]:
    raise MemoryError


respond = validator.respond
SIMPLEST = Request(
    method="POST",
    resource="/payments",
    path="/payments",
    request_id="1",
    headers={"content-type": ["application/json"]},
    body=b'{"amount": 1}',
)


@pytest.mark.parametrize(
    ("broken", "fault"),
    [
        (crashes, "answered with 500"),
        (stores_first, "a refused request was written to a table"),
        (logs_the_body, "a refusal is more than one line of the log"),
        (prints_the_body, "a refusal is more than one line of the log"),
        (takes_everything, "taken, in spite of the schema"),
    ],
)
def test_a_handler_that_does_wrong_is_found_out(
    monkeypatch: pytest.MonkeyPatch, broken: Callable[..., Response], fault: str
) -> None:
    monkeypatch.setattr(validator, "respond", broken)
    tally = campaign(200, seed=3)
    assert not tally.is_clean
    assert any(fault in found for found in tally.faults)


def test_a_handler_that_raises_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(validator, "answer", dies)
    tally = campaign(200, seed=3)
    assert tally.unhandled > 50
    assert not tally.is_clean


def test_card_numbers_that_nobody_looks_for_are_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (schema, identifiers):
        monkeypatch.setattr(module, "holds_card_number", lambda _: False)
    assert campaign(500, seed=3).faulty > 5


def test_the_command_prints_one_json_object_and_exits_with_zero_where_all_held() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.hostile", "--inputs", "50", "--seed", "5", "--json"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    said = json.loads(done.stdout)
    assert [said[name] for name in ("seed", "server_errors", "unhandled", "traces")] == [5, 0, 0, 0]
    assert said["command"] == ".venv/bin/python -m tests.hostile --inputs 50 --seed 5"
    assert said["inputs"] >= 50
