"""What callers see when the function behind an API crashes: MiniStack shows them the exception's text.

AWS answers 502 `{"message": "Internal server error"}`, or what the API makes of DEFAULT_5XX:
https://docs.aws.amazon.com/apigateway/latest/developerguide/supported-gateway-response-types.html
"""

import json
from typing import Any

from ministack.services import apigateway_v1

_MESSAGE = "Internal server error"


class _CrashedError(Exception):
    pass


def apply() -> None:
    """Answer like AWS, and let no text of the function's out."""
    shape, invoke = apigateway_v1._lambda_proxy_response, apigateway_v1._invoke_lambda_proxy_v1

    def shape_or_refuse(result: dict[str, Any]) -> Any:
        if result.get("error"):
            raise _CrashedError
        return shape(result)

    async def invoke_and_hide(integration: Any, api_id: str, *arguments: Any, **options: Any) -> Any:
        try:
            return await invoke(integration, api_id, *arguments, **options)
        except _CrashedError:
            if "DEFAULT_5XX" in apigateway_v1._gateway_responses.get(api_id, {}):
                return apigateway_v1._gw_error("DEFAULT_5XX", _MESSAGE)
            return 502, {"Content-Type": "application/json"}, json.dumps({"message": _MESSAGE}).encode()

    apigateway_v1._lambda_proxy_response = shape_or_refuse
    apigateway_v1._invoke_lambda_proxy_v1 = invoke_and_hide
