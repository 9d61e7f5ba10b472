"""What only S3 can get wrong with uploads: connections that break, versions that go, requests that add up."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import pytest
from botocore.exceptions import BotoCoreError

from payments.adapters.s3.uploaded_files import LARGEST_PIECE_BYTES, S3Uploads
from payments.domain.batch import BatchObject
from payments.domain.errors import BatchRefused
from tests.contract.faults import asked, breaking_off

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.contract.services import Services

    Upload = Callable[[bytes], BatchObject]

CONTENT = random.Random(0).randbytes(3 * LARGEST_PIECE_BYTES + 17)  # noqa: S311 - content, not a secret


@pytest.fixture
def uploads(services: Services) -> S3Uploads:
    return S3Uploads(services.s3)


@pytest.fixture
def upload(services: Services) -> Upload:
    bucket, key = services.bucket(), "incoming/file.csv"

    def put(content: bytes) -> BatchObject:
        version = services.s3.put_object(Bucket=bucket, Key=key, Body=content)["VersionId"]
        return BatchObject(bucket=bucket, key=key, version=version)

    return put


def test_a_version_that_was_deleted_is_refused_with_a_reason_while_others_are_there(
    services: Services, uploads: S3Uploads, upload: Upload
) -> None:
    gone, there = upload(b"gone"), upload(b"there")
    services.s3.delete_object(Bucket=gone.bucket, Key=gone.key, VersionId=gone.version)
    with pytest.raises(BatchRefused, match="not there any more"):
        uploads.size_bytes(gone)
    assert uploads.size_bytes(there) == 5


def test_reading_goes_on_where_a_connection_broke(services: Services, uploads: S3Uploads, upload: Upload) -> None:
    source = upload(CONTENT)
    with (
        breaking_off(services.s3, after_bytes=LARGEST_PIECE_BYTES + 10, times=2),
        asked(services.s3, "GetObject") as requests,
    ):
        assert b"".join(uploads.pieces(source, start=0, end=len(CONTENT))) == CONTENT
    read = [int(request["Range"].removeprefix("bytes=").partition("-")[0]) for request in requests]
    assert len(read) == 3
    assert 0 == read[0] < read[1] < read[2]


def test_a_connection_that_breaks_every_time_is_raised(services: Services, uploads: S3Uploads, upload: Upload) -> None:
    """Defect: Records lost quietly."""
    source = upload(CONTENT)
    with breaking_off(services.s3, after_bytes=0, times=50), pytest.raises(BotoCoreError):
        list(uploads.pieces(source, start=0, end=len(CONTENT)))


def test_a_file_that_is_shorter_than_its_plan_is_never_taken_for_read(uploads: S3Uploads, upload: Upload) -> None:
    """Defect: Records lost quietly."""
    with pytest.raises(EOFError):
        list(uploads.pieces(upload(b"abc"), start=0, end=10))


def test_one_request_reads_a_range_however_long(services: Services, uploads: S3Uploads, upload: Upload) -> None:
    source = upload(CONTENT)
    with asked(services.s3, "GetObject") as requests:
        list(uploads.pieces(source, start=0, end=len(CONTENT)))
    assert len(requests) == 1
