"""A VPC of network namespaces: a private host, a router, a NAT instance that is yet a stock image, and the outside."""

from __future__ import annotations

import os
import shutil
import time
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from payments_infra.constructs.nat_user_data import nat_user_data
from tests.e2e.network_namespaces import Machine

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PRIVATE_RANGE = "10.0.0.0/20"
PRIVATE = "10.0.0.10"
OTHER_SUBNET = "10.0.16.10"
"""The private host's as well, but of a range that the instance does not serve."""
NAT = "10.0.128.9"
OUTSIDE = "203.0.113.7"
METADATA = "169.254.169.254"

STAND_INS = Path(__file__).with_name("amazon_linux")
WRITTEN_FOLDERS = ("/etc/sysctl.d", "/etc/systemd/system", "/usr/local/sbin", "/var/lib")
_COMMANDS = ("bash", "cat", "chmod", "cp", "grep", "ip", "ln", "mkdir", "rm", "sed", "sleep", "sysctl", "timeout")
_NEEDLESS_COMMANDS = ("mkswap", "swapon", "swapoff")
_BY_INSTANCE = "100"
"""The routing table that leads to the instance."""


class Instance:
    """What is to be a NAT instance: a disk, which outlives a reboot, and a machine, which does not."""

    def __init__(self, router: Machine, folder: Path) -> None:
        self._router = router
        self._folder = folder
        self._commands = folder / "commands"
        shutil.copytree(STAND_INS, self._commands)
        for name in _COMMANDS:
            (self._commands / name).symlink_to(_found(name))
        for name in _NEEDLESS_COMMANDS:
            (self._commands / name).symlink_to(_found("true"))
        for written in WRITTEN_FOLDERS:
            self.disk(written).mkdir(parents=True)
        self.machine = self._booted()

    def disk(self, path: str) -> Path:
        """Return where a file of the instance is on this machine."""
        return self._folder / path.lstrip("/")

    def has_package(self, nft: Path) -> None:
        """Let the instance reach a repository that holds nftables."""
        repository = self.disk("/var/lib/repository")
        repository.mkdir()
        shutil.copy(nft, repository / "nft")

    def is_up_for(self, seconds: int) -> None:
        """Say how long ago the instance booted."""
        self.disk("uptime").write_text(f"{seconds}.00 0.00\n")

    def run(self, *command: str) -> str:
        """Run one of the image's commands and return what it prints."""
        return self.machine.run("env", "-i", f"PATH={self._commands}", *command)

    def run_user_data(self) -> None:
        """Do what the instance does at its first boot."""
        script = self.disk("user_data")
        script.write_text(nat_user_data([PRIVATE_RANGE]))
        self.run("bash", str(script))

    def reboot(self) -> None:
        """Lose all that is not on the disk; then start what starts at boot."""
        self._router.run("ip", "link", "delete", "to_nat")
        self.machine.off()
        self.machine = self._booted()
        self.run("systemctl", "boot")

    def breaks(self, command: str) -> None:
        """Let one of the image's commands fail from now on."""
        (self._commands / command).unlink()
        (self._commands / command).symlink_to(_found("false"))

    def failures(self) -> int:
        """Return how many starts of its units failed."""
        journal = self.disk("/var/lib/journal")
        return journal.read_text().count("failed to start") if journal.exists() else 0

    def off(self) -> None:
        """Pull the plug."""
        self.machine.off()

    def _booted(self) -> Machine:
        machine = Machine(beside=self._router)
        self.is_up_for(seconds=30)
        for path in WRITTEN_FOLDERS:
            machine.run("mount", "--bind", str(self.disk(path)), path)
        machine.run("mount", "--bind", str(self.disk("uptime")), "/proc/uptime")
        machine.join("ens5", f"{NAT}/20", self._router, "to_nat", "10.0.128.1/20")
        machine.run("ip", "route", "add", "default", "via", "10.0.128.1")
        self._router.run("ip", "route", "add", "default", "via", NAT, "table", _BY_INSTANCE)
        return machine


@dataclass(frozen=True)
class Site:
    """The machines, joined."""

    private: Machine
    router: Machine
    outside: Machine
    instance: Instance

    def comes_up(self) -> bool:
        """Wait until the private host reaches the outside."""
        return eventually(lambda: self.private.call(OUTSIDE, 443, patience_seconds=1) is not None)

    def instance_answers_status_check(self) -> bool:
        """Ask the instance's interface what EC2 asks it: who has this address."""
        self.router.run("ip", "neigh", "flush", "dev", "to_nat")
        self.router.call(NAT, 7, patience_seconds=1)
        return "lladdr" in self.router.run("ip", "neigh", "show", NAT)


@contextmanager
def site(folder: Path) -> Iterator[Site]:
    """Build it all; in the end nothing of it is left."""
    with ExitStack() as ends:

        def machine(*, beside: Machine | None = None) -> Machine:
            made = Machine(beside=beside)
            ends.callback(made.off)
            return made

        router = machine()
        private = machine(beside=router)
        outside = machine(beside=router)
        private.join("eth0", f"{PRIVATE}/20", router, "to_private", "10.0.0.1/20")
        private.run("ip", "address", "add", f"{OTHER_SUBNET}/32", "dev", "lo")
        private.run("ip", "route", "add", "default", "via", "10.0.0.1")
        outside.join("eth0", f"{OUTSIDE}/24", router, "to_outside", "203.0.113.1/24")
        outside.run("ip", "address", "add", f"{METADATA}/32", "dev", "lo")
        outside.run("ip", "route", "add", "default", "via", "203.0.113.1")
        _add_routes(router)
        instance = Instance(router, folder)
        ends.callback(instance.off)
        for serving, port in ((outside, 443), (outside, 80), (private, 443), (instance.machine, 443)):
            ends.enter_context(serving.serving(port))
        yield Site(private=private, router=router, outside=outside, instance=instance)


def _add_routes(router: Machine) -> None:
    for setting in ("ip_forward=1", "conf.all.rp_filter=0", "conf.default.rp_filter=0"):
        router.run("sysctl", "-w", f"net.ipv4.{setting}")
    # It is every hop at once: what it tells the instance of one comes to the private host by another.
    router.run("sysctl", "-w", "net.ipv4.conf.all.accept_local=1")
    router.run("ip", "route", "add", OTHER_SUBNET, "dev", "to_private", "via", PRIVATE)
    router.run("ip", "route", "add", METADATA, "via", OUTSIDE)
    # The private subnet's route table; and, worse than AWS has it, one that brings outsiders to the private host.
    router.run("ip", "rule", "add", "iif", "to_private", "lookup", _BY_INSTANCE)
    router.run("ip", "rule", "add", "iif", "to_outside", "to", PRIVATE_RANGE, "lookup", _BY_INSTANCE)


def _found(command: str) -> str:
    found = shutil.which(command, path=f"{os.environ['PATH']}:/usr/sbin:/sbin")
    assert found, f"{command} is not installed"
    return found


def eventually(holds: Callable[[], bool], patience_seconds: float = 60) -> bool:
    """Return whether it holds, now or soon."""
    deadline = time.monotonic() + patience_seconds
    while not (held := holds()) and time.monotonic() < deadline:
        time.sleep(0.1)
    return held
