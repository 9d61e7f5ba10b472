"""Alarms that watch their own metric: MiniStack ignores dimensions, so one function's errors ring every alarm.

AWS: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch_concepts.html#Dimension ("each unique
combination of dimensions is a separate metric").
"""

from types import FunctionType
from typing import Any

from ministack.services import cloudwatch


def apply() -> None:
    """Evaluate each alarm on the data points of its own dimensions."""
    evaluate = cloudwatch._evaluate_alarm

    def evaluate_own_metric(alarm: dict[str, Any]) -> None:
        wanted = {each["Name"]: each["Value"] for each in alarm.get("Dimensions") or []}
        key = cloudwatch._dims_key(wanted)
        own = {metric: points for metric, points in cloudwatch._metrics.items() if metric[2] == key}
        # The same code, seeing only these data points.
        FunctionType(evaluate.__code__, vars(cloudwatch) | {"_metrics": own})(alarm)

    cloudwatch._evaluate_alarm = evaluate_own_metric
