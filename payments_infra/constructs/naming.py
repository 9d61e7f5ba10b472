"""The one rule by which physical names are made: ``{project}-{part}-{suffix}``."""

from __future__ import annotations

import re
from dataclasses import dataclass

LIMITS = {
    "function": 64,  # https://docs.aws.amazon.com/lambda/latest/api/API_CreateFunction.html
    "role": 64,  # https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
    "queue": 80,  # https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-queues.html
    "table": 255,  # https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ServiceQuotas.html
    "topic": 256,  # https://docs.aws.amazon.com/sns/latest/api/API_CreateTopic.html
    "bucket": 63,  # https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
    "state_machine": 80,  # https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html
    "rule": 64,  # https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutRule.html
    "alias": 250,  # https://docs.aws.amazon.com/kms/latest/APIReference/API_CreateAlias.html
    "alarm": 255,  # https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html
    "layer": 140,  # https://docs.aws.amazon.com/lambda/latest/api/API_PublishLayerVersion.html
    "stage": 128,  # https://docs.aws.amazon.com/apigateway/latest/developerguide/limits.html
    "name": 255,  # the Name tag and everything whose limit is at least that of a tag's value
}
"""Longest name, in characters, AWS takes for each kind of thing that is named here."""

_ALLOWED = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


@dataclass(frozen=True, kw_only=True)
class Naming:
    """Names everything of one environment, and refuses what AWS would refuse minutes later.

    Args:
        project: first part of every name, for example ``payments``.
        suffix: last part of every name; keeps environments apart in one account.

    Raises:
        ValueError: a part holds anything but lower-case letters, digits and single inner hyphens.
    """

    project: str
    suffix: str

    def __post_init__(self) -> None:
        for label, value in (("project", self.project), ("suffix", self.suffix)):
            _refuse_odd_characters(label, value)

    def name(self, part: str, *, kind: str = "name") -> str:
        """Return ``{project}-{part}-{suffix}``.

        Args:
            part: what the thing is, kebab-case.
            kind: a key of :data:`LIMITS`; decides how long the name may be.

        Raises:
            ValueError: the name is longer than AWS allows for its kind, or ``part`` holds an odd character.
        """
        _refuse_odd_characters("part", part)
        name = f"{self.project}-{part}-{self.suffix}"
        if len(name) > LIMITS[kind]:
            room = LIMITS[kind] - len(name) + len(self.suffix)
            raise ValueError(
                f"the {kind.replace('_', ' ')} name {name!r} has {len(name)} characters and AWS allows "
                f"{LIMITS[kind]}: use an environment suffix of at most {room} characters (got {self.suffix!r})"
            )
        return name


def _refuse_odd_characters(label: str, value: str) -> None:
    if not _ALLOWED.fullmatch(value):
        raise ValueError(
            f"{label} {value!r} cannot be part of an AWS name: use lower-case letters, digits and single hyphens "
            "between them"
        )
