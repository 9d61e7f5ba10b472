"""A web application firewall for a regional API: what AWS knows to be bad, and a limit for each address."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cdktf_cdktf_provider_aws.cloudwatch_log_group import CloudwatchLogGroup
from cdktf_cdktf_provider_aws.cloudwatch_log_resource_policy import CloudwatchLogResourcePolicy
from cdktf_cdktf_provider_aws.wafv2_web_acl import (
    Wafv2WebAcl,
    Wafv2WebAclDefaultAction,
    Wafv2WebAclDefaultActionAllow,
    Wafv2WebAclRule,
    Wafv2WebAclRuleAction,
    Wafv2WebAclRuleActionBlock,
    Wafv2WebAclRuleOverrideAction,
    Wafv2WebAclRuleOverrideActionNone,
    Wafv2WebAclRuleVisibilityConfig,
    Wafv2WebAclVisibilityConfig,
)
from cdktf_cdktf_provider_aws.wafv2_web_acl_logging_configuration import (
    Wafv2WebAclLoggingConfiguration,
    Wafv2WebAclLoggingConfigurationRedactedFields,
    Wafv2WebAclLoggingConfigurationRedactedFieldsSingleHeader,
    Wafv2WebAclLoggingConfigurationRedactedFieldsUriPath,
)
from constructs import Construct

from payments_infra.constructs.iam import policy_document, statement
from payments_infra.constructs.limits import refuse_out_of_range
from payments_infra.constructs.metric import Metric

if TYPE_CHECKING:
    from collections.abc import Sequence

    from payments_infra.constructs.encryption import Key
    from payments_infra.constructs.naming import Naming
    from payments_infra.constructs.place import Place


@dataclass(frozen=True, kw_only=True)
class ManagedRules:
    """A rule group AWS keeps up to date.

    Args:
        name: the group's name. https://docs.aws.amazon.com/waf/latest/developerguide/aws-managed-rule-groups-list.html
        only_counted: rules of the group that are counted and not enforced.
    """

    name: str
    only_counted: Sequence[str] = ()


MANAGED_RULES = (
    ManagedRules(name="AWSManagedRulesAmazonIpReputationList"),
    ManagedRules(name="AWSManagedRulesKnownBadInputsRuleSet"),
    # Callers are programs, and some HTTP libraries send no User-Agent. Bodies may be longer than the 8 KB the group
    # allows; the handler has its own limit and names it.
    # https://docs.aws.amazon.com/waf/latest/developerguide/aws-managed-rule-groups-baseline.html
    ManagedRules(name="AWSManagedRulesCommonRuleSet", only_counted=("NoUserAgent_HEADER", "SizeRestrictions_BODY")),
)
"""Groups that make sense before any JSON API."""


class WebAcl(Construct):
    """A firewall that lets through what no rule refuses, with an encrypted log that never holds an API key or a path.

    Args:
        part: what it protects, kebab-case; becomes part of every name.
        naming: names the firewall and its log.
        place: account and region.
        key: encrypts the log.
        requests_per_address: most requests from one address in five minutes. Callers are servers, so all of a caller's
            traffic may come from one address: allow more than its API key does.
        managed_rules: groups of AWS's, in the order they are asked.
        log_retention_days: how long the log is kept; a value CloudWatch Logs knows.

    Raises:
        ValueError: ``requests_per_address`` is outside what WAF takes.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        part: str = "api",
        naming: Naming,
        place: Place,
        key: Key,
        requests_per_address: int,
        managed_rules: Sequence[ManagedRules] = MANAGED_RULES,
        log_retention_days: int = 30,
    ) -> None:
        super().__init__(scope, id_)
        # https://docs.aws.amazon.com/waf/latest/APIReference/API_RateBasedStatement.html
        refuse_out_of_range("requests_per_address", requests_per_address, 10, 2_000_000_000)
        self.name = naming.name(part)
        self._place = place
        self.web_acl = Wafv2WebAcl(
            self,
            "web_acl",
            name=self.name,
            scope="REGIONAL",
            default_action=Wafv2WebAclDefaultAction(allow=Wafv2WebAclDefaultActionAllow()),
            rule=[
                _limit_per_address(requests_per_address),
                *(_managed(group, priority=priority) for priority, group in enumerate(managed_rules, start=1)),
            ],
            visibility_config=Wafv2WebAclVisibilityConfig(
                metric_name=self.name, cloudwatch_metrics_enabled=True, sampled_requests_enabled=False
            ),
        )
        log_name = f"aws-waf-logs-{self.name}"  # WAF takes no name without this prefix
        key.allow_log_group(log_name)
        self.log = CloudwatchLogGroup(
            self,
            "log",
            name=log_name,
            kms_key_id=key.arn,
            retention_in_days=log_retention_days,
        )
        self._let_write_log()

    @property
    def arn(self) -> str:
        """ARN of the firewall."""
        return str(self.web_acl.arn)

    def metric_blocked(self) -> Metric:
        """Number of requests that were refused, by whatever rule."""
        return Metric(
            namespace="AWS/WAFV2",
            name="BlockedRequests",
            statistic="Sum",
            dimensions={"WebACL": self.name, "Region": self._place.region, "Rule": "ALL"},
            label=f"{self.name} blocked",
        )

    def _let_write_log(self) -> None:
        """Let WAF write the log. Left alone it would add to one policy that all firewalls of the account share.

        https://docs.aws.amazon.com/waf/latest/developerguide/logging-cw-logs.html
        """
        permission = CloudwatchLogResourcePolicy(
            self,
            "log_permission",
            policy_name=f"{self.name}-web-acl",
            policy_document=policy_document(
                statement(
                    "logs:CreateLogStream",
                    "logs:PutLogEvents",
                    principal={"Service": "delivery.logs.amazonaws.com"},
                    on=f"{self.log.arn}:*",
                    conditions={
                        "StringEquals": {"aws:SourceAccount": self._place.account_id},
                        "ArnLike": {"aws:SourceArn": self._place.arn("logs", "*")},
                    },
                )
            ),
        )
        Wafv2WebAclLoggingConfiguration(
            self,
            "logging",
            resource_arn=self.arn,
            log_destination_configs=[self.log.arn],
            redacted_fields=[
                # The path of a decision holds the token by which it is made. The API's own log has the route.
                Wafv2WebAclLoggingConfigurationRedactedFields(
                    uri_path=Wafv2WebAclLoggingConfigurationRedactedFieldsUriPath()
                ),
                *(
                    Wafv2WebAclLoggingConfigurationRedactedFields(
                        single_header=Wafv2WebAclLoggingConfigurationRedactedFieldsSingleHeader(name=header)
                    )
                    for header in ("x-api-key", "authorization")
                ),
            ],
            depends_on=[permission],
        )


