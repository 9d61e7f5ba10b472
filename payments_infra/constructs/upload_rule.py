"""Starts the batch workflow for every uploaded file, with no function in between."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from cdktf_cdktf_provider_aws.cloudwatch_event_rule import CloudwatchEventRule
from cdktf_cdktf_provider_aws.cloudwatch_event_target import (
    CloudwatchEventTarget,
    CloudwatchEventTargetDeadLetterConfig,
    CloudwatchEventTargetInputTransformer,
    CloudwatchEventTargetRetryPolicy,
)
from constructs import Construct

from payments_infra.constructs.batch_bucket import INCOMING
from payments_infra.constructs.dead_letters import DeadLetters
from payments_infra.constructs.iam import Role

if TYPE_CHECKING:
    from payments_infra.constructs.batch_bucket import BatchBucket
    from payments_infra.constructs.encryption import Key
    from payments_infra.constructs.metric import Metric
    from payments_infra.constructs.naming import Naming
    from payments_infra.constructs.place import Place
    from payments_infra.constructs.state_machine import StateMachine

LONGEST_AGE_SECONDS, MOST_RETRIES = 24 * 3600, 185
"""The most EventBridge takes, and its own default.
https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_RetryPolicy.html"""

INPUT = {
    "bucket": "$.detail.bucket.name",
    "key": "$.detail.object.key",
    "version": "$.detail.object.version-id",
}
"""What an execution is given, and where an event has it. Keys arrive as they are, not encoded for a URL.
https://docs.aws.amazon.com/AmazonS3/latest/userguide/ev-events.html"""


class UploadRule(Construct):
    """Starts ``machine`` once for each ``incoming/….csv`` that arrives in ``bucket``, seldom twice.

    EventBridge delivers at least once, so an execution must find out by itself whether its file is a new one.

    Args:
        part: what arrives, kebab-case; names rule, role and dead-letter queue.
        naming: names them.
        place: account and region, for policies.
        key: encrypts the dead letters, and lets EventBridge in for them.
        bucket: where files arrive; it tells EventBridge.
        machine: what is started, with ``bucket``, ``key`` and ``version``.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        part: str = "uploads",
        naming: Naming,
        place: Place,
        key: Key,
        bucket: BatchBucket,
        machine: StateMachine,
    ) -> None:
        super().__init__(scope, id_)
        name = naming.name(part, kind="rule")
        self.dead_letters = DeadLetters(self, "dead_letters", part=part, naming=naming, place=place, key=key)
        self.dead_letters.allow_rule(place.arn("events", f"rule/{name}"))
        self.rule = CloudwatchEventRule(
            self,
            "rule",
            name=name,
            description=f"Starts {machine.physical_name}",
            event_pattern=_arrived_in(bucket),
        )
        self.role = Role(
            self,
            "role",
            name=naming.name(part, kind="role"),
            service="events.amazonaws.com",
            # https://docs.aws.amazon.com/eventbridge/latest/userguide/cross-service-confused-deputy-prevention.html
            trust_conditions={
                "StringEquals": {"aws:SourceAccount": place.account_id},
                "ArnEquals": {"aws:SourceArn": place.arn("events", f"rule/{name}")},
            },
        )
        machine.grant_start(self.role)
        self._start(machine)

    def metric_dead_letters(self) -> Metric:
        """Number of uploads whose workflow could not be started."""
        return self.dead_letters.metric_waiting()

    def _start(self, machine: StateMachine) -> None:
        CloudwatchEventTarget(
            self,
            "target",
            rule=self.rule.name,
            arn=machine.arn,
            role_arn=self.role.arn,
            input_transformer=CloudwatchEventTargetInputTransformer(input_paths=INPUT, input_template=_template()),
            retry_policy=CloudwatchEventTargetRetryPolicy(
                maximum_event_age_in_seconds=LONGEST_AGE_SECONDS,
                maximum_retry_attempts=MOST_RETRIES,
            ),
            dead_letter_config=CloudwatchEventTargetDeadLetterConfig(arn=self.dead_letters.arn),
            # A file that arrives before the role may start anything would wait for a retry.
            depends_on=[self.role.policy] if self.role.policy else None,
        )


def _arrived_in(bucket: BatchBucket) -> str:
    # A list of a prefix and a suffix would take what has either; a wildcard takes what has both.
    # https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html
    return json.dumps(
        {
            "source": ["aws.s3"],
            "detail-type": ["Object Created"],
            "detail": {"bucket": {"name": [bucket.name]}, "object": {"key": [{"wildcard": f"{INCOMING}*.csv"}]}},
        }
    )


def _template() -> str:
    # A variable outside quotes: EventBridge puts text into quotes of its own.
    return "{" + ",".join(f'"{name}":<{name}>' for name in INPUT) + "}"
