"""The commands of `scripts/local`."""

import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click
from botocore.exceptions import BotoCoreError, ClientError

from local_aws import screen
from local_aws.back_office import BackOffice
from local_aws.batch_upload import BatchUpload
from local_aws.demo import demonstrate
from local_aws.environment import LocalEnvironment
from local_aws.payments_client import PaymentsClient

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / ".local" / "aws"

as_json = click.option("--json", "as_json", is_flag=True, help="Print one JSON object on standard output.")


def _header_value(key: str | None) -> str | None:
    if key is not None and not re.fullmatch(r"[!-~]{1,255}", key):
        raise click.BadParameter(f"must be 1 to 255 visible ASCII characters (got {key!r})")
    return key


def _named(payment_id: str) -> str:
    if not payment_id.strip():
        raise click.BadParameter("must be a payment's id, and is blank")
    return payment_id


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """Run the payment pipeline on this machine: real Terraform against an embedded AWS, with no AWS account."""


@main.command()
@click.option("--port", default=0, show_default="a free one", help="Port of the embedded AWS when it is started.")
@as_json
def up(*, port: int, as_json: bool) -> None:
    """Start the embedded AWS, deploy the stack, and leave it running."""
    with _environment(port=port) as environment:
        deployment = environment.up()
    screen.print_json(deployment.to_json()) if as_json else screen.print_deployment(deployment)


@main.command()
@click.option("--destroy", is_flag=True, help="Run `terraform destroy` before, as one would on AWS.")
def down(*, destroy: bool) -> None:
    """Stop the embedded AWS and forget all it held."""
    with _environment() as environment:
        if destroy:
            environment.destroy()
        stopped = environment.down()
    screen.progress.print("stopped" if stopped else "nothing was running")


@main.command()
@as_json
def status(*, as_json: bool) -> None:
    """Say whether the stack is up, and where; the exit status is 0 only when it is."""
    with _environment() as environment:
        deployment = environment.require_up()
    screen.print_json(deployment.to_json()) if as_json else screen.print_deployment(deployment)


@main.command()
@click.option("--amount", required=True, help="In the currency's major unit, such as 12.34.")
@click.option("--currency", help="ISO 4217 code; the API takes USD where none is named.")
@click.option("--payment-id", help="The payment's id; one is made up where none is named.")
@click.option("--customer-id", help="The paying customer.")
@click.option(
    "--processing",
    type=click.Choice(["queued", "orchestrated"]),
    help="How it is processed: an orchestrated payment above a limit waits for scripts/local approve.",
)
@click.option(
    "--idempotency-key",
    callback=lambda _context, _option, key: _header_value(key),
    help="Sent as Idempotency-Key: repeating the command pays once.",
)
@click.option("--follow", is_flag=True, help="Wait until the payment is settled, and show its audit trail.")
@as_json
def pay(*, idempotency_key: str | None, follow: bool, as_json: bool, **fields: str | None) -> None:
    """Send one payment to the deployed API."""
    with _environment() as environment:
        client = PaymentsClient(environment.require_up())
        sent = {name: value for name, value in fields.items() if value is not None}
        reply = client.pay(sent, idempotency_key=idempotency_key)
        accepted = reply.status == 202  # noqa: PLR2004 - HTTP's "Accepted"
        answer, trail = client.follow(reply.json["payment_id"]) if follow and accepted else (reply.json, [])
    if as_json:
        screen.print_json({"status": reply.status, "answer": answer, "events": trail})
    else:
        screen.print_payment(answer, trail)
    sys.exit(0 if accepted else 1)


@main.command()
@click.argument("payment_id", callback=lambda _context, _argument, text: _named(text))
@click.option("--refuse", is_flag=True, help="Say no: the payment fails and nothing is charged.")
@click.option("--actor", default="local", show_default=True, help="Who decides; stands in the audit trail.")
@as_json
def approve(*, payment_id: str, refuse: bool, actor: str, as_json: bool) -> None:
    """Decide an orchestrated payment that waits for approval, as the back office would."""
    with _environment() as environment:
        deployment = environment.require_up()
        token = BackOffice(deployment).approval_token(payment_id)
        reply = PaymentsClient(deployment).decide(token, "refuse" if refuse else "approve", actor=actor)
    if as_json:
        screen.print_json({"status": reply.status, "answer": reply.json})
    else:
        screen.print_payment(reply.json, [])
    sys.exit(0 if reply.status == 200 else 1)  # noqa: PLR2004 - HTTP's "OK"


@main.command("pay-file")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, readable=True, path_type=Path))
@click.option("--dry-run", is_flag=True, help="Validate and report; enter nothing.")
@as_json
def pay_file(*, file: Path, dry_run: bool, as_json: bool) -> None:
    """Upload a file of payments, follow its batch until every payment is settled, and show what became of it.

    The exit status is 0 when the file was read to its end, rejected rows or not.
    """
    with _environment() as environment:
        upload = BatchUpload(environment.require_up())
    with _failures(), screen.batch_progress() as watch:
        batch = upload.pay(file, watch=watch, dry_run=dry_run)
        report = upload.report_of(batch)
    screen.print_json(batch) if as_json else screen.print_batch(batch, report)
    sys.exit(1 if batch["status"] == "failed" else 0)


@main.command()
@as_json
def demo(*, as_json: bool) -> None:
    """Deploy, pay in six ways, and show what became of each; the exit status is 0 when all is as promised."""
    with _environment() as environment:
        findings = demonstrate(environment)
    screen.print_json(findings.to_json()) if as_json else screen.print_findings(findings)
    sys.exit(0 if findings.all_kept else 1)


@contextmanager
def _environment(port: int = 0) -> Iterator[LocalEnvironment]:
    """Yield this checkout's environment, its progress on the screen."""
    with _failures(), screen.reporting() as report:
        yield LocalEnvironment(root=ROOT, folder=FOLDER, port=port, report=report)


@contextmanager
def _failures() -> Iterator[None]:
    """End the command at a failure, with its message and without a traceback."""
    try:
        yield
    except (RuntimeError, BotoCoreError, ClientError) as error:
        raise click.ClickException(str(error)) from error
    except OSError as error:
        raise click.ClickException(f"{error.filename or 'a file'} can't be used: {error.strerror or error}") from error
