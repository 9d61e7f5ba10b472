"""The stage of an API: where a deployment is served, throttled and logged."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from cdktf_cdktf_provider_aws.api_gateway_method_settings import (
    ApiGatewayMethodSettings,
    ApiGatewayMethodSettingsSettings,
)
from cdktf_cdktf_provider_aws.api_gateway_stage import ApiGatewayStage, ApiGatewayStageAccessLogSettings
from cdktf_cdktf_provider_aws.cloudwatch_log_group import CloudwatchLogGroup
from constructs import Construct

if TYPE_CHECKING:
    from cdktf_cdktf_provider_aws.api_gateway_deployment import ApiGatewayDeployment
    from cdktf_cdktf_provider_aws.api_gateway_rest_api import ApiGatewayRestApi

    from payments_infra.constructs.api_access import Limits
    from payments_infra.constructs.api_log_role import ApiLogRole
    from payments_infra.constructs.encryption import Key

ACCESS_LOG_FIELDS = {
    "requestId": "requestId",
    "extendedRequestId": "extendedRequestId",
    "requestTimeEpoch": "requestTimeEpoch",
    "method": "httpMethod",
    "route": "resourcePath",
    "status": "status",
    "error": "error.responseType",
    "apiKeyId": "identity.apiKeyId",
    "sourceIp": "identity.sourceIp",
    "integrationStatus": "integrationStatus",
    "integrationLatency": "integrationLatency",
    "responseLatency": "responseLatency",
    "responseLength": "responseLength",
    "xrayTraceId": "xrayTraceId",
}
"""What is kept of each request: who (the key's id, never the key; the caller's address, without which a stolen key
can't be traced), what (the route, not the ids in its path) and how it went. No body, no other header, no query.
https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-variables-for-access-logging.html"""


class ApiStage(Construct):
    """One stage with encrypted logs: one line of JSON for each request, and API Gateway's own errors.

    Args:
        rest_api: the API.
        stage_name: the stage's name; part of the API's address.
        deployment: what is served.
        key: encrypts the logs, and lets CloudWatch Logs in for them.
        limits: what all callers together may use.
        log_retention_days: how long logs are kept; a value CloudWatch Logs knows.
        trace: record requests with X-Ray.
        log_role: to wait for, where the same stack manages it.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        rest_api: ApiGatewayRestApi,
        stage_name: str,
        deployment: ApiGatewayDeployment,
        key: Key,
        limits: Limits,
        log_retention_days: int,
        trace: bool,
        log_role: ApiLogRole | None,
    ) -> None:
        super().__init__(scope, id_)
        self._key = key
        self._log_retention_days = log_retention_days
        # API Gateway dictates this name, and would create the group with the first error: unencrypted, for ever.
        error_log_name = f"API-Gateway-Execution-Logs_{rest_api.id}/{stage_name}"
        self.error_log = self._log_group("error_log", error_log_name)
        self.access_log = self._log_group("access_log", f"/aws/apigateway/{rest_api.name_input}")
        self.stage = ApiGatewayStage(
            self,
            "stage",
            rest_api_id=rest_api.id,
            deployment_id=deployment.id,
            stage_name=stage_name,
            xray_tracing_enabled=trace,
            access_log_settings=ApiGatewayStageAccessLogSettings(
                destination_arn=self.access_log.arn,
                format=json.dumps({field: f"$context.{variable}" for field, variable in ACCESS_LOG_FIELDS.items()}),
            ),
            depends_on=[self.error_log, *([log_role.account] if log_role else [])],
        )
        ApiGatewayMethodSettings(
            self,
            "method_settings",
            rest_api_id=rest_api.id,
            stage_name=self.stage.stage_name,
            method_path="*/*",
            settings=ApiGatewayMethodSettingsSettings(
                metrics_enabled=True,
                logging_level="ERROR",
                data_trace_enabled=False,  # would write whole requests and answers into the log
                throttling_rate_limit=limits.requests_per_second,
                throttling_burst_limit=limits.burst_requests,
            ),
        )

    def _log_group(self, id_: str, name: str) -> CloudwatchLogGroup:
        self._key.allow_log_group(name)
        return CloudwatchLogGroup(
            self, id_, name=name, kms_key_id=self._key.arn, retention_in_days=self._log_retention_days
        )
