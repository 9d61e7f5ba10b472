"""What only S3 can get wrong with what the steps of a batch leave: the map's manifest, parts, and memory."""

from __future__ import annotations

import json
import tracemalloc
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from payments.adapters.s3.work_files import S3WorkFiles
from payments.domain.batch import ByteRange
from payments.domain.errors import OutcomeMissing
from tests.contract.faults import asked, failing

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.contract.services import Services

HEADER = "line,payment_id,field,reason\n"


@pytest.fixture
def bucket(services: Services) -> str:
    return services.bucket()


@pytest.fixture
def files(services: Services, bucket: str) -> S3WorkFiles:
    return S3WorkFiles(services.s3, bucket)


def lines(count: int, *, longest: int = 40) -> Iterator[str]:
    for number in range(count):
        yield f"{number + 2},,amount,{'x' * longest}\n"


def uploads_left_open(services: Services, bucket: str) -> int:
    return len(services.s3.list_multipart_uploads(Bucket=bucket).get("Uploads", []))


def test_the_manifest_is_one_json_array_of_ranges(services: Services, files: S3WorkFiles, bucket: str) -> None:
    ranges = [ByteRange(number=number, start=number * 9, end=number * 9 + 9, first_line=2) for number in range(3)]
    key = files.write_manifest("batch-1", iter(ranges))
    assert key == "work/batch-1/manifest.json"
    assert [ByteRange(**entry) for entry in json.loads(services.text_in(bucket, key))] == ranges


def test_the_manifest_of_a_file_without_rows_is_an_empty_array(
    services: Services, files: S3WorkFiles, bucket: str
) -> None:
    assert json.loads(services.text_in(bucket, files.write_manifest("batch-1", []))) == []


def test_a_range_that_left_no_lines_at_all_is_missed_in_the_report(files: S3WorkFiles) -> None:
    """Defect: Records lost quietly."""
    files.write_rejected("batch-1", 0, lines(1))
    with pytest.raises(OutcomeMissing):
        files.write_report("batch-1", header=HEADER, ranges=2)


def test_a_long_report_is_written_whole_part_by_part(services: Services, files: S3WorkFiles, bucket: str) -> None:
    for number in range(3):
        files.write_rejected("batch-1", number, lines(2500, longest=1500))
    with asked(services.s3, "UploadPart") as parts:
        key = files.write_report("batch-1", header=HEADER, ranges=3)
    assert [part["PartNumber"] for part in parts] == [1, 2]
    assert services.text_in(bucket, key) == HEADER + "".join(lines(2500, longest=1500)) * 3
    assert uploads_left_open(services, bucket) == 0


def test_a_report_that_could_not_be_written_leaves_no_parts_behind(
    services: Services, files: S3WorkFiles, bucket: str
) -> None:
    with failing(services.s3, "UploadPart", times=9, Code="InternalError"), pytest.raises(ClientError):
        files.write_rejected("batch-1", 0, lines(4000, longest=1500))
    assert uploads_left_open(services, bucket) == 0


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
