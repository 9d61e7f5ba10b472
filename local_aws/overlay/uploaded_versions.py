"""Which version of an object an event is about, which MiniStack tells queues but not EventBridge.

AWS: https://docs.aws.amazon.com/AmazonS3/latest/userguide/ev-events.html ("version-id").
"""

import json
from contextvars import ContextVar
from typing import Any

from ministack.services import eventbridge, s3

_version: ContextVar[str | None] = ContextVar("version", default=None)


def apply() -> None:
    """Add the version to the events of S3."""
    fire, dispatch = s3._fire_s3_event, eventbridge._dispatch_event

    def fire_with_version(*arguments: Any, version_id: str | None = None, **options: Any) -> None:
        token = _version.set(version_id)
        try:
            fire(*arguments, version_id=version_id, **options)
        finally:
            _version.reset(token)

    def dispatch_with_version(event: dict[str, Any], *rest: Any) -> Any:
        if event["Source"] == "aws.s3" and (version := _version.get()):
            detail = json.loads(event["Detail"])
            detail["object"]["version-id"] = version
            event = event | {"Detail": json.dumps(detail)}
        return dispatch(event, *rest)

    s3._fire_s3_event = fire_with_version
    eventbridge._dispatch_event = dispatch_with_version
