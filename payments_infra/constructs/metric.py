"""A metric as its owner describes it; monitoring alarms on it and draws it without knowing where it comes from."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, kw_only=True)
class Metric:
    """One CloudWatch metric with the statistic worth watching.

    Args:
        namespace: CloudWatch namespace, for example ``AWS/SQS``.
        name: metric name as the service publishes it.
        statistic: ``Sum``, ``Maximum``, ``Average``, ``Minimum`` or a percentile such as ``p99``.
        dimensions: dimension names and values that pick the one resource.
        period_seconds: length of one data point.
        label: what a person reads on the dashboard.
    """

    namespace: str
    name: str
    statistic: str
    label: str
    dimensions: Mapping[str, str] = field(default_factory=dict)
    period_seconds: int = 60
