"""The command `scripts/make-batch`."""

import re
import sys
from typing import BinaryIO

import click

from local_aws.batch_writer import write_batch

_PREFIX = re.compile("[A-Za-z0-9][A-Za-z0-9_-]{0,39}")


def _checked(prefix: str) -> str:
    if not _PREFIX.fullmatch(prefix):
        raise click.BadParameter("must be 1 to 40 ASCII letters, digits, hyphens and underscores, as payment ids begin")
    return prefix


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--rows", type=click.IntRange(min=0), required=True, help="How many rows, the header not counted.")
@click.option(
    "--bad-percent",
    type=click.FloatRange(0, 100),
    default=0.0,
    show_default=True,
    help="Share of bad rows; the first row is always good.",
)
@click.option("--seed", type=int, default=0, show_default=True, help="The same seed writes the same file.")
@click.option(
    "--prefix",
    default="row",
    show_default=True,
    callback=lambda _context, _option, text: _checked(text),
    help="What each payment id begins with.",
)
@click.option("--output", type=click.File("wb"), default="-", help="Where to write; standard output where not named.")
def main(*, rows: int, bad_percent: float, seed: int, prefix: str, output: BinaryIO) -> None:
    """Write a file of payments to try `scripts/local pay-file` with: good rows, and bad ones of every kind in turn."""
    written = write_batch(output, rows=rows, bad_percent=bad_percent, seed=seed, prefix=prefix)
    totals = ", ".join(f"{amount} {currency}" for currency, amount in sorted(written.totals.items())) or "nothing"
    sys.stderr.write(f"{written.rows} rows: {written.good} good, {written.bad} bad; the good ones come to {totals}\n")


if __name__ == "__main__":
    main(prog_name="scripts/make-batch")
