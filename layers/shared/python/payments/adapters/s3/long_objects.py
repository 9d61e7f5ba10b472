"""Writing objects of any length with the memory of a part or two."""

from __future__ import annotations

from contextlib import ExitStack
from functools import partial
from itertools import chain
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from mypy_boto3_s3.client import S3Client
    from mypy_boto3_s3.type_defs import CompletedPartTypeDef

PART_BYTES = 5 * 1024 * 1024
"""The smallest part S3 takes, of which there may be 10,000: objects of up to 50 GB."""


def write_object(client: S3Client, *, bucket: str, key: str, content_type: str, content: Iterable[bytes]) -> None:
    """Write ``content`` as one object, which is there as a whole or not at all: part by part, unless it is short.

    Needs ``s3:PutObject`` and ``s3:AbortMultipartUpload``.
    """
    parts = _parts(content)
    first = next(parts, b"")
    if len(first) < PART_BYTES:
        client.put_object(Bucket=bucket, Key=key, ContentType=content_type, Body=first)
        return
    upload_id = client.create_multipart_upload(Bucket=bucket, Key=key, ContentType=content_type)["UploadId"]
    with ExitStack() as undo:
        # Parts that belong to nothing are paid for and seen by nobody.
        undo.callback(partial(client.abort_multipart_upload, Bucket=bucket, Key=key, UploadId=upload_id))
        sent: list[CompletedPartTypeDef] = []
        for number, part in enumerate(chain([first], parts), start=1):
            answer = client.upload_part(Bucket=bucket, Key=key, UploadId=upload_id, PartNumber=number, Body=part)
            sent.append({"PartNumber": number, "ETag": answer["ETag"]})
        client.complete_multipart_upload(Bucket=bucket, Key=key, UploadId=upload_id, MultipartUpload={"Parts": sent})
        undo.pop_all()


def _parts(content: Iterable[bytes]) -> Iterator[bytes]:
    """Yield ``content`` in parts of ``PART_BYTES``, the last one with what is left."""
    waiting = bytearray()
    for piece in content:
        waiting += piece
        while len(waiting) >= PART_BYTES:
            yield bytes(waiting[:PART_BYTES])
            del waiting[:PART_BYTES]
    if waiting:
        yield bytes(waiting)
