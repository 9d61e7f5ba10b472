"""Who may call an API, and how much."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

from cdktf_cdktf_provider_aws.api_gateway_api_key import ApiGatewayApiKey
from cdktf_cdktf_provider_aws.api_gateway_usage_plan import (
    ApiGatewayUsagePlan,
    ApiGatewayUsagePlanApiStages,
    ApiGatewayUsagePlanQuotaSettings,
    ApiGatewayUsagePlanThrottleSettings,
)
from cdktf_cdktf_provider_aws.api_gateway_usage_plan_key import ApiGatewayUsagePlanKey
from constructs import Construct

if TYPE_CHECKING:
    from cdktf_cdktf_provider_aws.api_gateway_stage import ApiGatewayStage


@dataclass(frozen=True, kw_only=True)
class Limits:
    """How much may be asked of an API.

    Args:
        requests_per_second: steady rate.
        burst_requests: how many requests may come at once.
        requests_per_day: quota.

    Raises:
        ValueError: a number is below 1, which would refuse every request.
    """

    requests_per_second: int = 50
    burst_requests: int = 100
    requests_per_day: int = 10_000

    def __post_init__(self) -> None:
        for field in fields(self):
            if getattr(self, field.name) < 1:
                raise ValueError(f"{field.name} must be at least 1, got {getattr(self, field.name)}")


class ApiAccess(Construct):
    """An API key, bound to a usage plan of one stage. API Gateway draws the key's value, so no template holds it.

    Args:
        name: name of key and plan.
        stage: what the key opens.
        limits: what the key may use.
    """

    def __init__(self, scope: Construct, id_: str, *, name: str, stage: ApiGatewayStage, limits: Limits) -> None:
        super().__init__(scope, id_)
        self.usage_plan = ApiGatewayUsagePlan(
            self,
            "usage_plan",
            name=name,
            api_stages=[ApiGatewayUsagePlanApiStages(api_id=stage.rest_api_id, stage=stage.stage_name)],
            quota_settings=ApiGatewayUsagePlanQuotaSettings(limit=limits.requests_per_day, period="DAY"),
            throttle_settings=ApiGatewayUsagePlanThrottleSettings(
                rate_limit=limits.requests_per_second, burst_limit=limits.burst_requests
            ),
        )
        self.key = ApiGatewayApiKey(self, "key", name=name)
        ApiGatewayUsagePlanKey(
            self, "usage_plan_key", key_id=self.key.id, key_type="API_KEY", usage_plan_id=self.usage_plan.id
        )
