from __future__ import annotations

import io
import json
import re
from typing import TYPE_CHECKING, Any

import pytest
from aws_lambda_powertools import Logger
from cdktf_cdktf_provider_aws.cloudwatch_log_group import CloudwatchLogGroup

from payments_infra.constructs.log_metric import FAILURES, LogMetric, entered
from payments_infra.constructs.metric import Metric
from payments_infra.constructs.monitoring import Monitoring
from payments_infra.constructs.notifications import Topic
from payments_infra.constructs.runbook import Runbook
from tests.infra.ground import Ground
from tests.infra.template import Template, synthesized

if TYPE_CHECKING:
    from collections.abc import Callable

    from cdktf import TerraformStack

RUNBOOK = """# Runbook

## Money

### Dead letters

Look, then mend.

### Too slow

#### Not an entry

## Workers

### Function errors
"""

DEAD_LETTERS = Metric(
    namespace="AWS/SQS",
    name="ApproximateNumberOfMessagesVisible",
    statistic="Maximum",
    dimensions={"QueueName": "dead"},
    label="dead letters",
)
LATENCY = Metric(namespace="AWS/ApiGateway", name="Latency", statistic="p99", label="latency", period_seconds=300)


def errors_of(function: str) -> Metric:
    return Metric(
        namespace="AWS/Lambda",
        name="Errors",
        statistic="Sum",
        dimensions={"FunctionName": function},
        label=f"{function} errors",
    )


def monitoring_in(stack: TerraformStack, id_: str = "monitoring", **options: Any) -> Monitoring:  # noqa: ANN401 - whatever Monitoring takes
    ground = Ground(stack)
    topic = Topic(stack, "alarms", part="alarms", naming=ground.naming, place=ground.place, key=ground.key)
    runbook = Runbook.parse(RUNBOOK, url="https://example.com/runbook.md")
    return Monitoring(
        stack, id_, **{"naming": ground.naming, "place": ground.place, "topic": topic, "runbook": runbook, **options}
    )


def watched(watch: Callable[[Monitoring], object]) -> Template:
    return synthesized(lambda stack: watch(monitoring_in(stack)))


def alarm_of(watch: Callable[[Monitoring], object]) -> dict[str, Any]:
    return watched(watch).only("aws_cloudwatch_metric_alarm")


def widgets_of(watch: Callable[[Monitoring], object]) -> list[dict[str, Any]]:
    body = json.loads(watched(watch).only("aws_cloudwatch_dashboard")["dashboard_body"])
    widgets: list[dict[str, Any]] = body["widgets"]
    return widgets


def test_an_alarm_watches_exactly_the_metric_its_owner_described() -> None:
    alarm = alarm_of(lambda monitoring: monitoring.alarm("dead-letters", DEAD_LETTERS, above=0))
    assert alarm["alarm_name"] == "payments-dead-letters-dev"
    assert alarm["namespace"] == "AWS/SQS"
    assert alarm["metric_name"] == "ApproximateNumberOfMessagesVisible"
    assert alarm["dimensions"] == {"QueueName": "dead"}
    assert (alarm["statistic"], alarm["period"]) == ("Maximum", 60)
    assert (alarm["comparison_operator"], alarm["threshold"]) == ("GreaterThanThreshold", 0)


def test_every_alarm_tells_the_topic_when_it_starts_and_when_it_is_over() -> None:
    """Defect: Dead alarms."""
    alarm = alarm_of(lambda monitoring: monitoring.alarm("dead-letters", DEAD_LETTERS, above=0))
    (action,) = alarm["alarm_actions"]
    assert re.fullmatch(r"\$\{aws_sns_topic\.alarms_topic_\w+\.arn\}", action)
    assert alarm["ok_actions"] == [action]


def test_an_alarm_says_where_it_is_written_what_to_do() -> None:
    """Defect: Dead alarms."""
    alarm = alarm_of(lambda monitoring: monitoring.alarm("a-errors", errors_of("a"), above=0, entry="function-errors"))
    assert alarm["alarm_description"] == "Function errors. What to do: https://example.com/runbook.md#function-errors"


