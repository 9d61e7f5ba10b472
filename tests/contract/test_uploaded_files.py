"""What every reader of uploads must do, in memory and in S3."""

from __future__ import annotations

import random
from dataclasses import dataclass, replace
from itertools import count
from typing import TYPE_CHECKING

import pytest

from payments.adapters.s3.uploaded_files import LARGEST_PIECE_BYTES, S3Uploads
from payments.domain.batch import BatchObject
from payments.domain.errors import BatchRefused
from tests.batch_fakes import FakeUploads

if TYPE_CHECKING:
    from collections.abc import Callable

    from payments.ports import UploadedFiles
    from tests.contract.services import Services

    Upload = Callable[..., BatchObject]

CONTENT = random.Random(0).randbytes(3 * LARGEST_PIECE_BYTES + 17)  # noqa: S311 - content, not a secret


@dataclass(frozen=True)
class Uploads:
    files: UploadedFiles
    upload: Upload


def in_memory() -> Uploads:
    fake, versions = FakeUploads(), count(1)

    def put(content: bytes, *, key: str = "incoming/file.csv") -> BatchObject:
        source = BatchObject(bucket="batches", key=key, version=f"version-{next(versions)}")
        fake.objects[source] = content
        return source

    return Uploads(fake, put)


def in_s3(services: Services) -> Uploads:
    bucket = services.bucket()

    def put(content: bytes, *, key: str = "incoming/file.csv") -> BatchObject:
        version = services.s3.put_object(Bucket=bucket, Key=key, Body=content)["VersionId"]
        return BatchObject(bucket=bucket, key=key, version=version)

    return Uploads(S3Uploads(services.s3), put)


@pytest.fixture(params=["in memory", "S3"])
def both(request: pytest.FixtureRequest, services: Services) -> Uploads:
    return in_memory() if request.param == "in memory" else in_s3(services)


@pytest.fixture
def uploads(both: Uploads) -> UploadedFiles:
    return both.files


@pytest.fixture
def upload(both: Uploads) -> Upload:
    return both.upload


def test_a_file_is_read_as_it_was_uploaded_in_pieces_of_at_most_a_mebibyte(
    uploads: UploadedFiles, upload: Upload
) -> None:
    source = upload(CONTENT)
    assert uploads.size_bytes(source) == len(CONTENT)
    pieces = list(uploads.pieces(source, start=0, end=len(CONTENT)))
    assert b"".join(pieces) == CONTENT
    assert max(map(len, pieces)) <= LARGEST_PIECE_BYTES


@pytest.mark.parametrize(("start", "end"), [(0, 1), (5, 5), (7, 1_200_000), (len(CONTENT) - 3, len(CONTENT))])
def test_a_range_is_read_and_nothing_beside_it(uploads: UploadedFiles, upload: Upload, start: int, end: int) -> None:
    assert b"".join(uploads.pieces(upload(CONTENT), start=start, end=end)) == CONTENT[start:end]


@pytest.mark.parametrize("key", ["incoming/my file.csv", "incoming/Über + 100%.csv", "incoming/'; --\n.csv"])
def test_a_key_is_taken_as_it_is(uploads: UploadedFiles, upload: Upload, key: str) -> None:
    """Defect: Batch: keys not URL-decoded."""
    source = upload(b"abc", key=key)
    assert uploads.size_bytes(source) == 3
    assert list(uploads.pieces(source, start=0, end=3)) == [b"abc"]


def test_the_version_that_was_told_of_is_read_and_not_a_later_one(uploads: UploadedFiles, upload: Upload) -> None:
    first = upload(b"first")
    upload(b"the second")
    assert uploads.size_bytes(first) == 5
    assert b"".join(uploads.pieces(first, start=0, end=5)) == b"first"


def test_an_object_that_is_not_there_is_refused_with_a_reason(uploads: UploadedFiles, upload: Upload) -> None:
    gone = replace(upload(b"there"), key="incoming/gone.csv")
    with pytest.raises(BatchRefused, match="not there any more"):
        uploads.size_bytes(gone)
