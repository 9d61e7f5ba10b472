"""A dashboard's layout: rows of charts, each chart a few metrics and the thresholds they are watched by."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from payments_infra.constructs.metric import Metric

COLUMNS = 24
"""https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/CloudWatch-Dashboard-Body-Structure.html"""

CHART_WIDTH = 8
CHART_HEIGHT = 6
HEADING_HEIGHT = 1


@dataclass
class Chart:
    """Metrics that are read together, and the thresholds of their alarms."""

    metrics: list[Metric] = field(default_factory=list)
    thresholds: set[float] = field(default_factory=set)


@dataclass
class Layout:
    """Charts by row and title, in the order they were first asked for."""

    rows: dict[str, dict[str, Chart]] = field(default_factory=dict)

    def chart(self, row: str, title: str) -> Chart:
        """Return the chart ``title`` of ``row``; a new one where there is none yet."""
        return self.rows.setdefault(row, {}).setdefault(title, Chart())

    def body(self, *, region: str) -> str:
        """Return the dashboard as CloudWatch takes it."""
        widgets: list[dict[str, Any]] = []
        y = 0
        for row, charts in self.rows.items():
            widgets.append(_heading(row, y))
            y += HEADING_HEIGHT
            for index, (title, chart) in enumerate(charts.items()):
                line, column = divmod(index, COLUMNS // CHART_WIDTH)
                place = {"x": column * CHART_WIDTH, "y": y + line * CHART_HEIGHT}
                widgets.append({**place, **_chart(title, chart, region)})
            y += CHART_HEIGHT * -(-len(charts) // (COLUMNS // CHART_WIDTH))
        return json.dumps({"widgets": widgets}, separators=(",", ":"))


def _heading(text: str, y: int) -> dict[str, Any]:
    return {
        "type": "text",
        "x": 0,
        "y": y,
        "width": COLUMNS,
        "height": HEADING_HEIGHT,
        "properties": {"markdown": f"## {text}"},
    }


def _chart(title: str, chart: Chart, region: str) -> dict[str, Any]:
    properties: dict[str, Any] = {
        "title": title,
        "region": region,
        "view": "timeSeries",
        "metrics": [_line(metric) for metric in chart.metrics],
        "yAxis": {"left": {"min": 0}},
    }
    if chart.thresholds:
        lines = [{"label": "alarm", "value": threshold} for threshold in sorted(chart.thresholds)]
        properties["annotations"] = {"horizontal": lines}
    return {"type": "metric", "width": CHART_WIDTH, "height": CHART_HEIGHT, "properties": properties}


def _line(metric: Metric) -> list[Any]:
    dimensions = [part for pair in sorted(metric.dimensions.items()) for part in pair]
    look = {"label": metric.label, "stat": metric.statistic, "period": metric.period_seconds}
    return [metric.namespace, metric.name, *dimensions, look]
