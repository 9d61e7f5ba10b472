"""The Terraform of this machine."""

import json
import os
import shutil
import subprocess
from dataclasses import dataclass

from local_aws.credentials import scrubbed

OLDEST_VERSION = (1, 10)  # the state backend's native locking came with it
INSTALL_HINT = (
    "Install Terraform 1.10 or newer (https://developer.hashicorp.com/terraform/install) and see that "
    "`terraform version` answers in this shell."
)


class TerraformMissingError(RuntimeError):
    """There is no Terraform on the path, or one that is too old."""


@dataclass(frozen=True)
class Binary:
    """The Terraform of this machine; `platform` is its name for operating system and processor."""

    path: str
    version: str
    platform: str


def find_binary() -> Binary:
    """Return the Terraform on the path.

    Raises:
        TerraformMissingError: there is none, or it is too old; the message says what to install.
    """
    path = shutil.which("terraform")
    if path is None:
        raise TerraformMissingError(f"Terraform was not found on the path. {INSTALL_HINT}")
    done = subprocess.run(  # noqa: S603 - the program the person installed
        [path, "version", "-json"],
        env=scrubbed() | {"CHECKPOINT_DISABLE": "1", "TF_CLI_CONFIG_FILE": os.devnull},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise TerraformMissingError(f"{path} does not work: {done.stderr.strip()}. {INSTALL_HINT}")
    told = json.loads(done.stdout)
    version = str(told["terraform_version"])
    if tuple(int(part) for part in version.split("-", maxsplit=1)[0].split(".")) < OLDEST_VERSION:
        raise TerraformMissingError(f"{path} is Terraform {version}, which is too old. {INSTALL_HINT}")
    return Binary(path, version, told["platform"])
