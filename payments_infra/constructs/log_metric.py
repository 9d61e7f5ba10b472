"""A metric counted from log lines."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cdktf_cdktf_provider_aws.cloudwatch_log_metric_filter import (
    CloudwatchLogMetricFilter,
    CloudwatchLogMetricFilterMetricTransformation,
)
from constructs import Construct

from payments_infra.constructs.metric import Metric

if TYPE_CHECKING:
    from cdktf_cdktf_provider_aws.cloudwatch_log_group import CloudwatchLogGroup

    from payments_infra.constructs.naming import Naming

_TOLD_BY = (
    # What the handler says through Powertools, or any logger of Python.
    ("$.level", "ERROR"),
    ("$.level", "CRITICAL"),
    # What the runtime says of an exception nobody caught, or of a handler it could not import.
    ("$.log_level", "ERROR"),
    # What Lambda says of a run that did not come to its own end.
    ("$.record.status", "error"),
    ("$.record.status", "failure"),
    ("$.record.status", "timeout"),
)

FAILURES = "{ " + " || ".join(f'({field} = "{value}")' for field, value in _TOLD_BY) + " }"
"""Lines of a function with JSON logs that tell of a failure. The three writers name the level differently.
https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntaxForMetricFilters.html
https://docs.aws.amazon.com/lambda/latest/dg/telemetry-schema-reference.html"""


def entered(state: str) -> str:
    """Return the pattern of lines that tell of an execution which comes into ``state``, a Pass state.

    The state machine must log every step. A line that tells of its leaving the state names it too.
    https://docs.aws.amazon.com/step-functions/latest/dg/cw-logs.html
    """
    return f'{{ ($.type = "PassStateEntered") && ($.details.name = "{state}") }}'


class LogMetric(Construct):
    """Counts the lines of ``log_group`` that match ``pattern``.

    Nothing is counted, and nothing paid for, as long as no line matches: an alarm on it must take silence for good.

    Args:
        part: what is counted, kebab-case; names the filter and the metric.
        naming: names them, and the metric's namespace.
        log_group: where the lines are.
        pattern: CloudWatch Logs filter pattern.
        label: what a person reads on the dashboard.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        part: str,
        naming: Naming,
        log_group: CloudwatchLogGroup,
        pattern: str,
        label: str,
    ) -> None:
        super().__init__(scope, id_)
        name = naming.name(part)
        self.metric = Metric(namespace=naming.name("logs"), name=name, statistic="Sum", label=label)
        CloudwatchLogMetricFilter(
            self,
            "filter",
            name=name,
            log_group_name=log_group.name,
            pattern=pattern,
            metric_transformation=CloudwatchLogMetricFilterMetricTransformation(
                namespace=self.metric.namespace, name=name, value="1", unit="Count"
            ),
        )
