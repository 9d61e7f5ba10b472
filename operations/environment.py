"""Which environment a command works on: one on AWS by its suffix, or the one on this machine."""

import json
import subprocess
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import wraps
from pathlib import Path
from typing import Any

import boto3
import click
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError, NoRegionError

from payments.domain.errors import PaymentError

ROOT = Path(__file__).resolve().parent.parent
PROJECT = "payments"

STATUS_SECONDS = 120

AWS_FAILURES = (BotoCoreError, ClientError)
"""What boto3 raises where AWS can't be reached or refuses."""

_NOT_FOUND = {"ResourceNotFoundException", "AWS.SimpleQueueService.NonExistentQueue"}
"""What AWS says of a table, a function or a queue that is not there."""


class OperationError(RuntimeError):
    """A command can't do what it was asked to; the message says why."""


@dataclass(frozen=True)
class Environment:
    """One deployed environment.

    Args:
        suffix: the last part of every name in it.
        session: with what credentials, and in which region.
        options: what every client is made with besides.
    """

    suffix: str
    session: boto3.Session
    options: Mapping[str, Any] = field(default_factory=dict)

    def client(self, service: str) -> Any:  # noqa: ANN401 - botocore builds client classes at run time
        """Return a client of ``service``."""
        return self.session.client(service, **self.options)  # type: ignore[call-overload] # the name is no literal

    def name(self, part: str) -> str:
        """Return the physical name of ``part``."""
        return f"{PROJECT}-{part}-{self.suffix}"


def on_aws(suffix: str, region: str | None) -> Environment:
    """Return the environment ``suffix`` of the account that the usual AWS variables and profiles lead to."""
    retries = Config(retries={"mode": "standard", "total_max_attempts": 5})
    return Environment(suffix, boto3.Session(region_name=region), {"config": retries})


def on_this_machine() -> Environment:
    """Return what ``scripts/local up`` deployed.

    Raises:
        OperationError: nothing is deployed, or that could not be found out.
    """
    try:
        asked = subprocess.run(  # noqa: S603 - the project's own command
            [str(ROOT / "scripts" / "local"), "status", "--json"],
            capture_output=True,
            text=True,
            check=False,
            timeout=STATUS_SECONDS,
        )
    except subprocess.TimeoutExpired as late:
        raise OperationError(f"scripts/local status did not answer within {STATUS_SECONDS} seconds") from late
    if asked.returncode:
        raise OperationError(asked.stderr.strip().rpartition("\n")[2].removeprefix("Error: "))
    return local_environment(json.loads(asked.stdout))


def local_environment(status: Mapping[str, Any]) -> Environment:
    """Return the environment that ``scripts/local status --json`` describes."""
    # The embedded AWS takes any secret, and makes the key's id the account's number.
    session = boto3.Session(
        aws_access_key_id="000000000000",
        aws_secret_access_key="local",  # noqa: S106 - no secret
        region_name=status["region"],
    )
    suffix = str(status["outputs"]["payments_table_name"]).removeprefix(f"{PROJECT}-payments-")
    return Environment(suffix, session, {"endpoint_url": status["endpoint_url"], "config": Config(proxies={})})


def of_environment(command: Callable[..., object]) -> Callable[..., object]:
    """Give ``command`` the options that say where it works; it gets the environment as its first argument."""

    @click.option("--local", is_flag=True, help="Work on what scripts/local up deployed on this machine.")
    @click.option("--suffix", envvar="SUFFIX", show_envvar=True, help="Suffix of an environment on AWS.")
    @click.option("--region", envvar="AWS_REGION", show_envvar=True, help="AWS region.")
    @wraps(command)
    def located(*, local: bool, suffix: str | None, region: str | None, **options: object) -> object:
        if not local and not suffix:
            raise click.UsageError("say where: --suffix (or SUFFIX) for an environment on AWS, or --local")
        with _failures():
            return command(on_this_machine() if local else on_aws(str(suffix), region), **options)

    return located


def explained(failure: Exception) -> str:
    """Return what to tell of ``failure``, and how to mend it where that is known."""
    if isinstance(failure, NoRegionError):
        return "say in which region: --region (or AWS_REGION)"
    if isinstance(failure, NoCredentialsError):
        return f"{failure}: log in to AWS, or say by AWS_PROFILE as whom"
    if isinstance(failure, ClientError) and failure.response["Error"]["Code"] in _NOT_FOUND:
        return f"{failure}: is it in another environment? Look at --suffix and --region"
    return str(failure)


class _Failure(click.ClickException):
    exit_code = 2


@contextmanager
def _failures() -> Iterator[None]:
    """End the command at a failure with status 2, its message and no traceback."""
    try:
        yield
    except (OperationError, PaymentError, *AWS_FAILURES) as failure:
        raise _Failure(explained(failure)) from failure