def test_an_alarm_nobody_explained_is_refused() -> None:
    """Defect: Dead alarms."""
    with pytest.raises(ValueError, match=r"no entry 'mystery': write one, or name one of dead-letters, too-slow"):
        watched(lambda monitoring: monitoring.alarm("mystery", DEAD_LETTERS, above=0))


def test_one_period_past_the_threshold_rings_and_silence_is_good_unless_said_otherwise() -> None:
    alarm = alarm_of(lambda monitoring: monitoring.alarm("dead-letters", DEAD_LETTERS, above=0))
    assert (alarm["datapoints_to_alarm"], alarm["evaluation_periods"]) == (1, 1)
    assert alarm["treat_missing_data"] == "notBreaching"


def test_an_alarm_can_wait_for_some_of_the_last_periods_and_take_silence_for_bad() -> None:
    alarm = alarm_of(
        lambda monitoring: monitoring.alarm("too-slow", DEAD_LETTERS, below=1, periods=3, of=5, missing="breaching")
    )
    assert (alarm["datapoints_to_alarm"], alarm["evaluation_periods"]) == (3, 5)
    assert (alarm["comparison_operator"], alarm["threshold"]) == ("LessThanThreshold", 1)
    assert alarm["treat_missing_data"] == "breaching"


def test_a_percentile_is_an_extended_statistic() -> None:
    alarm = alarm_of(lambda monitoring: monitoring.alarm("too-slow", LATENCY, above=3000, periods=3))
    assert alarm["extended_statistic"] == "p99"
    assert "statistic" not in alarm
    assert "dimensions" not in alarm
    assert (alarm["period"], alarm["datapoints_to_alarm"], alarm["evaluation_periods"]) == (300, 3, 3)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "give either above or below, got above=None and below=None"),
        ({"above": 1, "below": 1}, "give either above or below, got above=1 and below=1"),
        ({"above": 1, "periods": 0}, "periods must be between 1 and of=0, got 0"),
        ({"above": 1, "periods": 3, "of": 2}, "periods must be between 1 and of=2, got 3"),
    ],
)
def test_an_alarm_that_could_not_ring_is_refused(options: dict[str, Any], message: str) -> None:
    """Defect: Dead alarms."""
    with pytest.raises(ValueError, match=message):
        watched(lambda monitoring: monitoring.alarm("dead-letters", DEAD_LETTERS, **options))


def test_the_dashboard_draws_what_rings_a_chart_for_each_entry_in_the_row_of_its_section() -> None:
    def watch(monitoring: Monitoring) -> None:
        monitoring.alarm("a-errors", errors_of("a"), above=0, entry="function-errors")
        monitoring.alarm("dead-letters", DEAD_LETTERS, above=0)
        monitoring.alarm("b-errors", errors_of("b"), above=0, entry="function-errors")

    widgets = widgets_of(watch)
    seen = [widget["properties"].get("title", widget["properties"].get("markdown")) for widget in widgets]
    assert seen == ["## Workers", "Function errors", "## Money", "Dead letters"]
    lines = widgets[1]["properties"]["metrics"]
    assert lines == [
        ["AWS/Lambda", "Errors", "FunctionName", "a", {"label": "a errors", "stat": "Sum", "period": 60}],
        ["AWS/Lambda", "Errors", "FunctionName", "b", {"label": "b errors", "stat": "Sum", "period": 60}],
    ]


def test_a_chart_shows_each_threshold_once() -> None:
    def watch(monitoring: Monitoring) -> None:
        for part, limit in (("a", 5), ("b", 5), ("c", 3)):
            monitoring.alarm(f"{part}-errors", errors_of(part), above=limit, entry="function-errors")

    annotations = widgets_of(watch)[1]["properties"]["annotations"]["horizontal"]
    assert [line["value"] for line in annotations] == [3, 5]


def test_metrics_can_be_shown_without_an_alarm() -> None:
    def watch(monitoring: Monitoring) -> None:
        monitoring.alarm("dead-letters", DEAD_LETTERS, above=0)
        monitoring.show("Money", "Traffic", LATENCY)

    template = watched(watch)
    assert len(template.resources("aws_cloudwatch_metric_alarm")) == 1
    widgets = json.loads(template.only("aws_cloudwatch_dashboard")["dashboard_body"])["widgets"]
    assert widgets[2]["properties"]["title"] == "Traffic"
    assert "annotations" not in widgets[2]["properties"]


