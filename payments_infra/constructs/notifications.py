"""Topics: who is told of payments, and, apart from them, who is told of alarms."""

from __future__ import annotations

import hashlib
from functools import cached_property
from typing import TYPE_CHECKING, Any

from cdktf_cdktf_provider_aws.sns_topic import SnsTopic
from cdktf_cdktf_provider_aws.sns_topic_subscription import SnsTopicSubscription
from constructs import Construct

from payments_infra.constructs.iam import policy_document, statement
from payments_infra.constructs.lazy_text import lazy_text
from payments_infra.constructs.metric import Metric

if TYPE_CHECKING:
    from collections.abc import Sequence

    from payments_infra.constructs.encryption import Key
    from payments_infra.constructs.iam import Role
    from payments_infra.constructs.naming import Naming
    from payments_infra.constructs.place import Place


class Topic(Construct):
    """An encrypted topic that takes messages over TLS only.

    Args:
        part: what it tells of, kebab-case.
        naming: names the topic.
        place: where it is, for its own policy.
        key: encrypts messages at rest; its permissions come along with every grant.
        emails: addresses that are told; each has to confirm once.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        part: str,
        naming: Naming,
        place: Place,
        key: Key,
        emails: Sequence[str] = (),
    ) -> None:
        super().__init__(scope, id_)
        self._key = key
        self._place = place
        name = naming.name(part, kind="topic")
        self._own_arn = place.arn("sns", name)
        self._statements: list[dict[str, Any]] = [_tls_only(self._own_arn)]
        self._alarms: list[str] = []
        self.topic = SnsTopic(
            self,
            "topic",
            name=name,
            kms_master_key_id=key.arn,
            policy=lazy_text(lambda: policy_document(*self._statements)),
        )
        for email in emails:
            SnsTopicSubscription(self, _subscription_id(email), topic_arn=self.arn, protocol="email", endpoint=email)

    @cached_property
    def arn(self) -> str:
        """ARN of the topic."""
        return str(self.topic.arn)

    def grant_publish(self, role: Role) -> None:
        """Let ``role`` publish. SNS needs Decrypt to reuse a data key it generated.

        https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html
        """
        role.allow("sns:Publish", on=self.arn)
        self._key.grant_encrypt(role, through="sns")

    def allow_alarm(self, name: str) -> None:
        """Let the CloudWatch alarm ``name`` publish.

        The topic's key lets it in too: without that an alarm changes its state and nobody hears of it. Whoever makes an
        alarm names it. A pattern that ends with one environment's suffix would let in another's whose suffix ends
        alike; a topic's policy has room for about 200 names (30 KB).
        https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Notify_Users_Alarm_Changes.html
        https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html
        https://docs.aws.amazon.com/sns/latest/dg/sns-access-policy-language-api-permissions-reference.html
        """
        if not self._alarms:
            self._let_in_alarms()
        self._alarms.append(self._place.arn("cloudwatch", f"alarm:{name}"))

    def _let_in_alarms(self) -> None:
        # The list is one and the same in both policies, which are written once everybody has had their say.
        service, ours = "cloudwatch.amazonaws.com", {"aws:SourceAccount": self._place.account_id}
        self._statements.append(
            statement(
                "sns:Publish",
                sid="Alarms",
                principal={"Service": service},
                on=self._own_arn,
                conditions={"StringEquals": ours, "ArnEquals": {"aws:SourceArn": self._alarms}},
            )
        )
        topic = {"kms:EncryptionContext:aws:sns:topicArn": self._own_arn}
        self._key.allow_service(
            service,
            "kms:Decrypt",
            "kms:GenerateDataKey",
            sid="Alarms"
            + "".join(character for character in str(self.topic.name_input).title() if character.isalnum()),
            conditions={"StringEquals": ours, "ArnEquals": {**topic, "aws:SourceArn": self._alarms}},
        )

    def metric_failed_deliveries(self) -> Metric:
        """Messages a subscriber never got."""
        return Metric(
            namespace="AWS/SNS",
            name="NumberOfNotificationsFailed",
            statistic="Sum",
            dimensions={"TopicName": self.topic.name},
            label=f"{self.topic.name_input} failed deliveries",
        )


def _tls_only(topic_arn: str) -> dict[str, Any]:
    # SNS refuses sns:* in a topic's policy; publishing is what carries data.
    # https://docs.aws.amazon.com/sns/latest/dg/sns-security-best-practices.html
    return statement(
        "sns:Publish",
        sid="RefusePlainText",
        effect="Deny",
        principal="*",
        on=topic_arn,
        conditions={"Bool": {"aws:SecureTransport": "false"}},
    )


def _subscription_id(email: str) -> str:
    # By the address, not its place in the list: taking one out must not make another confirm again.
    return f"email_{hashlib.sha256(email.encode()).hexdigest()[:8]}"
