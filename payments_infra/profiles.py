"""Sizes and safeguards that belong together, written out: sandbox, staging, production."""

from __future__ import annotations

from dataclasses import dataclass

from payments_infra.constructs.nat import NatMode


@dataclass(frozen=True, kw_only=True)
class Profile:
    """How much one kind of environment keeps, guards and spends.

    Args:
        name: what ``PROFILE`` selects it by; an environment suffix of the same name selects it as well.
        retain_data: tables are protected from deletion, secrets and keys can be recovered for 30 days.
        log_retention_days: how long logs are kept; a value CloudWatch Logs knows.
        file_retention_days: how long uploaded files and reports of rejected rows are kept; after that, their versions
            as long again.
        nat: how private subnets reach the internet.
        zones: number of availability zones.
        processor_concurrency: most processor invocations at once; each charges up to ten payments at a time.
        requests_per_second: steady rate one API key may call with.
        burst_requests: how many requests may come at once.
        requests_per_day: daily quota of one API key.
        web_acl: put AWS WAF before the API, about $9 a month.
    """

    name: str
    retain_data: bool
    log_retention_days: int
    file_retention_days: int
    nat: NatMode
    zones: int
    processor_concurrency: int
    requests_per_second: int
    burst_requests: int
    requests_per_day: int
    web_acl: bool


SANDBOX = Profile(
    name="sandbox",
    retain_data=False,
    log_retention_days=14,
    file_retention_days=14,
    nat=NatMode.INSTANCE,
    zones=2,
    processor_concurrency=10,
    requests_per_second=50,
    burst_requests=100,
    requests_per_day=10_000,
    web_acl=False,
)

STAGING = Profile(
    name="staging",
    retain_data=False,
    log_retention_days=30,
    file_retention_days=30,
    nat=NatMode.INSTANCE,
    zones=2,
    processor_concurrency=10,
    requests_per_second=100,
    burst_requests=200,
    requests_per_day=100_000,
    web_acl=True,
)

PRODUCTION = Profile(
    name="production",
    retain_data=True,
    log_retention_days=365,
    file_retention_days=365,
    nat=NatMode.GATEWAY,
    zones=3,
    processor_concurrency=100,
    requests_per_second=500,
    burst_requests=1000,
    requests_per_day=10_000_000,
    web_acl=True,
)

PROFILES = {profile.name: profile for profile in (SANDBOX, STAGING, PRODUCTION)} | {"prod": PRODUCTION}
"""Every profile by the name that selects it."""
