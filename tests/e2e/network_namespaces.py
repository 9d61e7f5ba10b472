"""Machines that share this one's kernel and nothing else, joined by cables: Linux network namespaces.

All of them live in one user namespace, whose root is nobody outside: what runs in them can't change the machine that
the tests run on. They end with the process that made them.
"""

from __future__ import annotations

import subprocess
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

LONGEST_SECONDS = 120
"""A command that takes longer hangs."""

_SERVE = """
import socket, sys, threading
def answer(connection, caller):
    with connection:
        received = 0
        while data := connection.recv(65536):
            received += len(data)
        connection.sendall(f"{caller[0]} {received}".encode())
def listen(listener):
    while True:
        threading.Thread(target=answer, args=listener.accept(), daemon=True).start()
threading.Thread(target=listen, args=[socket.create_server(("", int(sys.argv[1])))], daemon=True).start()
print("up", flush=True)
sys.stdin.read()
"""

_CALL = """
import socket, sys
address, port, source, octets, patience_seconds = sys.argv[1:]
try:
    with socket.create_connection((address, int(port)), float(patience_seconds), (source, 0)) as connection:
        connection.sendall(bytes(int(octets)))
        connection.shutdown(socket.SHUT_WR)
        print(connection.recv(100).decode())
except OSError:
    pass
"""


class NamespacesRefusedError(RuntimeError):
    """This machine does not let its user make namespaces; the message is the refusal's."""


class Machine:
    """A network stack, processes and a view of the file system: what a kernel holds, and a reboot forgets.

    Args:
        beside: a machine whose user namespace it shares; None makes a user namespace.

    Raises:
        NamespacesRefusedError: see there.
    """

    def __init__(self, *, beside: Machine | None = None) -> None:
        user = ["unshare", "--user", "--map-root-user"] if beside is None else [*beside.entering("user"), "unshare"]
        own = ["--net", "--mount", "--pid", "--fork", "--kill-child"]
        # An input that ends with the process that holds its other end ends the machine too.
        self._process = _started([*user, *own, "sh", "-c", "echo up; exec cat"])
        self.run("ip", "link", "set", "lo", "up")

    @property
    def process_id(self) -> int:
        """Names the machine's namespaces."""
        return self._process.pid

    def entering(self, *kinds: str) -> list[str]:
        """Return what stands before a command that is to run in the machine's namespaces of these kinds."""
        return ["nsenter", f"--target={self.process_id}", "--preserve-credentials", *(f"--{kind}" for kind in kinds)]

    def run(self, *command: str) -> str:
        """Run a command on the machine and return what it prints.

        Raises:
            subprocess.CalledProcessError: it failed.
        """
        done = subprocess.run(  # noqa: S603 - ours
            [*self._entering_all(), *command], check=True, stdout=subprocess.PIPE, text=True, timeout=LONGEST_SECONDS
        )
        return done.stdout

    @contextmanager
    def serving(self, port: int) -> Iterator[None]:
        """Answer each TCP connection, once it brought all it has, with whose it is and how many bytes it brought."""
        server = _started([*self._entering_all(), sys.executable, "-IS", "-c", _SERVE, str(port)])
        try:
            yield
        finally:
            server.communicate(timeout=LONGEST_SECONDS)

    def call(
        self, address: str, port: int, *, source: str = "", octets: int = 1, patience_seconds: float = 10
    ) -> tuple[str, int] | None:
        """Bring bytes to a serving machine; return whose and how many it saw, or None where nothing came of it."""
        arguments = (address, str(port), source, str(octets), str(patience_seconds))
        answer = self.run(sys.executable, "-IS", "-c", _CALL, *arguments).split()
        return (answer[0], int(answer[1])) if answer else None

    def join(self, name: str, address: str, other: Machine, other_name: str, other_address: str) -> None:
        """Lay a cable to another machine; addresses come with their prefix length."""
        ends = [["name", name, "netns", str(self.process_id)], ["name", other_name, "netns", str(other.process_id)]]
        command = ["ip", "link", "add", *ends[0], "type", "veth", "peer", *ends[1]]
        subprocess.run([*self.entering("user", "net"), *command], check=True)  # noqa: S603 - ours
        for machine, interface, own in ((self, name, address), (other, other_name, other_address)):
            machine.run("ip", "address", "add", own, "dev", interface)
            machine.run("ip", "link", "set", interface, "up")

    def off(self) -> None:
        """Pull the plug: its processes, interfaces, rules and kernel settings are gone."""
        self._process.kill()
        self._process.communicate(timeout=LONGEST_SECONDS)

    def _entering_all(self) -> list[str]:
        processes = f"--pid=/proc/{self.process_id}/ns/pid_for_children"
        return [*self.entering("user", "net", "mount"), processes, "--"]


def _started(command: list[str]) -> subprocess.Popen[str]:
    process = subprocess.Popen(  # noqa: S603 - ours
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout
    if process.stdout.readline() != "up\n":
        _, said = process.communicate()
        raise NamespacesRefusedError(said.strip())
    return process
