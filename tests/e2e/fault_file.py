"""A file of several ranges that is nearly all bad rows, so that reading it takes long and paying it does not."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from local_aws.batch_writer import BAD_ROWS, HEADER, Row
from payments.domain.batch_plan import LINES_PER_RANGE

RANGES = 3
BLOCK_ROWS = 100
"""One good row, then bad ones that may repeat it. No block lies in two ranges: which of two rows that bear the same id
comes first would be chance there."""

AMOUNT, CURRENCY = Decimal("1.25"), "EUR"
FIRST_LINE = 2
KINDS = [make for kind, make in BAD_ROWS.items() if kind != "line that is too long"]


@dataclass(frozen=True)
class FaultFile:
    """The file, the ids of its good rows, and the lines of its bad ones."""

    content: bytes
    good: list[str]
    bad_lines: list[int]


def fault_file(prefix: str) -> FaultFile:
    """Return the file whose good rows' ids begin with ``prefix``."""
    lines, good, bad_lines = [HEADER.encode()], [], []
    for number in range(RANGES * LINES_PER_RANGE):
        row = Row(payment_id=f"{prefix}-{number}", amount=AMOUNT, currency=CURRENCY, customer_id="ada", description="")
        if number % BLOCK_ROWS == 0:
            first = row
            good.append(row.payment_id)
            lines.append(row.line())
        else:
            bad_lines.append(number + FIRST_LINE)
            lines.append(KINDS[number % len(KINDS)](row, first))
    return FaultFile(b"\n".join(lines) + b"\n", good, bad_lines)
