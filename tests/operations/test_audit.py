from __future__ import annotations

import json
from typing import Any

import pytest

from operations import audit
from tests.operations.conftest import MockEnvironment, run
from tests.samples import START, accepted, as_requested, claimed, settled

WHOLE_TRAILS = 9


@pytest.fixture
def recorded(environment: MockEnvironment) -> MockEnvironment:
    """An environment with nine payments, each with its trail of three events."""
    environment.make_tables()
    for number in range(WHOLE_TRAILS):
        environment.store(settled(claimed(as_requested(accepted(f"pay-{number}")))))
    return environment


def verified(*words: str) -> tuple[int, dict[str, Any]]:
    done = run(audit.main, "verify", *words, "--json")
    return done.exit_code, json.loads(done.stdout)


def alter(environment: MockEnvironment, payment_id: str, version: int, **texts: str) -> None:
    environment.client("dynamodb").update_item(
        TableName=environment.name("audit"),
        Key={"payment_id": {"S": payment_id}, "version": {"N": str(version)}},
        AttributeUpdates={name: {"Value": {"S": text}} for name, text in texts.items()},
    )


def remove(environment: MockEnvironment, payment_id: str, version: int) -> None:
    key = {"payment_id": {"S": payment_id}, "version": {"N": str(version)}}
    environment.client("dynamodb").delete_item(TableName=environment.name("audit"), Key=key)


@pytest.mark.parametrize("words", [(), ("--chain-only",), ("--day", START.date().isoformat())])
@pytest.mark.usefixtures("recorded")
def test_trails_as_they_were_recorded_are_whole(words: tuple[str, ...]) -> None:
    assert verified(*words) == (0, {"trails": WHOLE_TRAILS, "events": 3 * WHOLE_TRAILS, "faults": []})


@pytest.mark.parametrize("words", [(), ("pay-7",), ("--day", START.date().isoformat())])
def test_the_first_altered_event_is_named_and_the_status_tells(
    recorded: MockEnvironment, words: tuple[str, ...]
) -> None:
    alter(recorded, "pay-7", 2, actor="somebody")
    alter(recorded, "pay-7", 3, actor="somebody")
    status, found = verified(*words)
    assert status == 1
    assert found["faults"] == [
        {"payment_id": "pay-7", "version": 2, "kind": "altered", "detail": "its hash is not that of what it says"}
    ]


@pytest.mark.parametrize("texts", [{"at": "yesterday"}, {"event_id": "pay-8#2"}])
def test_an_event_no_recorder_writes_is_altered(recorded: MockEnvironment, texts: dict[str, str]) -> None:
    alter(recorded, "pay-7", 2, **texts)
    status, found = verified()
    assert status == 1
    assert [(fault["version"], fault["kind"]) for fault in found["faults"]] == [(2, "altered")]


def test_a_missing_event_is_named(recorded: MockEnvironment) -> None:
    remove(recorded, "pay-3", 2)
    assert [(fault["payment_id"], fault["version"]) for fault in verified()[1]["faults"]] == [("pay-3", 2)]


def test_what_is_cut_off_or_removed_is_found_unless_nothing_is_compared(recorded: MockEnvironment) -> None:
    remove(recorded, "pay-3", 3)
    for version in (1, 2, 3):
        remove(recorded, "pay-4", version)
    status, found = verified()
    assert status == 1
    assert {(fault["payment_id"], fault["version"], fault["kind"]) for fault in found["faults"]} == {
        ("pay-3", 3, "missing"),
        ("pay-4", 1, "missing"),
    }
    assert verified("--chain-only")[0] == 0
    assert "compared with no payment" in run(audit.main, "verify", "--chain-only").stderr


def test_a_trail_of_no_payment_is_found(recorded: MockEnvironment) -> None:
    key = {"payment_id": {"S": "pay-5"}}
    recorded.client("dynamodb").delete_item(TableName=recorded.name("payments"), Key=key)
    assert [(fault["payment_id"], fault["kind"]) for fault in verified()[1]["faults"]] == [("pay-5", "extra")]


@pytest.mark.parametrize("words", [(), ("pay-5",), ("--day", START.date().isoformat())])
def test_an_amount_that_was_altered_is_found_although_the_trail_is_whole(
    recorded: MockEnvironment, words: tuple[str, ...]
) -> None:
    recorded.client("dynamodb").update_item(
        TableName=recorded.name("payments"),
        Key={"payment_id": {"S": "pay-5"}},
        AttributeUpdates={"amount": {"Value": {"N": "9999.99"}}},
    )
    status, found = verified(*words)
    assert status == 1
    (fault,) = found["faults"]
    assert (fault["payment_id"], fault["kind"]) == ("pay-5", "altered")
    assert "not those of the request that was accepted" in fault["detail"]
    assert verified("--chain-only")[0] == 0


def test_a_payment_nobody_can_read_proves_nothing(recorded: MockEnvironment) -> None:
    recorded.client("dynamodb").update_item(
        TableName=recorded.name("payments"),
        Key={"payment_id": {"S": "pay-5"}},
        AttributeUpdates={"status": {"Value": {"S": "paid"}}},
    )
    (fault,) = verified()[1]["faults"]
    assert fault["payment_id"] == "pay-5"
    assert "can't be read" in fault["detail"]


def test_what_just_happened_may_not_be_recorded_yet(recorded: MockEnvironment) -> None:
    recorded.store(as_requested(accepted("young")), recorded=False)
    assert verified()[0] == 1
    assert verified("--allowed-lag-seconds", str(10**9))[0] == 0


@pytest.mark.parametrize("words", [(), ("--chain-only",)])
def test_a_gap_counts_once_the_event_behind_it_is_old_enough(recorded: MockEnvironment, words: tuple[str, ...]) -> None:
    remove(recorded, "pay-3", 2)
    assert verified(*words)[0] == 1
    assert verified(*words, "--allowed-lag-seconds", str(10**9))[0] == 0


@pytest.mark.usefixtures("recorded")
def test_a_payment_nobody_recorded_is_missing() -> None:
    assert verified("nobody")[0] == 1
    assert verified("nobody", "--chain-only")[0] == 1


def test_people_read_a_table_of_what_is_wrong(recorded: MockEnvironment) -> None:
    alter(recorded, "pay-7", 2, reason="[bold]another")
    done = run(audit.main, "verify")
    assert "pay-7" in done.stdout
    assert "its hash is not that of what it says" in done.stdout
    assert "trails: 9, events: 27, faults: 1" in done.stderr


def test_a_table_that_is_not_there_is_no_verdict(environment: MockEnvironment) -> None:
    del environment
    done = run(audit.main, "verify")
    assert done.exit_code == 2
    assert "ResourceNotFound" in done.stderr


@pytest.mark.usefixtures("environment")
def test_ids_and_a_day_are_not_given_together() -> None:
    assert run(audit.main, "verify", "pay-1", "--day", "2026-11-22").exit_code == 2