def test_charts_fill_rows_of_three_and_never_overlap() -> None:
    def watch(monitoring: Monitoring) -> None:
        for number in range(5):
            monitoring.show("Money", f"chart {number}", DEAD_LETTERS)
        monitoring.show("Workers", "chart", DEAD_LETTERS)

    widgets = widgets_of(watch)
    taken = [
        (x, y)
        for widget in widgets
        for x in range(widget["x"], widget["x"] + widget["width"])
        for y in range(widget["y"], widget["y"] + widget["height"])
    ]
    assert len(taken) == len(set(taken))
    assert max(x for x, _ in taken) == 23
    assert [widget["y"] for widget in widgets] == [0, 1, 1, 1, 7, 7, 13, 14]


def test_charts_are_of_the_region_the_stack_is_deployed_in() -> None:
    """Defect: Hard-coded places."""
    widgets = widgets_of(lambda monitoring: monitoring.show("Money", "Traffic", LATENCY))
    assert widgets[1]["properties"]["region"].startswith("${data.aws_region.")


def test_two_monitorings_live_in_one_stack() -> None:
    """Defect: Two instances collide."""

    def build(stack: TerraformStack) -> None:
        first = monitoring_in(stack)
        second = Monitoring(
            stack,
            "second",
            part="second",
            naming=first.naming,
            place=first.place,
            topic=first.topic,
            runbook=first.runbook,
        )
        first.alarm("a-errors", errors_of("a"), above=0, entry="function-errors")
        second.alarm("b-errors", errors_of("b"), above=0, entry="function-errors")

    template = synthesized(build)
    dashboards = template.resources("aws_cloudwatch_dashboard").values()
    assert {body["dashboard_name"] for body in dashboards} == {"payments-operations-dev", "payments-second-dev"}
    assert len(template.resources("aws_cloudwatch_metric_alarm")) == 2


def test_a_runbook_knows_its_entries_by_anchor() -> None:
    runbook = Runbook.parse(RUNBOOK, url="docs/runbook.md")
    assert list(runbook.entries) == ["dead-letters", "too-slow", "function-errors"]
    entry = runbook.entry("too-slow")
    assert (entry.title, entry.section, entry.url) == ("Too slow", "Money", "docs/runbook.md#too-slow")


@pytest.mark.parametrize("text", ["### Lost\n", "## Money\n### Lost\n## Workers\n### Lost\n"])
def test_a_runbook_in_disorder_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="'Lost' must stand below a ## section, and only once"):
        Runbook.parse(text, url="docs/runbook.md")


def log_metric_template() -> tuple[Template, list[Metric]]:
    metrics: list[Metric] = []

    def build(stack: TerraformStack) -> None:
        ground = Ground(stack)
        for part in ("processor", "auditor"):
            group = CloudwatchLogGroup(stack, part, name=f"/aws/lambda/payments-{part}-dev")
            counted = LogMetric(
                stack,
                f"{part}_failures",
                part=f"{part}-failures",
                naming=ground.naming,
                log_group=group,
                pattern=FAILURES,
                label=f"{part} failures",
            )
            metrics.append(counted.metric)

    return synthesized(build), metrics


def test_matching_lines_are_counted_under_the_very_metric_that_is_handed_out() -> None:
    template, metrics = log_metric_template()
    filters = template.resources("aws_cloudwatch_log_metric_filter").values()
    counted = {(body["metric_transformation"]["namespace"], body["metric_transformation"]["name"]) for body in filters}
    assert counted == {(metric.namespace, metric.name) for metric in metrics}
    assert counted == {
        ("payments-logs-dev", "payments-processor-failures-dev"),
        ("payments-logs-dev", "payments-auditor-failures-dev"),
    }
    assert {body["metric_transformation"]["value"] for body in filters} == {"1"}
    assert {body["pattern"] for body in filters} == {FAILURES}


def test_a_silent_log_costs_nothing() -> None:
    template, metrics = log_metric_template()
    for body in template.resources("aws_cloudwatch_log_metric_filter").values():
        assert "default_value" not in body["metric_transformation"]
    assert {metric.statistic for metric in metrics} == {"Sum"}


