from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from local_aws.demo import Sent, promises_of
from local_aws.loopback import Reply


def reply(status: int, body: object = None, **headers: str) -> Reply:
    return Reply(status, {name.replace("_", "-"): value for name, value in headers.items()}, json.dumps(body).encode())


def settled(status: str, versions: int = 3) -> dict[str, Any]:
    payment = {"payment_id": "p", "status": status, "version": 3}
    return {"payment": payment, "trail": [{"version": number + 1} for number in range(versions)]}


SUCCESS = Sent("success", reply(202), **settled("succeeded"))
DECLINE = Sent("decline", reply(202), **settled("declined"))
DUPLICATE = Sent("duplicate", reply(202, idempotent_replayed="true"), **settled("succeeded"))
ERRORS = {"errors": [{"pointer": "/amount"}, {"pointer": "/colour"}]}
MALFORMED = Sent("malformed", reply(400, ERRORS, content_type="application/problem+json"))


def test_all_promises_are_kept_when_all_is_well() -> None:
    assert all(promises_of(SUCCESS, DECLINE, DUPLICATE, MALFORMED).values())


@pytest.mark.parametrize(
    "broken",
    [
        [replace(SUCCESS, **settled("failed")), DECLINE, DUPLICATE, MALFORMED],
        [SUCCESS, replace(DECLINE, **settled("succeeded")), DUPLICATE, MALFORMED],
        [SUCCESS, DECLINE, replace(DUPLICATE, reply=reply(202)), MALFORMED],
        [SUCCESS, DECLINE, replace(DUPLICATE, payment={"payment_id": "another"}), MALFORMED],
        [SUCCESS, DECLINE, DUPLICATE, replace(MALFORMED, reply=reply(500, ERRORS))],
        [SUCCESS, DECLINE, DUPLICATE, replace(MALFORMED, reply=reply(400, ERRORS, content_type="application/json"))],
        [SUCCESS, replace(DECLINE, **settled("declined", versions=2)), DUPLICATE, MALFORMED],
        [replace(SUCCESS, **settled("succeeded", versions=4)), DECLINE, DUPLICATE, MALFORMED],
    ],
)
def test_a_promise_that_is_broken_is_told(broken: list[Sent]) -> None:
    assert list(promises_of(*broken).values()).count(False) >= 1
