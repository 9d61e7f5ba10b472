"""Plans how a file is read, and refuses what can't be: nothing has been entered yet."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from payments.domain.batch_control import TAIL_BYTES, control_in
from payments.domain.batch_plan import BYTES_PER_RANGE, LINES_PER_RANGE, planned
from payments.domain.errors import BatchRefused

if TYPE_CHECKING:
    from payments.domain.batch import BatchObject
    from payments.ports import UploadedFiles, WorkFiles


@dataclass(frozen=True)
class Planned:
    """Where the manifest lies, how many ranges it names, and how many rows are in them."""

    manifest_key: str
    ranges: int
    rows: int


def plan_batch(
    batch_id: str,
    *,
    source: BatchObject,
    files: UploadedFiles,
    work: WorkFiles,
    lines_per_range: int = LINES_PER_RANGE,
    bytes_per_range: int = BYTES_PER_RANGE,
) -> Planned:
    """Read the file once, check it as far as a file can be, and write the manifest of its ranges.

    Raises:
        BatchRefused: the file is empty, not text in UTF-8 or has a line that ends within quotes, its columns are not
            right, or it does not come to the control totals it names.
    """
    size = files.size_bytes(source)
    if not size:
        raise BatchRefused("the file is empty")
    tail_start = max(0, size - TAIL_BYTES)
    tail = b"".join(files.pieces(source, start=tail_start, end=size))
    control, length = control_in(tail, is_whole_file=tail_start == 0) or (None, 0)
    plan = planned(
        files.pieces(source, start=0, end=size - length),
        control=control,
        lines_per_range=lines_per_range,
        bytes_per_range=bytes_per_range,
    )
    return Planned(work.write_manifest(batch_id, plan.ranges), len(plan.ranges), plan.rows)
