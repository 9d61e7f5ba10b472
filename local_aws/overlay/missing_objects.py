"""Objects that are not there, for callers who may not list the bucket: MiniStack tells them, AWS refuses.

AWS: https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html ("Permissions"): without s3:ListBucket the
answer is 403 whether or not the object exists.
"""

from typing import Any

from ministack.core import iam_actions, iam_evaluator
from ministack.core.responses import get_region, new_uuid
from ministack.core.router import extract_access_key_id
from ministack.services import s3

_NOT_FOUND = 404


def apply() -> None:
    """Look at the caller's permissions before a missing object is called missing."""
    s3._get_object = _hiding(s3._get_object)
    s3._head_object = _hiding(s3._head_object)


def _hiding(read: Any) -> Any:
    def read_or_refuse(bucket: str, key: str, headers: dict[str, str] | None = None, query: Any = None) -> Any:
        answer = read(bucket, key, headers, query)
        caller = extract_access_key_id(headers or {}, query or {})
        if answer[0] != _NOT_FOUND or not caller or bucket not in s3._buckets:
            return answer
        arn = f"arn:aws:s3:::{bucket}"
        denied = iam_evaluator.enforce(caller, "s3:ListBucket", "s3", get_region(), resource_arn=arn)
        if not isinstance(denied, iam_evaluator.EvalResult):
            return answer
        return iam_actions.access_denied_response(
            "s3", "s3:ListBucket", denied.principal_arn, new_uuid(), headers=headers, resource_arn=arn
        )

    return read_or_refuse
