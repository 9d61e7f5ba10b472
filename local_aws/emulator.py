"""MiniStack as a background process of this checkout."""

import shutil
from dataclasses import dataclass
from pathlib import Path

from local_aws.credentials import bare
from local_aws.daemon import Address, Daemon, DaemonError
from local_aws.loopback import UnreachableError, send
from local_aws.packages import EmulatorPackages


@dataclass(frozen=True)
class Emulator:
    """One emulated AWS, with everything it writes under `folder`.

    Its state lives in memory: stopping it, however that happens, empties the account. `root` is the checkout whose
    overlay it runs.
    """

    root: Path
    folder: Path
    packages: EmulatorPackages
    region: str
    overlay: str | None = None  # names of patches to apply, comma-separated; None applies all

    @property
    def log_file(self) -> Path:
        """What the emulator, and the functions it runs, print."""
        return self._daemon.log_file

    def endpoint_url(self) -> str | None:
        """Return the URL of the running emulator, or None."""
        address = self._daemon.address()
        return address.url if address else None

    def start(self, port: int = 0) -> str:
        """Start with an empty account and return the endpoint URL; `port` 0 takes a free one.

        Raises:
            DaemonError: it did not start or does not answer; the message carries the end of its log.
        """
        shutil.rmtree(self._data, ignore_errors=True)
        for name in ("state", "s3", "tmp"):
            (self._data / name).mkdir(parents=True)
        address = self._daemon.start(
            [str(self.packages.python), "-m", "local_aws.overlay", str(self._daemon.address_file), str(port)],
            environment=self._environment(),
            folder=self.root,
        )
        self._require_health(address)
        return address.url

    def stop(self) -> bool:
        """Stop it and all functions it runs; False when it was not running."""
        stopped = self._daemon.stop()
        shutil.rmtree(self._data, ignore_errors=True)
        return stopped

    @property
    def _daemon(self) -> Daemon:
        return Daemon("the embedded AWS", self.folder / "emulator.json", self.folder / "emulator.log")

    @property
    def _data(self) -> Path:
        return self.folder / "emulator"

    def _environment(self) -> dict[str, str]:
        settings = {
            "STATE_DIR": str(self._data / "state"),
            "S3_DATA_DIR": str(self._data / "s3"),
            "TMPDIR": str(self._data / "tmp"),
            "MINISTACK_REGION": self.region,
            "LOG_LEVEL": "WARNING",
            "AUTH": "true",  # every call of a function is checked against its role
            "DOCKER_HOST": f"unix://{self._data / 'no-docker'}",  # never touch the containers of this machine
            "IOT_MTLS_ENABLED": "0",
            "SFTP_ENABLED": "0",
        }
        if self.overlay is not None:
            settings["LOCAL_AWS_OVERLAY"] = self.overlay
        return bare() | settings

    def _require_health(self, address: Address) -> None:
        try:
            send("GET", f"{address.url}/_ministack/health")
        except UnreachableError as error:
            tail = self._daemon.log_tail()
            self.stop()
            raise DaemonError(f"{error}. Its log, {self.log_file}, ends with:\n{tail}") from error
