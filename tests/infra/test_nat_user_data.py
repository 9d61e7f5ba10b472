"""The script that makes a NAT instance of a stock image, run among stand-ins for what would change this machine."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from payments_infra.constructs.nat_user_data import nat_user_data

if TYPE_CHECKING:
    from pathlib import Path

TEXT = nat_user_data(["10.0.0.0/20", "10.0.16.0/20"])
BASH = str(shutil.which("bash"))
DEFAULT_ROUTE = "default via 10.0.128.1 dev enX7 proto dhcp src 10.0.128.9 metric 512"
CHANGES_THE_MACHINE = ("sysctl", "dd", "chmod", "mkswap", "swapon", "swapoff", "rm")


class Boot:
    """One boot of an instance: the commands it has, and a log of those it called and of the rules it loaded."""

    def __init__(self, folder: Path) -> None:
        self._script = folder / "nat"
        self._commands = folder / "commands"
        self._log = folder / "log"
        (text,) = re.findall(r"<<'SCRIPT'\n(.*?\n)SCRIPT\n", TEXT, re.DOTALL)
        self._script.write_text(text)
        self._commands.mkdir()
        for harmless in ("sed", "grep", "cat", "cp"):
            (self._commands / harmless).symlink_to(str(shutil.which(harmless)))
        for name in CHANGES_THE_MACHINE:
            self.has(name)
        self.has("timeout", 'shift; "$@"')
        self.has("dnf")

    def has(self, name: str, then: str = "") -> Path:
        """Add a command that logs its call and then does ``then``."""
        command = self._commands / name
        command.write_text(f'#!{BASH}\necho "{name} $*" >>{self._log}\n{then}\n')
        command.chmod(0o755)
        return command

    def has_route(self, route: str) -> None:
        self.has("ip", f"echo '{route}'")

    def has_nftables(self) -> Path:
        return self.has("nft", f"cat >>{self._log}")

    def can_install_nftables(self) -> None:
        package = self.has_nftables().rename(self._script.with_name("package"))
        self.has("dnf", f"cp {package} {self._commands}/nft")

    def run(self) -> int:
        """Run the script and return its exit status."""
        environment = {**os.environ, "PATH": str(self._commands)}
        return subprocess.run([BASH, str(self._script)], env=environment, check=False).returncode  # noqa: S603 - ours

    @property
    def log(self) -> str:
        return self._log.read_text()


@pytest.fixture
def boot(tmp_path: Path) -> Boot:
    return Boot(tmp_path)


def test_masquerading_follows_the_default_route(boot: Boot) -> None:
    """Defect: Network that dies."""
    boot.has_route(DEFAULT_ROUTE)
    boot.has_nftables()
    assert boot.run() == 0
    assert 'oifname "enX7" masquerade' in boot.log
    assert "sysctl -q -w net.ipv4.conf.enX7.send_redirects=0" in boot.log
    assert "dnf" not in boot.log


def test_nftables_is_installed_with_swap_where_the_image_has_none(boot: Boot) -> None:
    boot.has_route(DEFAULT_ROUTE)
    boot.can_install_nftables()
    assert boot.run() == 0
    commands = [line.split()[0] for line in boot.log.splitlines()]
    install = ["dd", "chmod", "mkswap", "swapon", "timeout", "dnf", "swapoff", "rm"]
    assert commands[: commands.index("nft")] == ["ip", *install]
    assert 'oifname "enX7" masquerade' in boot.log


@pytest.mark.parametrize(("route", "install"), [("", "true"), (DEFAULT_ROUTE, "false")])
def test_a_boot_without_a_route_or_without_the_package_fails_so_that_systemd_tries_again(
    boot: Boot, route: str, install: str
) -> None:
    """Defect: Network that dies."""
    boot.has_route(route)
    boot.has("dnf", install)
    assert boot.run() != 0
    assert "masquerade" not in boot.log
    assert "Restart=on-failure" in TEXT
    assert "StartLimitIntervalSec=0" in TEXT


def test_user_data_names_no_interface_and_survives_a_reboot() -> None:
    """Defect: Network that dies."""
    assert not re.search(r"\b(eth|ens|enp)\d", TEXT)
    assert "/etc/sysctl.d/" in TEXT
    assert "systemctl enable nat.service" in TEXT


def test_user_data_is_sound_shell() -> None:
    subprocess.run([BASH, "-n"], input=TEXT, text=True, check=True)  # noqa: S603 - ours
