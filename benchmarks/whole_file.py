"""The product's own way through a file: its planner, then its ingestor for one range after another, in one process.

That is what one execution environment does at most; the deployed workflow runs many at once.
"""

from __future__ import annotations

import json
import os
import resource
import sys
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from functions.ingestor import handler as ingestor
from functions.planner import handler as planner
from payments.adapters import aws

CONTEXT: Any = SimpleNamespace(
    function_name="benchmark",
    memory_limit_in_mb=512,
    invoked_function_arn="arn:aws:lambda:us-east-1:000000000000:function:benchmark",
    aws_request_id="benchmark",
    get_remaining_time_in_millis=lambda: 300_000,
)


def enter(key: str, version: str) -> int:
    """Plan the file and enter every range of it; return the number of rows."""
    batch = {"batch_id": f"benchmark-{version}", "bucket": os.environ["BATCH_BUCKET"], "key": key, "version": version}
    plan = planner.handler(batch, CONTEXT)
    manifest = aws.s3().get_object(Bucket=batch["bucket"], Key=plan["manifest_key"])["Body"].read()
    for part in json.loads(manifest):
        ingestor.handler({**batch, "dry_run": False, **part}, CONTEXT)
    return int(plan["rows"])


def peak_kibibytes() -> int:
    """Return the peak resident set of this process.

    On Linux what ``getrusage`` tells is at least the peak of whoever started this process, and so hides a smaller one.
    """
    status = Path("/proc/self/status")
    if not status.exists():
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    (peak,) = (line.split()[1] for line in status.read_text("ascii").splitlines() if line.startswith("VmHWM:"))
    return int(peak)


if __name__ == "__main__":
    started = time.perf_counter()
    rows = enter(sys.argv[1], sys.argv[2])
    seconds = time.perf_counter() - started
    print(f"{rows} {seconds:.6f} {peak_kibibytes()}", file=sys.stderr)
