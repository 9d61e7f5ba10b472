"""What people see: progress on standard error, results as tables on standard output."""

import json
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as ProgressBar
from rich.table import Table

from local_aws.batch_upload import Progress, Watcher
from local_aws.demo import Findings
from local_aws.deployment import Deployment
from local_aws.payments_client import Document
from local_aws.progress import Report

SECONDS_BETWEEN_LINES = 5.0
COLUMNS_OF_A_FILE = 140
REJECTED_ROWS_SHOWN = 5

results = Console(width=None if sys.stdout.isatty() else COLUMNS_OF_A_FILE, markup=False)
progress = Console(stderr=True)


@contextmanager
def reporting() -> Iterator[Report]:
    """Show what is being done: one changing line on a terminal, else a line every few seconds."""
    if progress.is_terminal:
        with progress.status("") as status:
            yield lambda line: status.update(line[: progress.width - 4].replace("[", r"\["))
    else:
        yield _Sparse()


class _Sparse:
    """Prints every step, but only some of the many lines that begin with a count."""

    def __init__(self) -> None:
        self._printed_at = 0.0

    def __call__(self, line: str) -> None:
        now = time.monotonic()
        if line.startswith("[") and now - self._printed_at < SECONDS_BETWEEN_LINES:
            return
        self._printed_at = now
        sys.stderr.write(f"{line}\n")


@contextmanager
def batch_progress() -> Iterator[Watcher]:
    """Show how far a batch is: a bar on a terminal, else a line for each step."""
    if not progress.is_terminal:
        lines = _Sparse()
        told = ""

        def tell(seen: Progress) -> None:
            nonlocal told
            line = f"[{seen.done}/{seen.total}] {seen.step}" if seen.total else seen.step
            if line != told:
                told = line
                lines(line)

        yield tell
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with ProgressBar(*columns, console=progress) as bar:
        task = bar.add_task("")
        yield lambda seen: bar.update(task, description=seen.step, completed=seen.done, total=seen.total or None)


def print_json(document: Mapping[str, Any]) -> None:
    """Print one JSON object, and nothing else."""
    sys.stdout.write(json.dumps(document, indent=2) + "\n")


def print_deployment(deployment: Deployment) -> None:
    """Print where the deployment answers, and a request to try."""
    table = Table(show_header=False, box=None)
    table.add_row("API", deployment.api_url)
    table.add_row("API key", deployment.api_key)
    table.add_row("AWS endpoint", deployment.endpoint_url)
    for name, value in sorted(deployment.outputs.items()):
        table.add_row(name, str(value))
    results.print(table)
    results.print("\nTry: scripts/local pay --amount 12.34 --currency EUR --follow")


def print_payment(payment: Document, trail: list[Document]) -> None:
    """Print a payment and its audit trail."""
    summary = Table(show_header=False, box=None)
    for name, value in payment.items():
        summary.add_row(name, str(value))
    results.print(summary)
    if trail:
        results.print(_trail_table(trail))


def print_batch(batch: Document, report: str | None) -> None:
    """Print what became of a file, and where its rejected rows are told."""
    summary = Table(show_header=False, box=None)
    for name in ("batch_id", "status", "file", "reason"):
        if batch.get(name):
            summary.add_row(name, str(batch[name]))
    for name, count in batch.get("counts", {}).items():
        summary.add_row(name, str(count))
    for total in batch.get("totals", []):
        summary.add_row(f"accepted {total['currency']}", total["amount"])
    results.print(summary)
    if report:
        lines = report.splitlines()
        results.print(f"\nRejected rows are told in {batch['rejected_file']} of the bucket, such as")
        for line in lines[: 1 + REJECTED_ROWS_SHOWN]:
            results.print(f"  {line}", highlight=False)


def print_findings(findings: Findings) -> None:
    """Print what the demonstration saw, and whether each promise was kept."""
    requests = _table("What was sent, and where it ended", "request", "answer", "payment", "status", "reason")
    for sent in findings.sent:
        payment = sent.payment or {}
        reason = payment.get("failure_code") or "\n".join(
            f"{error['pointer']}: {error['detail']}" for error in sent.reply.json.get("errors", [])
        )
        requests.add_row(
            sent.name, str(sent.reply.status), payment.get("payment_id", ""), payment.get("status", ""), reason
        )
    results.print(requests)
    for sent in findings.sent[:2]:
        results.print(_trail_table(list(sent.trail), title=f"Audit trail of the {sent.name}"))
    if findings.file:
        results.print("The file, every second row of it bad:")
        print_batch(findings.file.batch, findings.file.report)
    results.print("The notification received:")
    results.print_json(data=findings.notification)
    for promise, kept in findings.promises.items():
        results.print(f"{'✔' if kept else '✘'} {promise}", style="green" if kept else "red")


def _table(title: str, *columns: str) -> Table:
    table = Table(title=title)
    for column in columns:
        table.add_column(column, overflow="fold")
    return table


def _trail_table(trail: list[Document], title: str = "Audit trail") -> Table:
    table = _table(title, "version", "status", "at", "by", "reason")
    for event in trail:
        table.add_row(*(str(event.get(name, "")) for name in ("version", "status", "at", "actor", "reason")))
    return table
