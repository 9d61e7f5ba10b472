"""Headers for browsers: MiniStack sends them to every caller, AWS to those that name their origin.

AWS: https://docs.aws.amazon.com/AmazonS3/latest/userguide/cors.html. SDKs parse each header of each answer, which is a
good part of what a call costs a function here.
"""

from typing import Any

from ministack import app

_PREFIX = "access-control-"


def apply() -> None:
    """Leave them out of answers to anything else than a browser."""
    dispatch = app._dispatch_service_request

    async def dispatch_briefly(method: str, path: str, headers: dict[str, str], *rest: Any) -> Any:
        status, answered, body = await dispatch(method, path, headers, *rest)
        if "origin" not in headers:
            answered = {name: value for name, value in answered.items() if not name.lower().startswith(_PREFIX)}
        return status, answered, body

    app._dispatch_service_request = dispatch_briefly
