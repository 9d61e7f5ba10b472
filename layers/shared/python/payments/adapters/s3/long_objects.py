"""Writing objects of any length with the memory of a part or two."""

from __future__ import annotations

from contextlib import ExitStack
from functools import partial
from itertools import chain, count
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

    def send(number: int, part: bytes) -> CompletedPartTypeDef:
        answer = client.upload_part(Bucket=bucket, Key=key, UploadId=upload_id, PartNumber=number, Body=part)
        return {"PartNumber": number, "ETag": answer["ETag"]}

    with ExitStack() as undo:
        # Parts that belong to nothing are paid for and seen by nobody.
        undo.callback(partial(client.abort_multipart_upload, Bucket=bucket, Key=key, UploadId=upload_id))
        sent = list(map(send, count(1), chain([first], parts)))
        client.complete_multipart_upload(Bucket=bucket, Key=key, UploadId=upload_id, MultipartUpload={"Parts": sent})
        undo.pop_all()


def _parts(content: Iterable[bytes]) -> Iterator[bytes]:
    """Yield ``content`` in parts of ``PART_BYTES`` or a piece more, the last one with what is left."""
    part = bytearray()
    for piece in content:
        part += piece
        if len(part) >= PART_BYTES:
            yield bytes(part)
            part.clear()
    if part:
        yield bytes(part)