def _limit_per_address(requests: int) -> Wafv2WebAclRule:
    return Wafv2WebAclRule(
        name="requests-per-address",
        priority=0,
        action=Wafv2WebAclRuleAction(block=Wafv2WebAclRuleActionBlock()),
        # The bindings take statements untyped, in Terraform's own spelling, because they nest without end.
        statement={"rate_based_statement": {"limit": requests, "aggregate_key_type": "IP"}},
        visibility_config=_counted_as("requests-per-address"),
    )


def _managed(group: ManagedRules, *, priority: int) -> Wafv2WebAclRule:
    overrides = [{"name": rule, "action_to_use": {"count": {}}} for rule in group.only_counted]
    reference: dict[str, Any] = {"vendor_name": "AWS", "name": group.name}
    if overrides:
        reference["rule_action_override"] = overrides
    return Wafv2WebAclRule(
        name=group.name,
        priority=priority,
        override_action=Wafv2WebAclRuleOverrideAction(none=Wafv2WebAclRuleOverrideActionNone()),
        statement={"managed_rule_group_statement": reference},
        visibility_config=_counted_as(group.name),
    )


def _counted_as(name: str) -> Wafv2WebAclRuleVisibilityConfig:
    """Metrics, but no samples: a sample shows every header, the API key among them, and can't be redacted."""
    return Wafv2WebAclRuleVisibilityConfig(
        metric_name=name, cloudwatch_metrics_enabled=True, sampled_requests_enabled=False
    )
