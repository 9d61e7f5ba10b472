"""What the steps of a batch leave for each other, in memory and in S3."""

from __future__ import annotations

import json
import tracemalloc
from dataclasses import dataclass
from decimal import Decimal
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from payments.adapters.s3.work_files import S3WorkFiles
from payments.domain.batch import ByteRange, RowCounts
from payments.domain.errors import OutcomeMissing
from tests.contract.faults import asked, failing

if TYPE_CHECKING:
    from collections.abc import Iterator

    from payments.ports import WorkFiles
    from tests.contract.services import Services

HEADER = "line,payment_id,field,reason\r\n"
COUNTS = RowCounts(received=3, accepted=2, rejected=1, totals={"EUR": Decimal("30.00"), "JPY": Decimal(5)})


@dataclass(frozen=True)
class Bucket:
    services: Services
    name: str

    def text(self, key: str) -> str:
        return self.services.s3.get_object(Bucket=self.name, Key=key)["Body"].read().decode()

    def uploads_left_open(self) -> int:
        return len(self.services.s3.list_multipart_uploads(Bucket=self.name).get("Uploads", []))


@pytest.fixture
def bucket(services: Services) -> Bucket:
    return Bucket(services, services.bucket())


@pytest.fixture
def files(services: Services, bucket: Bucket) -> WorkFiles:
    return S3WorkFiles(services.s3, bucket.name)


def lines(count: int, *, longest: int = 40) -> Iterator[str]:
    for number in range(count):
        yield f"{number + 2},,amount,{'x' * longest}\r\n"


def test_the_manifest_is_one_json_array_of_ranges(files: WorkFiles, bucket: Bucket) -> None:
    ranges = [ByteRange(number=number, start=number * 9, end=number * 9 + 9, first_line=2) for number in range(3)]
    key = files.write_manifest("batch-1", iter(ranges))
    assert key == "work/batch-1/manifest.json"
    assert [ByteRange(**entry) for entry in json.loads(bucket.text(key))] == ranges


def test_the_manifest_of_a_file_without_rows_is_an_empty_array(files: WorkFiles, bucket: Bucket) -> None:
    assert json.loads(bucket.text(files.write_manifest("batch-1", []))) == []


def test_what_came_of_each_range_is_read_back_in_order(files: WorkFiles) -> None:
    outcomes = [RowCounts(received=number, accepted=number) for number in range(150)] + [COUNTS]
    for number, counts in reversed(list(enumerate(outcomes))):
        files.write_outcome("batch-1", number, counts)
    assert list(files.outcomes("batch-1", len(outcomes))) == outcomes


def test_a_total_keeps_its_decimals(files: WorkFiles) -> None:
    """Defect: Floats."""
    files.write_outcome("batch-1", 0, COUNTS)
    (counts,) = files.outcomes("batch-1", 1)
    assert {currency: str(total) for currency, total in counts.totals.items()} == {"EUR": "30.00", "JPY": "5"}


def test_a_range_that_was_not_read_to_its_end_is_missed(files: WorkFiles) -> None:
    """Defect: Records lost quietly."""
    for number in (0, 2):
        files.write_outcome("batch-1", number, COUNTS)
    with pytest.raises(OutcomeMissing):
        list(files.outcomes("batch-1", 3))


def test_the_report_joins_the_lines_of_all_ranges_in_order_under_one_header(files: WorkFiles, bucket: Bucket) -> None:
    files.write_rejected("batch-1", 2, ["9,,amount,ü\r\n"])
    files.write_rejected("batch-1", 0, lines(2))
    files.write_rejected("batch-1", 1, [])
    key = files.write_report("batch-1", header=HEADER, ranges=3)
    assert key == "rejected/batch-1.csv"
    assert bucket.text(key) == HEADER + "".join(lines(2)) + "9,,amount,ü\r\n"


def test_a_range_that_left_no_lines_at_all_is_missed_in_the_report(files: WorkFiles) -> None:
    """Defect: Records lost quietly."""
    files.write_rejected("batch-1", 0, lines(1))
    with pytest.raises(OutcomeMissing):
        files.write_report("batch-1", header=HEADER, ranges=2)


def test_everything_can_be_written_again(files: WorkFiles, bucket: Bucket) -> None:
    for _ in range(2):
        files.write_rejected("batch-1", 0, lines(3))
        files.write_outcome("batch-1", 0, COUNTS)
        key = files.write_report("batch-1", header=HEADER, ranges=1)
    assert bucket.text(key) == HEADER + "".join(lines(3))
    assert list(files.outcomes("batch-1", 1)) == [COUNTS]


def test_batches_do_not_see_each_others_files(files: WorkFiles) -> None:
    files.write_outcome("batch-1", 0, COUNTS)
    with pytest.raises(OutcomeMissing):
        list(files.outcomes("batch-2", 1))


def test_a_long_report_is_written_whole_part_by_part(services: Services, files: WorkFiles, bucket: Bucket) -> None:
    for number in range(3):
        files.write_rejected("batch-1", number, lines(2500, longest=1500))
    with asked(services.s3, "UploadPart") as parts:
        key = files.write_report("batch-1", header=HEADER, ranges=3)
    assert [part["PartNumber"] for part in parts] == [1, 2]
    assert bucket.text(key) == HEADER + "".join(lines(2500, longest=1500)) * 3
    assert bucket.uploads_left_open() == 0


def test_a_report_that_could_not_be_written_leaves_no_parts_behind(
    services: Services, files: WorkFiles, bucket: Bucket
) -> None:
    with failing(services.s3, "UploadPart", times=9, Code="InternalError"), pytest.raises(ClientError):
        files.write_rejected("batch-1", 0, lines(4000, longest=1500))
    assert bucket.uploads_left_open() == 0


def test_memory_does_not_grow_with_what_is_written(services: Services) -> None:
    """Defect: Batch: the whole file in memory."""
    peaks = [_peak_while_writing(services, count) for count in (6_000, 24_000)]
    assert peaks[1] < peaks[0] * 1.2


def _peak_while_writing(services: Services, count: int) -> int:
    files = S3WorkFiles(services.s3, "anywhere")

    def taken(**_: object) -> Any:  # noqa: ANN401 - botocore's own pair of an answer and what it says
        return SimpleNamespace(status_code=200), {"UploadId": "upload-1", "ETag": "etag-1"}

    services.s3.meta.events.register("before-call.s3", taken)
    tracemalloc.start()
    try:
        files.write_rejected("batch-1", 0, lines(count, longest=2000))
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
        services.s3.meta.events.unregister("before-call.s3", taken)
