"""Routes, built: resources from their paths, methods behind an API key, integrations with the functions."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Literal

from cdktf_cdktf_provider_aws.api_gateway_integration import ApiGatewayIntegration
from cdktf_cdktf_provider_aws.api_gateway_method import ApiGatewayMethod
from cdktf_cdktf_provider_aws.api_gateway_model import ApiGatewayModel
from cdktf_cdktf_provider_aws.api_gateway_request_validator import ApiGatewayRequestValidator
from cdktf_cdktf_provider_aws.api_gateway_resource import ApiGatewayResource
from constructs import Construct

from payments_infra.constructs.limits import refuse_out_of_range
from payments_infra.constructs.route import path_id, refuse_clashing_routes

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cdktf import TerraformResource
    from cdktf_cdktf_provider_aws.api_gateway_rest_api import ApiGatewayRestApi

    from payments_infra.constructs.route import Route

Authorization = Literal["NONE", "AWS_IAM"]

LONGEST_TIMEOUT_SECONDS = 29
"""https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-execution-service-limits-table.html"""


class RouteTable(Construct):
    """What one REST API serves.

    Args:
        rest_api: the API.
        stage_name: the only stage that may invoke the functions.
        routes: what is served.
        models: JSON Schema (draft 4) of each body model, by name; a name holds letters and digits only.
        authorization: ``NONE`` leaves it to the API key, ``AWS_IAM`` asks for a signed request as well.
        timeout_seconds: how long API Gateway waits for a function, 1 to 29.

    Raises:
        ValueError: routes clash, a model is missing, unused or no JSON object, or the time-out is out of range.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        rest_api: ApiGatewayRestApi,
        stage_name: str,
        routes: Sequence[Route],
        models: Mapping[str, str],
        authorization: Authorization,
        timeout_seconds: int,
    ) -> None:
        super().__init__(scope, id_)
        refuse_clashing_routes(routes)
        _refuse_odd_models(routes, models)
        refuse_out_of_range("timeout_seconds", timeout_seconds, 1, LONGEST_TIMEOUT_SECONDS)
        self._rest_api = rest_api
        self._authorization = authorization
        self._timeout_seconds = timeout_seconds
        self.resources: dict[str, ApiGatewayResource] = {}
        self.methods: dict[str, ApiGatewayMethod] = {}
        self.integrations: dict[str, ApiGatewayIntegration] = {}
        self.models = {name: self._model(name, schema) for name, schema in models.items()}
        self._parameters_validator = self._validator("parameters", body=False)
        self._body_validator = self._validator("body", body=True) if models else None
        for route in routes:
            self._add(route)
            route.function.grant_invoke(
                f"{scope.node.id}_{route.id}",
                principal="apigateway.amazonaws.com",
                source_arn=f"{rest_api.execution_arn}/{stage_name}/{route.arn_suffix}",
            )

    @property
    def parts(self) -> list[TerraformResource]:
        """Everything a deployment must wait for and change with."""
        validators = [self._parameters_validator, *([self._body_validator] if self._body_validator else [])]
        return [
            *self.resources.values(),
            *self.models.values(),
            *validators,
            *self.methods.values(),
            *self.integrations.values(),
        ]

    def _add(self, route: Route) -> None:
        validator = self._body_validator if route.body_model and self._body_validator else self._parameters_validator
        method = self.methods[route.id] = ApiGatewayMethod(
            self,
            f"method_{route.id}",
            rest_api_id=self._rest_api.id,
            resource_id=self._resource_id(route.path),
            http_method=route.method,
            authorization=self._authorization,
            api_key_required=True,
            request_validator_id=validator.id,
            request_parameters=route.request_parameters or None,
            request_models=self._request_models(route.body_model),
        )
        self.integrations[route.id] = ApiGatewayIntegration(
            self,
            f"integration_{route.id}",
            rest_api_id=self._rest_api.id,
            resource_id=method.resource_id,
            http_method=method.http_method,
            type="AWS_PROXY",
            integration_http_method="POST",
            uri=route.function.invoke_arn,
            timeout_milliseconds=self._timeout_seconds * 1000,
        )

    def _resource_id(self, path: str) -> str:
        if path in ("", "/"):
            return str(self._rest_api.root_resource_id)
        if path not in self.resources:
            parent, _, part = path.rpartition("/")
            parent_id = self._resource_id(parent)
            self.resources[path] = ApiGatewayResource(
                self,
                f"resource_{path_id(path)}",
                rest_api_id=self._rest_api.id,
                parent_id=parent_id,
                path_part=part,
            )
        return str(self.resources[path].id)

    def _request_models(self, name: str | None) -> dict[str, str] | None:
        """``$default`` makes the model apply whatever content type the caller names."""
        if name is None:
            return None
        return dict.fromkeys(("application/json", "$default"), self.models[name].name)

    def _model(self, name: str, schema: str) -> ApiGatewayModel:
        return ApiGatewayModel(
            self,
            f"model_{path_id(name)}",
            rest_api_id=self._rest_api.id,
            name=name,
            content_type="application/json",
            schema=schema,
        )

    def _validator(self, name: str, *, body: bool) -> ApiGatewayRequestValidator:
        return ApiGatewayRequestValidator(
            self,
            f"validator_{name}",
            rest_api_id=self._rest_api.id,
            name=name,
            validate_request_parameters=True,
            validate_request_body=body,
        )


def _refuse_odd_models(routes: Sequence[Route], models: Mapping[str, str]) -> None:
    for name, schema in models.items():
        if not (name.isascii() and name.isalnum()):
            raise ValueError(f"a model's name holds letters and digits only, got {name!r}")
        _refuse_non_schema(name, schema)
    used = {route.body_model for route in routes if route.body_model}
    if used != set(models):
        raise ValueError(f"routes use the models {sorted(used)}, given are {sorted(models)}: they must be the same")


def _refuse_non_schema(name: str, schema: str) -> None:
    try:
        keywords = dict(json.loads(schema))
    except (TypeError, ValueError) as error:
        raise ValueError(f"the schema of model {name} must be a JSON object, got {schema!r}") from error
    if not keywords:
        raise ValueError(f"the schema of model {name} asks for nothing: leave the model out")
