"""Adds up what came of a file's ranges."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from payments.domain.batch import RowCounts
from payments.domain.batch_report import REPORT_HEADER

if TYPE_CHECKING:
    from payments.ports import WorkFiles


@dataclass(frozen=True)
class Collected:
    """What the rows came to, and where the report on the rejected ones lies, if there are any."""

    counts: RowCounts
    rejected_key: str | None


def collect_batch(batch_id: str, *, ranges: int, work: WorkFiles) -> Collected:
    """Return what all ``ranges`` ranges came to, one after the other, and join their reports.

    Raises:
        OutcomeMissing: a range has none: it has not been read to its end.
    """
    counts = sum(work.outcomes(batch_id, ranges), RowCounts())
    report = work.write_report(batch_id, header=REPORT_HEADER, ranges=ranges) if counts.rejected else None
    return Collected(counts, report)
