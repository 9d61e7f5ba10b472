"""An HTTP server on loopback that says what a test wants said, and remembers what it was asked."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@dataclass(frozen=True)
class Asked:
    """One request as it arrived; header names are lower case."""

    method: str
    path: str
    headers: dict[str, str]
    body: str
    connection: tuple[str, int]


@dataclass(frozen=True)
class Reply:
    """One answer."""

    status: int
    body: str = ""
    headers: dict[str, str] = field(default_factory=dict)


HANG_UP = None
"""No answer: the connection is closed."""


@dataclass
class Loopback:
    """A running server. ``reply`` may be changed at any time."""

    url: str
    reply: Callable[[Asked], Reply | None]
    asked: list[Asked] = field(default_factory=list)


class _Server(ThreadingHTTPServer):
    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ANN401 - as socketserver has it
        """Keep quiet of callers that hang up before they are answered, as some tests want it."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


@contextmanager
def loopback(reply: Callable[[Asked], Reply | None]) -> Iterator[Loopback]:
    """Run a server that answers with ``reply`` until the end of the block."""
    running = Loopback(url="", reply=reply)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
            headers = {name.lower(): value for name, value in self.headers.items()}
            asked = Asked(self.command, self.path, headers, body, self.client_address)
            running.asked.append(asked)
            said = running.reply(asked)
            if said is HANG_UP:
                self.close_connection = True
                return
            self.send_response(said.status)
            for name, value in said.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(said.body.encode())))
            self.end_headers()
            self.wfile.write(said.body.encode())

        do_GET = do_POST = _answer  # noqa: N815 - the names http.server calls

        def log_message(self, *_: object) -> None:
            """Keep the test's output clean."""

    server = _Server(("127.0.0.1", 0), Handler)
    running.url = f"http://127.0.0.1:{server.server_port}"
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield running
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