def matches(pattern: str, line: str) -> bool:
    """Match as CloudWatch Logs does, for what the patterns use of its language: fields equal to text, and-ed, or-ed."""
    assert pattern.startswith("{ ")
    assert pattern.endswith(" }")
    event = json.loads(line)
    alternatives = [one.split(" && ") for one in pattern[2:-2].split(" || ")]
    return any(all(is_equal(event, term) for term in terms) for terms in alternatives)


def is_equal(event: object, term: str) -> bool:
    parts = re.fullmatch(r'\(\$((?:\.\w+)+) = "(\w+)"\)', term)
    assert parts
    return field_of(event, parts[1]) == parts[2]


def field_of(event: object, path: str) -> object:
    for name in path.lstrip(".").split("."):
        event = event.get(name) if isinstance(event, dict) else None
    return event


STREAM = io.StringIO()
LOGGER = Logger(service="processor", stream=STREAM, level="INFO")


def powertools_line(write: Callable[[], None]) -> str:
    STREAM.seek(0)
    STREAM.truncate()
    write()
    return STREAM.getvalue()


def fail_and_log() -> None:
    try:
        json.loads("no JSON")
    except ValueError:
        LOGGER.exception("not read")


@pytest.mark.parametrize(
    ("write", "failure"),
    [
        (lambda: LOGGER.error("lost", record={"status": "failed"}), True),
        (lambda: LOGGER.critical("lost"), True),
        (fail_and_log, True),
        (lambda: LOGGER.warning("slow"), False),
        (lambda: LOGGER.info("ERROR is only a word here"), False),
        (lambda: LOGGER.info({"level": "ERROR", "note": "inside the message"}), False),
    ],
    ids=["error", "critical", "exception", "warning", "info", "nested"],
)
def test_the_pattern_finds_the_errors_powertools_really_writes(write: Callable[[], None], failure: bool) -> None:  # noqa: FBT001 - a table of expectations
    """Defect: Dead alarms. `[ERROR]` is CloudWatch's field syntax and matches no JSON line."""
    assert matches(FAILURES, powertools_line(write)) is failure


@pytest.mark.parametrize(
    ("line", "failure"),
    [
        ({"log_level": "ERROR", "errorType": "KeyError", "requestId": "r", "stackTrace": []}, True),
        ({"type": "platform.report", "record": {"status": "timeout", "metrics": {"durationMs": 3000.0}}}, True),
        ({"type": "platform.report", "record": {"status": "error", "errorType": "Runtime.ExitError"}}, True),
        ({"type": "platform.initReport", "record": {"status": "failure", "phase": "init"}}, True),
        ({"type": "platform.report", "record": {"status": "success", "metrics": {"durationMs": 3.0}}}, False),
        ({"type": "platform.start", "record": {"requestId": "r", "version": "$LATEST"}}, False),
        ({"_aws": {"CloudWatchMetrics": []}, "service": "processor", "PaymentsNeedingReview": [1.0]}, False),
    ],
    ids=["uncaught", "time-out", "crash", "init", "success", "start", "metrics"],
)
def test_the_pattern_finds_what_runtime_and_lambda_say_of_a_failure(line: dict[str, Any], failure: bool) -> None:  # noqa: FBT001 - a table of expectations
    """Defect: Dead alarms. A time-out leaves no line of the handler's own."""
    assert matches(FAILURES, json.dumps(line)) is failure


@pytest.mark.parametrize(
    ("type_", "state", "comes"),
    [
        ("PassStateEntered", "WorkflowBroken", True),
        ("PassStateExited", "WorkflowBroken", False),
        ("PassStateEntered", "NotSucceeded", False),
        ("ExecutionFailed", None, False),
    ],
)
def test_an_execution_is_seen_to_come_into_a_state_once(type_: str, state: str | None, *, comes: bool) -> None:
    """As Step Functions writes it where inputs and outputs are left out."""
    line = {
        "id": "9",
        "type": type_,
        "details": {"name": state} if state else {"error": "PaymentNotSucceeded", "cause": "…"},
        "previous_event_id": "8",
        "event_timestamp": "1795232202123",
        "execution_arn": "arn:aws:states:us-east-1:123456789012:execution:payments-payment-workflow-dev:pay-1",
        "redrive_count": "0",
    }
    assert matches(entered("WorkflowBroken"), json.dumps(line)) is comes
