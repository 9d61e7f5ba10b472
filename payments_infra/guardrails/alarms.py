"""Alarms nobody hears."""

from __future__ import annotations

from typing import TYPE_CHECKING

from payments_infra.guardrails.problem import Problem

if TYPE_CHECKING:
    from collections.abc import Iterator

    from payments_infra.guardrails.synthesized import Synthesized

ALARMS = ("aws_cloudwatch_metric_alarm", "aws_cloudwatch_composite_alarm")


def silent_alarms(stack: Synthesized) -> Iterator[Problem]:
    """Find alarms that tell nobody when they ring."""
    for alarm in stack.resources(*ALARMS):
        if not alarm.body.get("alarm_actions") or alarm.body.get("actions_enabled") is False:
            yield Problem(
                path=alarm.path,
                rule="alarm-without-action",
                what="the alarm tells nobody when it rings",
                mend="Make it by Monitoring.alarm, or give it alarm_actions=[topic.arn] and let actions be enabled",
            )
