"""What every reader of uploads must do, in memory and in S3."""

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

    Upload = Callable[..., BatchObject]

CONTENT = random.Random(0).randbytes(3 * LARGEST_PIECE_BYTES + 17)  # noqa: S311 - content, not a secret


@pytest.fixture
def uploads(services: Services) -> S3Uploads:
    return S3Uploads(services.s3)


@pytest.fixture
def upload(services: Services) -> Upload:
    bucket = services.bucket()

    def put(content: bytes, *, key: str = "incoming/file.csv") -> BatchObject:
        version = services.s3.put_object(Bucket=bucket, Key=key, Body=content)["VersionId"]
        return BatchObject(bucket=bucket, key=key, version=version)

    return put


def test_a_file_is_read_as_it_was_uploaded_in_pieces_of_a_mebibyte_at_most(uploads: S3Uploads, upload: Upload) -> None:
    source = upload(CONTENT)
    assert uploads.size_bytes(source) == len(CONTENT)
    pieces = list(uploads.pieces(source, start=0, end=len(CONTENT)))
    assert b"".join(pieces) == CONTENT
    assert max(map(len, pieces)) <= LARGEST_PIECE_BYTES


@pytest.mark.parametrize(("start", "end"), [(0, 1), (5, 5), (7, 1_200_000), (len(CONTENT) - 3, len(CONTENT))])
def test_a_range_is_read_and_nothing_beside_it(uploads: S3Uploads, upload: Upload, start: int, end: int) -> None:
    assert b"".join(uploads.pieces(upload(CONTENT), start=start, end=end)) == CONTENT[start:end]


@pytest.mark.parametrize("key", ["incoming/my file.csv", "incoming/Über + 100%.csv", "incoming/'; --\n.csv"])
def test_a_key_is_taken_as_it_is(uploads: S3Uploads, upload: Upload, key: str) -> None:
    """Defect: Batch: keys not URL-decoded."""
    source = upload(b"abc", key=key)
    assert uploads.size_bytes(source) == 3
    assert list(uploads.pieces(source, start=0, end=3)) == [b"abc"]


def test_the_version_that_was_told_of_is_read_and_not_a_later_one(uploads: S3Uploads, upload: Upload) -> None:
    first = upload(b"first")
    upload(b"the second")
    assert uploads.size_bytes(first) == 5
    assert b"".join(uploads.pieces(first, start=0, end=5)) == b"first"


def test_an_object_that_is_not_there_is_refused_with_a_reason(
    services: Services, uploads: S3Uploads, upload: Upload
) -> None:
    gone = upload(b"gone")
    services.s3.delete_object(Bucket=gone.bucket, Key=gone.key, VersionId=gone.version)
    with pytest.raises(BatchRefused, match="not there any more"):
        uploads.size_bytes(gone)


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
