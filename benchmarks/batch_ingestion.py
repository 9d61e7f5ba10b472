"""Measures the entering of batch files on the embedded AWS: speed against the obvious handler, and memory by length.

    python benchmarks/batch_ingestion.py [--rows 20000] [--memory-rows 10000 1000000] [--check]

* Speed: rows per second of the product's planner and ingestor against a handler that puts and sends row by row
  (``row_by_row.py``), each alone on a new embedded AWS, in turns, one process each. The baseline gets a tenth of them.
* Memory: peak resident set of the process that enters a file of each length, ``--memory-rows``.

With ``--check`` the exit status is 1 unless the speed is at least 10 times the baseline's and the longest file's peak
is within 20 % of the shortest one's.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Self

from local_aws import account
from local_aws.batch_writer import write_batch
from local_aws.credentials import bare, for_client
from local_aws.emulator import Emulator
from local_aws.packages import EmulatorPackages
from local_aws.progress import to_standard_error

if TYPE_CHECKING:
    from collections.abc import Sequence

ROOT = Path(__file__).resolve().parents[1]
REGION = "us-east-1"
BUCKET, TABLE, QUEUE = "benchmark", "benchmark", "benchmark"
LEAST_SPEED_RATIO = 10
MOST_MEMORY_RATIO = 1.2
INDEXES = {
    "by-customer": ("customer_id", "created_at"),
    "by-day": ("created_shard", "created_at"),
    "open-by-due": ("open_shard", "due_at"),
    "settled-by-batch": ("batch_shard", "status"),
}


@dataclass(frozen=True, kw_only=True)
class Run:
    """One file entered."""

    rows: int
    seconds: float
    peak_mebibytes: float = 0.0

    @property
    def rows_per_second(self) -> float:
        """Rows entered a second, wall time."""
        return self.rows / self.seconds


class Ground:
    """A new embedded AWS with a bucket, a payments table and a queue."""

    def __init__(self, folder: Path) -> None:
        packages = EmulatorPackages(ROOT / ".local" / "packages")
        packages.ensure(to_standard_error)
        self._emulator = Emulator(ROOT, folder, packages, REGION)
        self._folder = folder

    def __enter__(self) -> Self:
        """Start it."""
        endpoint_url = self._emulator.start()
        session = account.session(REGION)
        self._s3 = session.client("s3", endpoint_url=endpoint_url, config=account.DIRECT)
        self._s3.create_bucket(Bucket=BUCKET)
        self._s3.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
        sqs = session.client("sqs", endpoint_url=endpoint_url, config=account.DIRECT)
        queue_url = sqs.create_queue(QueueName=QUEUE)["QueueUrl"]
        names = {"payment_id", *(name for keys in INDEXES.values() for name in keys)}
        session.client("dynamodb", endpoint_url=endpoint_url, config=account.DIRECT).create_table(
            TableName=TABLE,
            BillingMode="PAY_PER_REQUEST",
            KeySchema=[{"AttributeName": "payment_id", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in sorted(names)],
            GlobalSecondaryIndexes=[
                {
                    "IndexName": index,
                    "KeySchema": [
                        {"AttributeName": partition, "KeyType": "HASH"},
                        {"AttributeName": sort, "KeyType": "RANGE"},
                    ],
                    "Projection": {"ProjectionType": "KEYS_ONLY"},
                }
                for index, (partition, sort) in INDEXES.items()
            ],
        )
        self._environment = {
            **bare(),
            **for_client(endpoint_url, REGION),
            "PYTHONPATH": f"{ROOT}:{ROOT / 'layers' / 'shared' / 'python'}",
            "PAYMENTS_TABLE": TABLE,
            "BATCH_BUCKET": BUCKET,
            "QUEUE_URL": queue_url,
            "OPEN_DEADLINE_SECONDS": "3600",
            "POWERTOOLS_SERVICE_NAME": "benchmark",
            "POWERTOOLS_METRICS_NAMESPACE": "Benchmark",
            "ENVIRONMENT_SUFFIX": "benchmark",
        }
        return self

    def __exit__(self, *_: object) -> None:
        """Stop it."""
        self._emulator.stop()

    def row_by_row(self, rows: int) -> Run:
        """Pay a new file by the baseline."""
        key, _ = self._upload(rows)
        paid, seconds = self._run("row_by_row.py", key).stdout.split()
        return Run(rows=int(paid), seconds=float(seconds))

    def whole_file(self, rows: int) -> Run:
        """Enter a new file by the product."""
        printed = self._run("whole_file.py", *self._upload(rows)).stderr.splitlines()[-1]
        entered, seconds, peak_kibibytes = printed.split()
        return Run(rows=int(entered), seconds=float(seconds), peak_mebibytes=int(peak_kibibytes) / 1024)

    def _upload(self, rows: int) -> tuple[str, str]:
        file = self._folder / "upload.csv"
        with file.open("wb") as written:
            write_batch(written, rows=rows)
        with file.open("rb") as body:
            answer = self._s3.put_object(Bucket=BUCKET, Key="incoming/benchmark.csv", Body=body)
        return "incoming/benchmark.csv", answer["VersionId"]

    def _run(self, script: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [sys.executable, str(ROOT / "benchmarks" / script), *arguments],
            check=False,
            env=self._environment,
            capture_output=True,
            text=True,
        )
        if done.returncode:
            raise SystemExit(f"{script} failed:\n{done.stderr}")
        return done


def alone() -> tempfile.TemporaryDirectory[str]:
    """Return a folder for one run."""
    return tempfile.TemporaryDirectory(prefix="batch-benchmark-")


def speeds(rows: int, runs: int) -> tuple[float, float]:
    """Return the median rows per second of the product and of the baseline, in turns."""
    product, baseline = [], []
    for _ in range(runs):
        with alone() as folder, Ground(Path(folder)) as ground:
            product.append(ground.whole_file(rows).rows_per_second)
        with alone() as folder, Ground(Path(folder)) as ground:
            baseline.append(ground.row_by_row(rows // 10).rows_per_second)
    return median(product), median(baseline)


def speed_ratio(rows: int, runs: int) -> float:
    """Print how fast both sides are, and return how many times faster the product is."""
    product, baseline = speeds(rows, runs)
    ratio = product / baseline
    print(f"rows per second: {product:,.0f} whole file, {baseline:,.0f} row by row: {ratio:.1f} times", flush=True)
    return ratio


def peak_of(rows: int) -> Run:
    """Return the run of a file of ``rows`` rows on an embedded AWS of its own."""
    with alone() as folder, Ground(Path(folder)) as ground:
        return ground.whole_file(rows)


def memory_ratio(lengths: Sequence[int]) -> float:
    """Print the peak for a file of each length, and return the largest against the smallest."""
    peaks = []
    for rows in lengths:
        run = peak_of(rows)
        peaks.append(run.peak_mebibytes)
        print(f"{rows:>10,} rows: peak {run.peak_mebibytes:.0f} MiB, {run.rows_per_second:,.0f} rows/s", flush=True)
    ratio = max(peaks) / min(peaks)
    print(f"largest peak against smallest: {ratio:.2f}")
    return ratio


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=20_000, help="rows for the comparison of speed")
    parser.add_argument("--runs", type=int, default=3, help="runs of each side; 0 leaves the comparison of speed out")
    parser.add_argument("--memory-rows", type=int, nargs="*", default=[10_000, 1_000_000])
    parser.add_argument("--check", action="store_true", help="exit with 1 where a bound is broken")
    options = parser.parse_args()

    is_fast = options.runs == 0 or speed_ratio(options.rows, options.runs) >= LEAST_SPEED_RATIO
    is_flat = not options.memory_rows or memory_ratio(options.memory_rows) <= MOST_MEMORY_RATIO
    if options.check and not (is_fast and is_flat):
        raise SystemExit(1)


if __name__ == "__main__":
    main()
