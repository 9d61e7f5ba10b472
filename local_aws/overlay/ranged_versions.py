"""A range of one version of an object: MiniStack answers with all of it.

AWS: https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html ("Range", "versionId").
"""

from typing import Any

from ministack.services import s3

Headers = dict[str, str]

_OK, _PARTIAL = 200, 206
_WHOLE_OBJECT = ("x-amz-checksum-mode",)


def apply() -> None:
    """Cut the range out of the version."""
    get = s3._get_object

    def get_range(bucket: str, key: str, headers: Headers, query: dict[str, Any] | None = None) -> Any:
        wanted = headers.get("range")
        if not wanted or not s3._qp(query or {}, "versionId", ""):
            return get(bucket, key, headers, query)
        # The checksum of all of it says nothing about a part.
        kept = {name: value for name, value in headers.items() if name not in _WHOLE_OBJECT}
        status, answered, body = get(bucket, key, kept, query)
        return (
            _cut(wanted, answered, body, s3._range_error_xml(bucket, key))
            if status == _OK
            else (status, answered, body)
        )

    s3._get_object = get_range


def _cut(wanted: str, headers: Headers, body: bytes, error: Any) -> tuple[int, Headers, bytes]:
    found = s3._parse_range(wanted, len(body))
    if found is None:
        return 416, {"Content-Type": "application/xml", "Content-Range": f"bytes */{len(body)}"}, s3._xml_body(error)
    start, end = found
    part = body[start : end + 1]
    told = {"Content-Length": str(len(part)), "Content-Range": f"bytes {start}-{end}/{len(body)}"}
    return _PARTIAL, headers | told, part
