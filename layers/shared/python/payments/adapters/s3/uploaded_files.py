"""Reading uploads a piece at a time, each in the very version that a batch is about."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError, HTTPClientError, IncompleteReadError

from payments.adapters.aws import error_code
from payments.adapters.backoff import attempts
from payments.domain.errors import BatchRefused

if TYPE_CHECKING:
    from collections.abc import Iterator

    from botocore.response import StreamingBody
    from mypy_boto3_s3.client import S3Client

    from payments.domain.batch import BatchObject

LARGEST_PIECE_BYTES = 1024 * 1024

_READ_ATTEMPTS = 6

# What a connection that breaks in the middle of a body gives; the SDK itself tries again only until a body begins.
_BROKEN = (HTTPClientError, IncompleteReadError)

# To HEAD there is no body and so no name but the status. 405 is what a mark of deletion answers.
_ABSENT = {"404", "405", "NoSuchKey", "NoSuchVersion", "MethodNotAllowed"}


class S3Uploads:
    """A :class:`payments.ports.UploadedFiles`.

    Needs ``s3:GetObjectVersion``, and ``s3:ListBucket`` to be told that an object is not there (S3 says 403 otherwise).
    """

    def __init__(self, client: S3Client) -> None:
        self._client = client

    def size_bytes(self, source: BatchObject) -> int:
        """Return the size of the object. See :meth:`payments.ports.UploadedFiles.size_bytes`."""
        try:
            head = self._client.head_object(Bucket=source.bucket, Key=source.key, VersionId=source.version)
        except ClientError as error:
            if error_code(error) not in _ABSENT:
                raise
            raise BatchRefused("the file, or this version of it, is not there any more; upload it again") from None
        return head["ContentLength"]

    def pieces(self, source: BatchObject, *, start: int, end: int) -> Iterator[bytes]:
        """Yield the bytes from ``start`` to ``end``. See :meth:`payments.ports.UploadedFiles.pieces`.

        One request as long as its connection lasts: one that is left idle, while what was read is entered, may break.
        """
        reader = _Reader(self._client, source, position=start, end=end)
        try:
            while reader.position < end:
                yield reader.piece()
        finally:
            reader.close()


class _Reader:
    """Where in an object reading stands, and the answer it is read from."""

    def __init__(self, client: S3Client, source: BatchObject, *, position: int, end: int) -> None:
        self._get = partial(client.get_object, Bucket=source.bucket, Key=source.key, VersionId=source.version)
        self._body: StreamingBody | None = None
        self._end = end
        self.position = position

    def piece(self) -> bytes:
        """Return the next bytes, from a new answer where the old one broke.

        Raises:
            EOFError: the object ends before.
        """
        for attempt in attempts(_READ_ATTEMPTS):
            try:
                piece = self._opened().read(min(LARGEST_PIECE_BYTES, self._end - self.position))
                break
            except _BROKEN:
                self.close()
                if attempt == _READ_ATTEMPTS:
                    raise
        if not piece:
            raise EOFError(f"the object ends at byte {self.position}, and bytes up to {self._end} were asked for")
        self.position += len(piece)
        return piece

    def close(self) -> None:
        """Give the answer up; what of it was not read is not waited for."""
        if self._body:
            self._body.close()
            self._body = None

    def _opened(self) -> StreamingBody:
        if self._body is None:
            self._body = self._get(Range=f"bytes={self.position}-{self._end - 1}")["Body"]
        return self._body
