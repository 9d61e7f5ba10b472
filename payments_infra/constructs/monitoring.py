"""Alarms that reach somebody and are explained in the runbook, and a dashboard of the same metrics."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from cdktf_cdktf_provider_aws.cloudwatch_dashboard import CloudwatchDashboard
from cdktf_cdktf_provider_aws.cloudwatch_metric_alarm import CloudwatchMetricAlarm
from constructs import Construct

from payments_infra.constructs.dashboard import Layout
from payments_infra.constructs.lazy_text import lazy_text

if TYPE_CHECKING:
    from payments_infra.constructs.metric import Metric
    from payments_infra.constructs.naming import Naming
    from payments_infra.constructs.notifications import Topic
    from payments_infra.constructs.place import Place
    from payments_infra.constructs.runbook import Runbook

STATISTICS = frozenset({"Average", "Maximum", "Minimum", "SampleCount", "Sum"})
"""What CloudWatch calls a statistic; percentiles and the like are extended statistics.
https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html"""

Missing = Literal["notBreaching", "breaching", "ignore", "missing"]


class Monitoring(Construct):
    """Watches metrics, and knows nothing of what they come from.

    Every alarm tells one topic when it starts and when it is over, and has an entry in the runbook; alarms of the same
    entry share a chart, which stands in the row of the entry's section. An alarm costs about $0.10 a month, and a
    dashboard $3 beyond the account's first three.

    Args:
        part: what is watched, kebab-case; names the dashboard.
        naming: names alarms and dashboard.
        place: where the metrics are.
        topic: is told; it and its key let each alarm in by its name.
        runbook: what there is to do about each kind of alarm.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        part: str = "operations",
        naming: Naming,
        place: Place,
        topic: Topic,
        runbook: Runbook,
    ) -> None:
        super().__init__(scope, id_)
        self.naming = naming
        self.place = place
        self.topic = topic
        self.runbook = runbook
        self._layout = Layout()
        self.alarms: dict[str, CloudwatchMetricAlarm] = {}
        self.dashboard = CloudwatchDashboard(
            self, "dashboard", dashboard_name=naming.name(part), dashboard_body=lazy_text(self._body)
        )

    def alarm(
        self,
        part: str,
        metric: Metric,
        *,
        above: float | None = None,
        below: float | None = None,
        entry: str | None = None,
        periods: int = 1,
        of: int | None = None,
        missing: Missing = "notBreaching",
    ) -> CloudwatchMetricAlarm:
        """Ring when ``metric`` is above or below a threshold.

        Args:
            part: what is wrong then, kebab-case; names the alarm.
            metric: what to watch.
            above: ring when the metric is greater.
            below: ring when the metric is less.
            entry: anchor of the runbook's entry; ``part`` where it is None.
            periods: how many of the metric's periods must be past the threshold.
            of: among how many of the last; ``periods`` where it is None.
            missing: what a period without data means.

        Raises:
            ValueError: there is no such entry, not exactly one threshold, or more periods than there are.
        """
        threshold, comparison = _threshold(part, above, below)
        of = periods if of is None else of
        if not 1 <= periods <= of:
            raise ValueError(f"alarm {part}: periods must be between 1 and of={of}, got {periods}")
        explained = self.runbook.entry(entry or part)
        chart = self._layout.chart(explained.section, explained.title)
        chart.metrics.append(metric)
        chart.thresholds.add(threshold)
        is_statistic = metric.statistic in STATISTICS
        name = self.naming.name(part, kind="alarm")
        self.topic.allow_alarm(name)
        self.alarms[part] = CloudwatchMetricAlarm(
            self,
            part.replace("-", "_"),
            alarm_name=name,
            alarm_description=f"{explained.title}. What to do: {explained.url}",
            namespace=metric.namespace,
            metric_name=metric.name,
            dimensions=dict(metric.dimensions) or None,
            statistic=metric.statistic if is_statistic else None,
            extended_statistic=None if is_statistic else metric.statistic,
            period=metric.period_seconds,
            comparison_operator=comparison,
            threshold=threshold,
            datapoints_to_alarm=periods,
            evaluation_periods=of,
            treat_missing_data=missing,
            alarm_actions=[self.topic.arn],
            ok_actions=[self.topic.arn],
        )
        return self.alarms[part]

    def show(self, row: str, title: str, *metrics: Metric) -> None:
        """Draw ``metrics`` on the dashboard without an alarm: in a chart ``title`` of ``row``."""
        self._layout.chart(row, title).metrics.extend(metrics)

    def _body(self) -> str:
        return self._layout.body(region=self.place.region)


def _threshold(part: str, above: float | None, below: float | None) -> tuple[float, str]:
    if above is not None and below is None:
        return above, "GreaterThanThreshold"
    if below is not None and above is None:
        return below, "LessThanThreshold"
    raise ValueError(f"alarm {part}: give either above or below, got above={above} and below={below}")
