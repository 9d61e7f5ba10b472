"""What the steps of a batch leave for each other, as objects of the batch's own folder."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import chain
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from payments.adapters.aws import error_code
from payments.adapters.s3.long_objects import write_object
from payments.domain.batch_counts import counts_from, counts_json
from payments.domain.errors import OutcomeMissing

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from botocore.response import StreamingBody
    from mypy_boto3_s3.client import S3Client

    from payments.domain.batch import ByteRange, RowCounts

_JSON = "application/json"
_CSV = "text/csv; charset=utf-8"
_PIECE_BYTES = 1024 * 1024
_READ_AT_ONCE = 8
_WINDOW = 64
"""Outcomes asked for before the first of them is used: what keeps memory from growing with their number."""


class S3WorkFiles:
    """A :class:`payments.ports.WorkFiles` under ``work/<batch_id>/``, and the report as ``rejected/<batch_id>.csv``.

    Writing needs ``s3:PutObject`` and ``s3:AbortMultipartUpload``; reading ``s3:GetObject``, and ``s3:ListBucket`` to
    be told that an outcome is not there (S3 says 403 otherwise).
    """

    def __init__(self, client: S3Client, bucket: str) -> None:
        self._client = client
        self._bucket = bucket
        self._write = partial(write_object, client, bucket=bucket)

    def write_manifest(self, batch_id: str, ranges: Iterable[ByteRange]) -> str:
        """Write the ranges as one JSON array. See :meth:`payments.ports.WorkFiles.write_manifest`."""
        key = f"work/{batch_id}/manifest.json"
        self._write(key=key, content_type=_JSON, content=_json_array(vars(each) for each in ranges))
        return key

    def write_outcome(self, batch_id: str, number: int, counts: RowCounts) -> None:
        """Write what came of a range. See :meth:`payments.ports.WorkFiles.write_outcome`."""
        content = json.dumps(counts_json(counts), separators=(",", ":")).encode()
        self._write(key=_outcome_key(batch_id, number), content_type=_JSON, content=[content])

    def write_rejected(self, batch_id: str, number: int, lines: Iterable[str]) -> None:
        """Write the report lines of a range. See :meth:`payments.ports.WorkFiles.write_rejected`.

        None at all are written too, so that one that is missing later is seen to be missing.
        """
        content = (line.encode() for line in lines)
        self._write(key=_rejected_key(batch_id, number), content_type=_CSV, content=content)

    def outcomes(self, batch_id: str, ranges: int) -> Iterator[RowCounts]:
        """Yield what came of each range. See :meth:`payments.ports.WorkFiles.outcomes`."""
        with ThreadPoolExecutor(max_workers=_READ_AT_ONCE) as pool:
            for start in range(0, ranges, _WINDOW):
                yield from pool.map(partial(self._outcome, batch_id), range(start, min(start + _WINDOW, ranges)))

    def write_report(self, batch_id: str, *, header: str, ranges: int) -> str:
        """Join the ranges' report lines. See :meth:`payments.ports.WorkFiles.write_report`.

        Raises:
            OutcomeMissing: a range has left no report lines, not even none.
        """
        key = f"rejected/{batch_id}.csv"
        reported = chain.from_iterable(self._rejected(batch_id, number) for number in range(ranges))
        self._write(key=key, content_type=_CSV, content=chain([header.encode()], reported))
        return key

    def _outcome(self, batch_id: str, number: int) -> RowCounts:
        return counts_from(json.loads(self._body(_outcome_key(batch_id, number)).read()))

    def _rejected(self, batch_id: str, number: int) -> Iterator[bytes]:
        return self._body(_rejected_key(batch_id, number)).iter_chunks(_PIECE_BYTES)

    def _body(self, key: str) -> StreamingBody:
        try:
            return self._client.get_object(Bucket=self._bucket, Key=key)["Body"]
        except ClientError as error:
            if error_code(error) != "NoSuchKey":
                raise
            raise OutcomeMissing(f"{key} is not there: its range has not been read to its end") from None


def _outcome_key(batch_id: str, number: int) -> str:
    return f"work/{batch_id}/outcomes/{number:06d}.json"


def _rejected_key(batch_id: str, number: int) -> str:
    return f"work/{batch_id}/rejected/{number:06d}.csv"


def _json_array(objects: Iterable[dict[str, Any]]) -> Iterator[bytes]:
    before = "["
    for each in objects:
        yield f"{before}{json.dumps(each, separators=(',', ':'))}".encode()
        before = ","
    yield b"[]" if before == "[" else b"]"
