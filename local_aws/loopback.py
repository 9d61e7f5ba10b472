"""HTTP to processes on this machine: never by way of a proxy, never redirected."""

import http.client
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

ANSWER_SECONDS = 60


class UnreachableError(RuntimeError):
    """Nothing answers there."""


@dataclass(frozen=True)
class Reply:
    """One answer; header names are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:  # noqa: ANN401 - JSON can be anything
        """The parsed body.

        Raises:
            ValueError: it is no JSON.
        """
        return json.loads(self.body)


def send(method: str, url: str, *, headers: Mapping[str, str] | None = None, body: bytes | None = None) -> Reply:
    """Send one request to a loopback URL and return the answer, whatever its status.

    Raises:
        UnreachableError: no answer came within ANSWER_SECONDS.
    """
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.netloc, timeout=ANSWER_SECONDS)
    target = f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/"
    try:
        connection.request(method, target, body=body, headers=dict(headers or {}))
        answer = connection.getresponse()
        return Reply(answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read())
    except (OSError, http.client.HTTPException) as error:
        raise UnreachableError(f"{method} {url} was not answered: {error!r}") from error
    finally:
        connection.close()
