"""Terraform as a child process: found, checked, and run against one endpoint."""

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from local_aws.credentials import for_client, scrubbed
from local_aws.file_lock import alone_in
from local_aws.progress import Report
from local_aws.provider_source import PLUGIN_CACHE, find_source, requirements_of
from local_aws.terraform_binary import find_binary
from local_aws.terraform_log import PlannedChange, TerraformLog
from local_aws.time_limit import time_limit
from local_aws.working_copy import WorkingCopy

PARALLEL_OPERATIONS = 32
LONGEST_SECONDS = 20 * 60.0
"""What no command takes on a laptop; the provider may try something for ever that does not come true."""


class TerraformError(RuntimeError):
    """A Terraform command failed; the message holds what it said, and its state how far it came."""


class TerraformTooLongError(RuntimeError):
    """A Terraform command did not end by itself, and was ended: its state may not know all that was made."""


@dataclass(frozen=True)
class Terraform:
    """One working copy of a stack and the endpoint it is applied to."""

    copy: WorkingCopy
    endpoint_url: str
    region: str
    report: Report
    longest_seconds: float = LONGEST_SECONDS

    def prepare(self, stack_folder: Path) -> None:
        """Copy the synthesized stack, choose where its providers come from, and initialize.

        Raises:
            TerraformMissingError: no usable Terraform.
            ProviderUnavailableError: no source has the providers.
            TerraformError: `terraform init` failed.
        """
        binary = find_binary()
        self.copy.copy_from(stack_folder)
        with alone_in(PLUGIN_CACHE, self.report):
            source = find_source(requirements_of(self.copy.stack()), platform=binary.platform)
            for requirement, version in source.replacements.items():
                self.report(f"provider {requirement.address} {version} stands in for {requirement.version}")
            self.copy.configure(source)
            self._call("init", "-input=false", "-upgrade")

    def validate(self) -> None:
        """Check the stack against the provider's schema, without the endpoint."""
        answer = json.loads(self._call("validate", "-json", check=False))
        if not answer["valid"]:
            raise TerraformError("\n".join(f"{d['summary']}: {d.get('detail', '')}" for d in answer["diagnostics"]))

    def apply(self) -> None:
        """Create or change what the stack describes."""
        self._follow("apply", "-auto-approve")

    def destroy(self) -> None:
        """Remove all that the state holds."""
        self._follow("destroy", "-auto-approve")

    def plan(self) -> list[PlannedChange]:
        """Return what an apply would do now. After an apply nothing is the only good answer."""
        return self._follow("plan").planned

    def outputs(self) -> dict[str, Any]:
        """Return the stack's outputs by name."""
        return {name: entry["value"] for name, entry in json.loads(self._call("output", "-json")).items()}

    def _follow(self, command: str, *options: str) -> TerraformLog:
        log = TerraformLog(self.report)
        with (
            subprocess.Popen(  # noqa: S603 - fixed words
                [find_binary().path, command, "-json", "-input=false", f"-parallelism={PARALLEL_OPERATIONS}", *options],
                cwd=self.copy.folder,
                env=self._environment(),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                process_group=0,
            ) as process,
            time_limit(process, seconds=self.longest_seconds) as limit,
        ):
            for line in process.stdout or ():
                log.read(line)
        if limit.is_over:
            raise TerraformTooLongError(f"terraform {command} took over {self.longest_seconds:.0f} s: {log.at_work()}")
        if process.returncode:
            raise TerraformError(f"terraform {command} failed against {self.endpoint_url}:\n{log.problems()}")
        return log

    def _call(self, *words: str, check: bool = True) -> str:
        try:
            done = subprocess.run(  # noqa: S603 - fixed words
                [find_binary().path, *words],
                cwd=self.copy.folder,
                env=self._environment() | {"TF_CLI_ARGS_init": "-no-color"},
                capture_output=True,
                text=True,
                check=False,
                timeout=self.longest_seconds,
            )
        except subprocess.TimeoutExpired as error:
            raise TerraformTooLongError(f"terraform {words[0]} took over {self.longest_seconds:.0f} s") from error
        if check and done.returncode:
            raise TerraformError(f"terraform {words[0]} failed:\n{done.stderr.strip()}")
        return done.stdout

    def _environment(self) -> dict[str, str]:
        return (
            scrubbed()
            | for_client(self.endpoint_url, self.region)
            | {
                "CHECKPOINT_DISABLE": "1",
                "TF_IN_AUTOMATION": "1",
                "TF_CLI_CONFIG_FILE": str(self.copy.cli_config),
            }
        )
