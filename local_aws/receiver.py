"""A customer's webhook endpoint on loopback: takes what the pipeline posts and keeps it for inspection.

Run as `python -m local_aws.receiver ADDRESS_FILE FOLDER [PORT]`.
"""

import json
import sys
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from time import time_ns

from local_aws.announcement import announce
from local_aws.credentials import scrubbed
from local_aws.daemon import Address, Daemon

LONGEST_BODY_BYTES = 1_000_000


@dataclass(frozen=True)
class Notification:
    """One request as it arrived. Header names are in lower case; the body is untouched, its signature covers it."""

    headers: dict[str, str]
    body: str


@dataclass(frozen=True)
class Receiver:
    """The endpoint as a background process, with what it took in."""

    root: Path
    folder: Path

    def start(self) -> Address:
        """Start unless it runs; on the port it had before, which deployed functions know, when that is still free."""
        running = self._daemon.address()
        return running or self._daemon.start(
            self._command(self._daemon.last_port()), environment=scrubbed(), folder=self.root
        )

    def stop(self) -> bool:
        """End it and forget what it took in; False when it was not running."""
        for file in self._inbox.glob("*.json"):
            file.unlink()
        return self._daemon.stop()

    def notifications(self) -> list[Notification]:
        """Return everything taken in, oldest first."""
        return [Notification(**json.loads(file.read_text())) for file in sorted(self._inbox.glob("*.json"))]

    @property
    def _daemon(self) -> Daemon:
        return Daemon("the webhook receiver", self.folder / "receiver.json", self.folder / "receiver.log")

    @property
    def _inbox(self) -> Path:
        return self.folder / "notifications"

    def _command(self, port: int) -> list[str]:
        arguments = [self._daemon.address_file, self._inbox, port]
        return [sys.executable, "-m", "local_aws.receiver", *map(str, arguments)]


class _Server(ThreadingHTTPServer):
    request_queue_size = 128  # a batch of payments settles at once; with the default of 5 connections are reset


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"  # keeps connections open from one notification to the next
    inbox: Path

    def do_POST(self) -> None:
        length = int(self.headers.get("Content-Length", "0"))
        if length > LONGEST_BODY_BYTES:
            self.send_error(413)
            return
        body = self.rfile.read(length).decode()
        keep(self.inbox, Notification({name.lower(): value for name, value in self.headers.items()}, body))
        self.send_response(204)
        self.end_headers()


def keep(inbox: Path, notification: Notification) -> None:
    """Write a notification to a file of its own, whole or not at all, named so that sorting gives their order."""
    draft = inbox / f"{time_ns():020}"
    draft.write_text(json.dumps({"headers": notification.headers, "body": notification.body}))
    draft.rename(draft.with_suffix(".json"))


def serve(address_file: Path, inbox: Path, port: int) -> None:
    """Take in notifications until the process is told to end; when `port` is taken (or 0), on a free one."""
    inbox.mkdir(parents=True, exist_ok=True)
    handler = type("Handler", (_Handler,), {"inbox": inbox})
    try:
        server = _Server(("127.0.0.1", port), handler)
    except OSError:
        server = _Server(("127.0.0.1", 0), handler)
    with announce(address_file, server.server_port):
        server.serve_forever()


if __name__ == "__main__":
    serve(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]))
