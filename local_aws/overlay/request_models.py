"""Request models that apply to their own content type; MiniStack falls back to the one of application/json.

AWS skips validation of the body when no model is there for its type
(https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-method-request-validation.html), so functions
must refuse such bodies themselves: with MiniStack alone they would never be asked.
"""

from typing import Any

from ministack.services import apigateway_v1


def apply() -> None:
    """Validate a body only by the model of its type."""
    check = apigateway_v1._check_request_validation

    def check_by_type(method: dict[str, Any], api_id: str, request: Any, headers: dict[str, str], *rest: Any) -> Any:
        sent = apigateway_v1._header_ci(headers, "content-type") or "application/json"
        media_type = sent.split(";", maxsplit=1)[0].strip()
        models = {kind: model for kind, model in (method.get("requestModels") or {}).items() if kind == media_type}
        return check(method | {"requestModels": models}, api_id, request, headers, *rest)

    apigateway_v1._check_request_validation = check_by_type
