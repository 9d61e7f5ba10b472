from __future__ import annotations

from payments_infra.constructs.metric import Metric


def test_a_metric_is_looked_at_minute_by_minute_unless_said_otherwise() -> None:
    metric = Metric(namespace="AWS/SQS", name="NumberOfMessagesSent", statistic="Sum", label="sent")
    assert metric.period_seconds == 60
    assert metric.dimensions == {}


def test_equal_descriptions_are_one_metric() -> None:
    def metric() -> Metric:
        return Metric(
            namespace="AWS/SQS",
            name="NumberOfMessagesSent",
            statistic="Sum",
            label="sent",
            dimensions={"QueueName": "payments"},
        )

    assert metric() == metric()
