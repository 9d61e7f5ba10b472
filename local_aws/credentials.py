"""Variables of child processes: nothing of the user's own AWS account may reach the local one."""

import os
from collections.abc import Mapping

ACCOUNT_ID = "000000000000"

_PROFILES = {
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    "AWS_EC2_METADATA_DISABLED": "true",
}


def scrubbed(environment: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return the environment without any AWS, Terraform or Python setting, with profile files that are never read."""
    source = os.environ if environment is None else environment
    kept = {
        name: value
        for name, value in source.items()
        if not name.startswith(("AWS_", "TF_", "PYTHON", "MINISTACK_", "LAMBDA_", "LOCALSTACK_"))
    }
    return kept | _PROFILES


def bare() -> dict[str, str]:
    """Return what the emulator, and with it every function it runs, gets to see of the caller's environment."""
    kept = ("PATH", "HOME", "LANG", "LC_ALL", "TZ", "LD_LIBRARY_PATH")
    return {name: value for name, value in scrubbed().items() if name in (*kept, *_PROFILES)}


def for_client(endpoint_url: str, region: str) -> dict[str, str]:
    """Return the variables by which an SDK, or Terraform's provider, reaches the emulator and only it."""
    return {
        "AWS_ACCESS_KEY_ID": ACCOUNT_ID,  # MiniStack takes the account number from the key's id
        "AWS_SECRET_ACCESS_KEY": "local",
        "AWS_REGION": region,
        "AWS_DEFAULT_REGION": region,
        "AWS_ENDPOINT_URL": endpoint_url,
    }
