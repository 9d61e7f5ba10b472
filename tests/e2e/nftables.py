"""The nft command for tests: this machine's, or Debian's unpacked beside the project, where nothing gets installed."""

from __future__ import annotations

import os
import shutil
import subprocess
from typing import TYPE_CHECKING

from local_aws.file_lock import alone_in

if TYPE_CHECKING:
    from pathlib import Path

_PACKAGES = ("nftables", "libnftables1", "libnftnl11", "libmnl0", "libxtables12", "libjansson4", "libedit2")
_TOOLS = ("apt-get", "dpkg-deb")


class NoNftablesError(RuntimeError):
    """There is no nft command on this machine, and none could be fetched; the message says why."""


def nft_command(cache: Path) -> Path:
    """Return a command that runs nft; the first call may fetch half a megabyte into ``cache``.

    Raises:
        NoNftablesError: see there.
    """
    if installed := shutil.which("nft", path=f"{os.environ['PATH']}:/usr/sbin:/sbin"):
        return type(cache)(installed)
    if missing := [tool for tool in _TOOLS if not shutil.which(tool)]:
        raise NoNftablesError(f"nft is not installed, and without {' and '.join(missing)} it can't be fetched")
    with alone_in(cache):
        command = cache / "nft"
        if not command.exists():
            _fetch(cache)
            command.write_text(
                f'#!/bin/sh\nLD_LIBRARY_PATH="$(echo {cache}/usr/lib/*-linux-gnu)" exec {cache}/usr/sbin/nft "$@"\n'
            )
            command.chmod(0o755)
        return command


def _fetch(cache: Path) -> None:
    lists = cache / "lists"
    (lists / "partial").mkdir(parents=True, exist_ok=True)
    # Lists of its own: this machine's may be old or absent, and renewing them would change it.
    options = [
        f"--option=Dir::State::lists={lists}",
        "--option=Dir::Cache=" + str(cache),
        "--option=Debug::NoLocking=1",
    ]
    apt = ["apt-get", "--quiet=2", *options, "--option=APT::Sandbox::User="]
    _run([*apt, "update"], cache)
    _run([*apt, "download", *_PACKAGES], cache)
    for package in cache.glob("*.deb"):
        _run(["dpkg-deb", "--extract", str(package), str(cache)], cache)
    shutil.rmtree(lists)


def _run(command: list[str], folder: Path) -> None:
    done = subprocess.run(command, cwd=folder, check=False, capture_output=True, text=True)  # noqa: S603 - ours
    if done.returncode:
        raise NoNftablesError(f"nft is not installed, and can't be fetched: {done.stderr.strip()}")
