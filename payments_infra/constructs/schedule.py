"""Runs a function by the clock."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from cdktf_cdktf_provider_aws.cloudwatch_event_rule import CloudwatchEventRule
from cdktf_cdktf_provider_aws.cloudwatch_event_target import CloudwatchEventTarget, CloudwatchEventTargetRetryPolicy
from constructs import Construct

from payments_infra.constructs.asynchronous import SHORTEST_AGE_SECONDS, AsynchronousRetries

if TYPE_CHECKING:
    from payments_infra.constructs.function import Function
    from payments_infra.constructs.naming import Naming

_EXPRESSION = re.compile(r"rate\((1 (minute|hour|day)|([2-9]|[1-9]\d+) (minutes|hours|days))\)|cron\(\S+( \S+){5}\)")


class Schedule(Construct):
    """Invokes ``function`` at a fixed rate, and never for a time that is past.

    A run that failed or could not start is not repeated: the next one does the same work. So there is no dead-letter
    queue either; the function's error metric says what went wrong.

    Args:
        part: what happens by the clock, kebab-case; names the rule.
        naming: names the rule.
        function: what runs.
        expression: EventBridge's ``rate(…)`` or ``cron(…)``, in UTC.

    Raises:
        ValueError: ``expression`` is neither.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        part: str,
        naming: Naming,
        function: Function,
        expression: str = "rate(1 minute)",
    ) -> None:
        super().__init__(scope, id_)
        if not _EXPRESSION.fullmatch(expression):
            raise ValueError(
                f"expression must look like 'rate(1 minute)', 'rate(5 minutes)' or 'cron(0 3 * * ? *)', "
                f"got {expression!r}"
            )
        self.rule = CloudwatchEventRule(
            self,
            "rule",
            name=naming.name(part, kind="rule"),
            description=f"Runs {function.physical_name}",
            schedule_expression=expression,
        )
        CloudwatchEventTarget(
            self,
            "target",
            rule=self.rule.name,
            arn=function.arn,
            retry_policy=CloudwatchEventTargetRetryPolicy(
                maximum_event_age_in_seconds=SHORTEST_AGE_SECONDS,
                maximum_retry_attempts=1,
            ),
        )
        function.grant_invoke(f"schedule_{id_}", principal="events.amazonaws.com", source_arn=str(self.rule.arn))
        AsynchronousRetries(
            self,
            "retries",
            function=function,
            max_age_seconds=SHORTEST_AGE_SECONDS,
            max_retries=0,
        )
