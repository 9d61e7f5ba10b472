"""Bodies over 10 MB, which API Gateway refuses and MiniStack passes on.

AWS: https://docs.aws.amazon.com/apigateway/latest/developerguide/limits.html ("payload size").
"""

from typing import Any

from ministack.services import apigateway_v1

LARGEST_BODY_BYTES = 10 * 1024 * 1024


def apply() -> None:
    """Answer by the API's response for requests that are too large."""
    execute = apigateway_v1._execute_in_scope

    async def execute_small(request: dict[str, Any], api_id: str, stage: str, *rest: Any) -> Any:
        *_, body, _query, _account, _region = rest
        if len(body or b"") <= LARGEST_BODY_BYTES:
            return await execute(request, api_id, stage, *rest)
        request["stage"] = apigateway_v1._stages_v1.get(api_id, {}).get(stage, {})
        return apigateway_v1._gw_error("REQUEST_TOO_LARGE", "Request Entity Too Large")

    apigateway_v1._execute_in_scope = execute_small
