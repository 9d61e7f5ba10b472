"""The real sample events of ``tests/events``, and how to vary them."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

Event = dict[str, Any]

_FOLDER = Path(__file__).parents[2] / "events"


def sample(name: str) -> Event:
    """Return the sample event ``name``, fresh."""
    event: Event = json.loads((_FOLDER / f"{name}.json").read_text("utf-8"))
    return event


def api_event(
    name: str,
    *,
    body: str | bytes | None = None,
    headers: dict[str, str] | None = None,
    query: dict[str, str] | None = None,
    payment_id: str | None = None,
) -> Event:
    """Return an API event; what is given replaces what the sample has, headers name by name (a blank one goes)."""
    event = sample(name)
    if body is not None:
        event["body"] = base64.b64encode(body).decode() if isinstance(body, bytes) else body
        event["isBase64Encoded"] = isinstance(body, bytes)
    if headers is not None:
        event["headers"] = {key: value for key, value in {**event["headers"], **headers}.items() if value}
        event["multiValueHeaders"] = {key: [value] for key, value in event["headers"].items()}
    if query is not None:
        event["queryStringParameters"] = query or None
        event["multiValueQueryStringParameters"] = {key: [value] for key, value in query.items()} or None
    if payment_id is not None:
        event["pathParameters"] = {"payment_id": payment_id}
    return event


def body_of(answer: Event) -> Any:  # noqa: ANN401 - whatever JSON can hold
    """Return the parsed body of an answer to API Gateway."""
    return json.loads(answer["body"])
