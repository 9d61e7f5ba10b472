"""An HTTP API whose every method asks for an API key and whose every error is a problem+json."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cdktf import TerraformResourceLifecycle
from cdktf_cdktf_provider_aws.api_gateway_deployment import ApiGatewayDeployment
from cdktf_cdktf_provider_aws.api_gateway_rest_api import ApiGatewayRestApi, ApiGatewayRestApiEndpointConfiguration
from cdktf_cdktf_provider_aws.wafv2_web_acl_association import Wafv2WebAclAssociation
from constructs import Construct

from payments_infra.constructs.api_access import ApiAccess, Limits
from payments_infra.constructs.api_stage import ApiStage
from payments_infra.constructs.fingerprint import fingerprint
from payments_infra.constructs.gateway_responses import GatewayResponses
from payments_infra.constructs.metric import Metric
from payments_infra.constructs.route_table import RouteTable

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from payments_infra.constructs.api_log_role import ApiLogRole
    from payments_infra.constructs.encryption import Key
    from payments_infra.constructs.naming import Naming
    from payments_infra.constructs.route import Route
    from payments_infra.constructs.route_table import Authorization
    from payments_infra.constructs.web_acl import WebAcl


class Api(Construct):
    """A regional REST API with one stage, named by the environment suffix.

    No method answers without an API key that is bound to this API's usage plan. A key says which caller it is, not that
    the caller is who it claims to be: where callers have AWS identities, ``authorization="AWS_IAM"`` asks for a
    signature on top. The key's value is in no template; like every attribute it is in Terraform's state, which
    therefore must be private.

    Args:
        part: what the API serves, kebab-case; becomes part of every name.
        naming: names the API, its key, plan and logs; its suffix names the stage.
        key: encrypts the logs.
        routes: what is served.
        models: JSON Schema (draft 4) of each body model the routes name.
        authorization: what a caller needs beside the API key.
        limits: what the API key, and all callers together, may use.
        timeout_seconds: how long API Gateway waits for a function, 1 to 29.
        log_retention_days: how long logs are kept; a value CloudWatch Logs knows.
        trace: record requests with X-Ray.
        web_acl: firewall before the stage.
        log_role: the account's logging role, where the same stack manages it.

    Raises:
        ValueError: the time-out is out of range, or routes and models don't fit together.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        part: str = "api",
        naming: Naming,
        key: Key,
        routes: Sequence[Route],
        models: Mapping[str, str] | None = None,
        authorization: Authorization = "NONE",
        limits: Limits | None = None,
        timeout_seconds: int = 29,
        log_retention_days: int = 30,
        trace: bool = False,
        web_acl: WebAcl | None = None,
        log_role: ApiLogRole | None = None,
    ) -> None:
        super().__init__(scope, id_)
        self.name = naming.name(part)
        self.rest_api = ApiGatewayRestApi(
            self,
            "rest_api",
            name=self.name,
            endpoint_configuration=ApiGatewayRestApiEndpointConfiguration(types=["REGIONAL"]),
            disable_execute_api_endpoint=False,
        )
        self.routes = RouteTable(
            self,
            "routes",
            rest_api=self.rest_api,
            stage_name=naming.suffix,
            routes=routes,
            models=models or {},
            authorization=authorization,
            timeout_seconds=timeout_seconds,
        )
        self.responses = GatewayResponses(self, "responses", rest_api_id=self.rest_api.id)
        self.deployment = self._deployment()
        self.serving = ApiStage(
            self,
            "serving",
            rest_api=self.rest_api,
            stage_name=naming.suffix,
            deployment=self.deployment,
            key=key,
            limits=limits or Limits(),
            log_retention_days=log_retention_days,
            trace=trace,
            log_role=log_role,
        )
        self.stage = self.serving.stage
        self.access = ApiAccess(self, "access", name=self.name, stage=self.stage, limits=limits or Limits())
        if web_acl is not None:
            Wafv2WebAclAssociation(self, "firewall", resource_arn=self.stage.arn, web_acl_arn=web_acl.arn)

    @property
    def invoke_url(self) -> str:
        """Address of the stage, without a slash at the end."""
        return str(self.stage.invoke_url)

    @property
    def key_id(self) -> str:
        """Id of the API key. Whoever may ``apigateway:GET`` it reads its value."""
        return str(self.access.key.id)

    def metric_requests(self) -> Metric:
        """Number of requests."""
        return self._metric("Count", "Sum", "requests")

    def metric_4xx(self) -> Metric:
        """Number of requests refused as the caller's mistake."""
        return self._metric("4XXError", "Sum", "4xx")

    def metric_5xx(self) -> Metric:
        """Number of requests that failed on this side."""
        return self._metric("5XXError", "Sum", "5xx")

    def metric_latency(self) -> Metric:
        """Milliseconds from request to answer that 99 of 100 requests stay under."""
        return self._metric("Latency", "p99", "p99 latency (ms)")

    def _metric(self, name: str, statistic: str, label: str) -> Metric:
        return Metric(
            namespace="AWS/ApiGateway",
            name=name,
            statistic=statistic,
            dimensions={"ApiName": self.name, "Stage": str(self.stage.stage_name_input)},
            label=f"{self.name} {label}",
        )

    def _deployment(self) -> ApiGatewayDeployment:
        parts = [*self.routes.parts, *self.responses.responses]
        return ApiGatewayDeployment(
            self,
            "deployment",
            rest_api_id=self.rest_api.id,
            # A deployment is a snapshot: without a trigger nothing that changes here would ever be served.
            triggers={"configuration": fingerprint(self, [self.rest_api, *parts])},
            lifecycle=TerraformResourceLifecycle(create_before_destroy=True),
            depends_on=parts,
        )
