"""The pipeline on the local AWS: brought up, asked for, compared, and taken down."""

import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from local_aws import account
from local_aws.back_office import BackOffice
from local_aws.deployment import Deployment, Record, describe
from local_aws.emulator import Emulator
from local_aws.file_lock import alone_in
from local_aws.packages import EmulatorPackages
from local_aws.progress import Report, silent
from local_aws.receiver import Notification, Receiver
from local_aws.synthesis import synthesize
from local_aws.terraform import Terraform, TerraformError
from local_aws.terraform_binary import find_binary
from local_aws.terraform_log import PlannedChange
from local_aws.working_copy import WorkingCopy, digest_of


class NotUpError(RuntimeError):
    """There is no deployment to work with."""


@dataclass(frozen=True)
class LocalEnvironment:
    """One deployment of the stack on an emulator of its own.

    Args:
        root: the checkout to deploy.
        folder: where everything it writes goes; environments in different folders never meet.
        suffix: the environment's suffix, part of every name.
        region: the AWS region to play.
        port: the emulator's port; 0 takes a free one.
        settings: further variables for `main.py`, as an operator would set them.
        overlay: names of the emulator's patches to apply, comma-separated; None applies all.
        report: takes progress.
    """

    root: Path
    folder: Path
    suffix: str = "local"
    region: str = "us-east-1"
    port: int = 0
    settings: Mapping[str, str] = field(default_factory=dict)
    overlay: str | None = None
    report: Report = silent

    def up(self) -> Deployment:
        """Start what is not running, deploy what has changed, and return the deployment.

        Raises:
            RuntimeError: a step failed; each kind has its class, and its message says how to mend it.
        """
        find_binary()  # before minutes of other work, as nothing comes of it without Terraform
        with alone_in(self.folder, self.report):
            receiver_url = f"{self.receiver.start().url}/"
            self.report("synthesizing the stack")
            stack_folder = synthesize(self.root, self.folder / "synthesized", self._variables(receiver_url))
            digest = digest_of(stack_folder)
            applied = self._record.read(self.emulator.endpoint_url())
            if applied and applied[0] == digest:
                return applied[1]
            self._record.forget()
            deployment = self._deploy(self._endpoint(), stack_folder)
            self._record.write(digest, deployment)
            return deployment

    def status(self) -> Deployment | None:
        """Return the deployment when it is up, completely."""
        applied = self._record.read(self.emulator.endpoint_url())
        return applied[1] if applied else None

    def require_up(self) -> Deployment:
        """Return the deployment.

        Raises:
            NotUpError: nothing is deployed, or not completely.
        """
        deployment = self.status()
        if deployment is None:
            ended = self._record.file.is_file() and self.emulator.endpoint_url() is None
            what = "The embedded AWS has ended, and with it all that was" if ended else "Nothing is"
            raise NotUpError(f"{what} deployed in {self.folder}. Deploy with: scripts/local up")
        return deployment

    def plan(self) -> list[PlannedChange]:
        """Return what another `terraform apply` of the same stack would change: nothing, or something drifts.

        Raises:
            NotUpError: nothing is deployed.
        """
        return self._terraform(self.require_up().endpoint_url).plan()

    def validate(self) -> None:
        """Check what is deployed against the provider's schema.

        Raises:
            NotUpError: nothing is deployed.
            TerraformError: the stack is not valid.
        """
        self._terraform(self.require_up().endpoint_url).validate()

    def plan_is_empty(self) -> bool:
        """Return whether a second plan shows no change."""
        return not self.plan()

    def notifications(self) -> list[Notification]:
        """Return every webhook the pipeline has posted, oldest first."""
        return self.receiver.notifications()

    def webhook_secret(self) -> str:
        """Return the secret by which the webhooks are signed."""
        deployment = self.require_up()
        return account.webhook_secret(deployment.endpoint_url, self.region, deployment.outputs["webhook_secret_name"])

    def destroy(self) -> None:
        """Remove the stack by `terraform destroy`; the emulator stays up, empty."""
        with alone_in(self.folder, self.report):
            deployment = self.require_up()
            self._record.forget()
            self._terraform(deployment.endpoint_url).destroy()
            BackOffice(deployment).close_mailbox()

    def down(self) -> bool:
        """Stop everything and forget it; False when nothing was running."""
        if not self.folder.exists():
            return False
        with alone_in(self.folder, self.report):
            self._record.forget()
            self._unfinished.unlink(missing_ok=True)
            stopped = [self.receiver.stop(), self.emulator.stop()]
            for part in ("terraform", "synthesized"):
                shutil.rmtree(self.folder / part, ignore_errors=True)
            return any(stopped)

    @property
    def emulator(self) -> Emulator:
        """The emulated AWS."""
        packages = EmulatorPackages(self.root / ".local" / "packages")
        return Emulator(self.root, self.folder, packages, self.region, self.overlay)

    @property
    def receiver(self) -> Receiver:
        """The customer's webhook endpoint."""
        return Receiver(self.root, self.folder)

    @property
    def _record(self) -> Record:
        return Record(self.folder / "deployment.json")

    @property
    def _unfinished(self) -> Path:
        """There while an apply is under way, and after one that was cut off."""
        return self.folder / "unfinished"

    def _endpoint(self) -> str:
        running = self.emulator.endpoint_url()
        if running and not self._unfinished.exists():
            return running
        if running:
            # What was being made at that moment is in the account and not in the state: it would stand in the way.
            self.report("the last deployment was cut off: starting over with an empty account")
            self.emulator.stop()
        self._unfinished.unlink(missing_ok=True)
        self.emulator.packages.ensure(self.report)
        # A new emulator is empty, so the state of the last one describes nothing.
        shutil.rmtree(self.folder / "terraform", ignore_errors=True)
        self.report("starting the embedded AWS")
        return self.emulator.start(self.port)

    def _variables(self, receiver_url: str) -> dict[str, str]:
        fixed = {"ENVIRONMENT_SUFFIX": self.suffix, "AWS_REGION": self.region, "WEBHOOK_URL": receiver_url}
        return dict(self.settings) | fixed

    def _deploy(self, endpoint_url: str, stack_folder: Path) -> Deployment:
        terraform = self._terraform(endpoint_url)
        terraform.prepare(stack_folder)
        self.report("terraform apply (about two minutes; AWS's provider waits 25 s for each queue)")
        with self._finishing():
            terraform.apply()
        deployment = describe(endpoint_url, self.region, terraform.outputs())
        account.webhook_secret(endpoint_url, self.region, deployment.outputs["webhook_secret_name"])
        BackOffice(deployment).open_mailbox()
        return deployment

    @contextmanager
    def _finishing(self) -> Iterator[None]:
        """Note that an apply has begun, and that it has ended, well or not; one that is cut off stays unfinished."""
        self._unfinished.touch()
        try:
            yield
        except TerraformError:
            self._unfinished.unlink()
            raise
        self._unfinished.unlink()

    def _terraform(self, endpoint_url: str) -> Terraform:
        return Terraform(WorkingCopy(self.folder / "terraform"), endpoint_url, self.region, self.report)
