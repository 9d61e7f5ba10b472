"""HTTP to others: https only, time-outs always, no redirects, no repeats, answers of bounded length."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlsplit

import urllib3
from urllib3.exceptions import HTTPError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import timedelta

_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
_LONGEST_ANSWER_BYTES = 65_536
_LONGEST_CONNECT_SECONDS = 3.0


class NoAnswer(Exception):
    """No whole answer came: unreachable, cut off, too slow or too long. The other side may still have acted."""


class Answer(NamedTuple):
    """What the other side said."""

    status: int
    body: bytes


class HttpsClient:
    """Sends requests to one place.

    Repeats are left to the queue, which knows how often and how far apart; a redirect would take a signed body or a
    bearer token to somebody else.

    Raises:
        ValueError: ``url`` is neither https nor on loopback.
    """

    def __init__(
        self,
        url: str,
        *,
        timeout: timedelta,
        connections: int = 10,
        longest_answer_bytes: int = _LONGEST_ANSWER_BYTES,
    ) -> None:
        address = urlsplit(url)
        if address.scheme != "https" and not (address.scheme == "http" and address.hostname in _LOOPBACK):
            raise ValueError(f"{address.scheme}://{address.hostname} must be https (plain http is for loopback only)")
        seconds = timeout.total_seconds()
        self._url = url
        self._longest_answer_bytes = longest_answer_bytes
        self._pool = urllib3.PoolManager(
            maxsize=connections,
            timeout=urllib3.Timeout(connect=min(_LONGEST_CONNECT_SECONDS, seconds), read=seconds),
            retries=False,
            cert_reqs="CERT_REQUIRED",
        )

    def request(self, method: str, path: str, *, headers: Mapping[str, str], body: bytes | None = None) -> Answer:
        """Return the answer to one request; without ``path`` it goes to the address exactly as it was given.

        Raises:
            NoAnswer: there is none to go by.
        """
        url = f"{self._url.rstrip('/')}{path}" if path else self._url
        try:
            response = self._pool.request(
                method, url, headers=dict(headers), body=body, redirect=False, preload_content=False
            )
            try:
                content = response.read(self._longest_answer_bytes + 1, decode_content=True)
            finally:
                # A connection read to the end is back in the pool already; one that was not must not be used again.
                response.close()
        except (HTTPError, OSError) as error:
            # The error's own text can hold the address with its path and query; its kind says enough.
            raise NoAnswer(f"{method} got no answer: {type(error).__name__}") from error
        if len(content) > self._longest_answer_bytes:
            raise NoAnswer(f"{method} got an answer of more than {self._longest_answer_bytes} bytes")
        return Answer(response.status, content)
