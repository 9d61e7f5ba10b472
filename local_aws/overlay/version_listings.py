"""Keys in a listing of versions, encoded where the caller asks for that: MiniStack gives them as they are.

Who asks decodes them, and takes a key with a plus or a percent sign for another one. Terraform empties a bucket by what
the listing names, so it would delete what is not there, and list again, for ever.

AWS: https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectVersions.html ("encoding-type").
"""

from typing import Any

from defusedxml.ElementTree import fromstring
from ministack.services import s3

_OK = 200
_ENCODED = ("Delimiter", "KeyMarker", "NextKeyMarker", "Prefix", "Key")


def apply() -> None:
    """Encode what AWS encodes."""
    listed = s3._list_object_versions

    def list_encoded(bucket: str, query: dict[str, Any]) -> Any:
        status, headers, body = listed(bucket, query)
        if status != _OK or s3._qp(query, "encoding-type", "") != "url":
            return status, headers, body
        return status, headers, _encoded(body)

    s3._list_object_versions = list_encoded


def _encoded(body: bytes) -> bytes:
    root = fromstring(body)
    for element in root.iter():
        element.tag = element.tag.rpartition("}")[2]
        if element.tag in _ENCODED:
            element.text = s3._url_encode(element.text or "")
    # As MiniStack writes it: the namespace once, as an attribute.
    root.set("xmlns", s3.S3_NS)
    encoding = root.makeelement("EncodingType", {})
    encoding.text = "url"
    root.append(encoding)
    whole: bytes = s3._xml_body(root)
    return whole
