"""Requests as API Gateway hands them over, each with something hostile in it."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

_EVENTS = Path(__file__).parents[1] / "events"
_SAMPLES = {path.stem: json.loads(path.read_text("utf-8")) for path in _EVENTS.glob("api_*.json")}
API_KEY = _SAMPLES["api_post_payments"]["requestContext"]["identity"]["apiKey"]


@dataclass
class Hostile:
    """One request. ``members`` are the body's, as JSON texts; ``body`` takes their place where it is set.

    ``refused_at`` is the pointer that the refusal has to name, None where the request may be taken as well. ``private``
    must not get into the log, nor into a refusal; no digits of ``cards`` may be left anywhere.
    """

    worker: str
    sample: str
    mark: str
    kind: str = ""
    members: list[tuple[str, str]] = field(default_factory=list)
    body: str | None = None
    is_base64: bool = False
    headers: dict[str, list[str]] = field(default_factory=lambda: {"Content-Type": ["application/json"]})
    path: dict[str, str] = field(default_factory=dict)
    query: dict[str, list[str]] = field(default_factory=dict)
    refused_at: str | None = None
    cards: list[str] = field(default_factory=list)
    private: list[str] = field(default_factory=list)

    def set(self, name: str, text: str) -> None:
        """Give the body's member ``name`` the JSON text ``text``."""
        self.members = [member for member in self.members if member[0] != name] + [(name, text)]

    def text(self) -> str | None:
        """Return the body."""
        if self.body is not None or not self.members:
            return self.body
        return "{" + ", ".join(f"{json.dumps(name)}: {text}" for name, text in self.members) + "}"

    def event(self) -> dict[str, Any]:
        """Return the event."""
        sample: dict[str, Any] = _SAMPLES[self.sample]
        headers = {"x-api-key": [API_KEY], **self.headers}
        return sample | {
            "headers": {name: values[-1] for name, values in headers.items()},
            "multiValueHeaders": headers,
            "queryStringParameters": {name: values[-1] for name, values in self.query.items()} or None,
            "multiValueQueryStringParameters": self.query or None,
            "pathParameters": self.path or None,
            "body": self.text(),
            "isBase64Encoded": self.is_base64,
        }
