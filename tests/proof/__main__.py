"""Runs every proof of the promise in its long form, and prints one table: ``python -m tests.proof [NAME …]``.

The exit status is 0 only where nothing is otherwise than promised. What a machine can't show is skipped, and told.
"""

from __future__ import annotations

import sys
import time

import click
from rich.console import Console
from rich.table import Table

from tests.proof.parts import PROOFS
from tests.proof.rows import Row, exit_status, rows_of


@click.command()
@click.argument("names", nargs=-1, type=click.Choice([proof.rows.__name__ for proof in PROOFS]))
def main(names: tuple[str, ...]) -> None:
    """Run every proof, or those named, and print one table."""
    console, progress = Console(width=None if sys.stdout.isatty() else 140), Console(stderr=True)
    table = Table(title="What was proven", show_lines=False)
    for column in ("proof", "what", "found", "", "seconds"):
        table.add_column(column, overflow="fold")
    rows: list[Row] = []
    for proof in PROOFS:
        if names and proof.rows.__name__ not in names:
            continue
        progress.print(f"{proof.name} …")
        started = time.monotonic()
        found = rows_of(proof)
        seconds = f"{time.monotonic() - started:.0f}"
        for number, row in enumerate(found):
            table.add_row("" if number else proof.name, row.what, row.found, row.mark.value, "" if number else seconds)
        rows += found
    console.print(table)
    for row in rows:
        if row.note:
            console.print(f"{row.what}: {row.note}", markup=False, highlight=False)
    sys.exit(exit_status(rows))


if __name__ == "__main__":
    main(prog_name="make prove")
