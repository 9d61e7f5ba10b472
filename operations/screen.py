"""What operators see: tables for people, JSON for programs."""

import json
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

import click
from rich.console import Console
from rich.table import Table

COLUMNS_OF_A_FILE = 160

T = TypeVar("T")

results = Console(width=None if sys.stdout.isatty() else COLUMNS_OF_A_FILE)
progress = Console(stderr=True)

as_json = click.option("--json", "as_json", is_flag=True, help="Print one JSON object on standard output.")
"""The option of every command that has a result."""


def counted(things: Iterable[T], what: str) -> Iterator[T]:
    """Yield ``things`` and tell, on a terminal, how many there were so far."""
    with progress.status("") as status:
        for number, thing in enumerate(things, start=1):
            status.update(f"{number} {what}")
            yield thing


def print_json(document: Mapping[str, Any]) -> None:
    """Print one JSON object, and nothing else."""
    sys.stdout.write(json.dumps(document, indent=2, default=str) + "\n")


def print_table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print ``rows`` under ``columns`` as they are, markup or not; what does not fit is folded, never cut off."""
    table = Table()
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*map(_text, row))
    results.print(table, markup=False)


def print_fields(fields: Mapping[str, object]) -> None:
    """Print ``fields``, one a line; those without a value are left out."""
    table = Table(show_header=False, box=None)
    for name, value in fields.items():
        if value is not None:
            table.add_row(name, _text(value))
    results.print(table, markup=False)


def tell(line: str) -> None:
    """Print one line for people on standard error."""
    sys.stderr.write(f"{line}\n")


def _text(value: object) -> str:
    return "" if value is None else str(value)
