from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from payments_infra.constructs.web_acl import ManagedRules, WebAcl
from tests.infra.ground import Ground
from tests.infra.template import Template, synthesized

if TYPE_CHECKING:
    from cdktf import TerraformStack


def common(stack: TerraformStack) -> dict[str, Any]:
    ground = Ground(stack)
    return {"naming": ground.naming, "place": ground.place, "key": ground.key, "requests_per_address": 30_000}


def web_acl_template(**options: Any) -> Template:  # noqa: ANN401 - WebAcl's own options
    return synthesized(lambda stack: WebAcl(stack, "web_acl", **{**common(stack), **options}))


def test_what_no_rule_refuses_passes() -> None:
    web_acl = web_acl_template().only("aws_wafv2_web_acl")
    assert web_acl["scope"] == "REGIONAL"
    assert web_acl["default_action"] == {"allow": {}}


def test_an_address_that_asks_too_often_is_refused_before_anything_else() -> None:
    rules = web_acl_template(requests_per_address=1234).only("aws_wafv2_web_acl")["rule"]
    first = min(rules, key=lambda rule: int(rule["priority"]))
    assert first["action"] == {"block": {}}
    assert first["statement"] == {"rate_based_statement": {"limit": 1234, "aggregate_key_type": "IP"}}


def test_what_aws_knows_to_be_bad_is_refused_but_a_missing_user_agent_or_a_long_body_is_only_counted() -> None:
    rules = {rule["name"]: rule for rule in web_acl_template().only("aws_wafv2_web_acl")["rule"]}
    assert set(rules) == {
        "requests-per-address",
        "AWSManagedRulesAmazonIpReputationList",
        "AWSManagedRulesKnownBadInputsRuleSet",
        "AWSManagedRulesCommonRuleSet",
    }
    assert len({rule["priority"] for rule in rules.values()}) == 4
    common = rules["AWSManagedRulesCommonRuleSet"]
    assert common["override_action"] == {"none": {}}
    assert common["statement"]["managed_rule_group_statement"] == {
        "vendor_name": "AWS",
        "name": "AWSManagedRulesCommonRuleSet",
        "rule_action_override": [
            {"name": "NoUserAgent_HEADER", "action_to_use": {"count": {}}},
            {"name": "SizeRestrictions_BODY", "action_to_use": {"count": {}}},
        ],
    }


def test_the_managed_rules_can_be_chosen() -> None:
    chosen = [ManagedRules(name="AWSManagedRulesAnonymousIpList")]
    rules = web_acl_template(managed_rules=chosen).only("aws_wafv2_web_acl")["rule"]
    assert [rule["name"] for rule in rules] == ["requests-per-address", "AWSManagedRulesAnonymousIpList"]
    assert rules[1]["statement"]["managed_rule_group_statement"] == {
        "vendor_name": "AWS",
        "name": "AWSManagedRulesAnonymousIpList",
    }


def test_no_api_key_is_in_the_log_or_in_samples() -> None:
    """Defect: Open doors."""
    template = web_acl_template()
    logging = template.only("aws_wafv2_web_acl_logging_configuration")
    redacted = {field["single_header"]["name"] for field in logging["redacted_fields"] if "single_header" in field}
    assert redacted == {"x-api-key", "authorization"}
    assert any("uri_path" in field for field in logging["redacted_fields"])
    web_acl = template.only("aws_wafv2_web_acl")
    watched = [web_acl, *web_acl["rule"]]
    assert [one["visibility_config"]["sampled_requests_enabled"] for one in watched] == [False] * 5
    assert [one["visibility_config"]["cloudwatch_metrics_enabled"] for one in watched] == [True] * 5


def test_the_log_is_encrypted_named_as_waf_wants_it_and_forgotten() -> None:
    group = web_acl_template(log_retention_days=7).only("aws_cloudwatch_log_group")
    assert group["name"] == "aws-waf-logs-payments-api-dev"
    assert group["retention_in_days"] == 7
    assert "aws_kms_key." in group["kms_key_id"]


def test_only_log_delivery_for_this_account_may_write_the_log() -> None:
    """Defect: Encryption without grants. The log's own policy lets its writer in before logging is switched on."""
    template = web_acl_template()
    (group,) = template.resources("aws_cloudwatch_log_group")
    (account,) = template.data("aws_caller_identity")
    (policy,) = template.resources("aws_cloudwatch_log_resource_policy")
    (statement,) = json.loads(template.only("aws_cloudwatch_log_resource_policy")["policy_document"])["Statement"]
    assert statement["Principal"] == {"Service": "delivery.logs.amazonaws.com"}
    assert statement["Action"] == ["logs:CreateLogStream", "logs:PutLogEvents"]
    assert statement["Resource"] == f"${{aws_cloudwatch_log_group.{group}.arn}}:*"
    assert statement["Condition"]["StringEquals"] == {
        "aws:SourceAccount": f"${{data.aws_caller_identity.{account}.account_id}}"
    }
    assert statement["Condition"]["ArnLike"]["aws:SourceArn"].endswith(":*")
    logging = template.only("aws_wafv2_web_acl_logging_configuration")
    assert logging["depends_on"] == [f"aws_cloudwatch_log_resource_policy.{policy}"]


def test_blocked_requests_can_be_watched() -> None:
    def build(stack: TerraformStack) -> None:
        metric = WebAcl(stack, "web_acl", **common(stack)).metric_blocked()
        assert (metric.namespace, metric.name, metric.statistic) == ("AWS/WAFV2", "BlockedRequests", "Sum")
        assert set(metric.dimensions) == {"WebACL", "Region", "Rule"}
        assert metric.dimensions["WebACL"] == "payments-api-dev"
        assert metric.dimensions["Rule"] == "ALL"

    synthesized(build)


def test_two_firewalls_live_in_one_stack() -> None:
    """Defect: Two instances collide."""

    def build(stack: TerraformStack) -> None:
        shared = common(stack)
        for part in ("inner", "outer"):
            WebAcl(stack, f"{part}_web_acl", **shared, part=part)

    template = synthesized(build)
    for type_, name in (
        ("aws_wafv2_web_acl", "name"),
        ("aws_cloudwatch_log_group", "name"),
        ("aws_cloudwatch_log_resource_policy", "policy_name"),
    ):
        assert len({body[name] for body in template.resources(type_).values()}) == 2


@pytest.mark.parametrize("requests", [9, 2_000_000_001])
def test_a_limit_waf_would_not_take_is_refused(requests: int) -> None:
    with pytest.raises(ValueError, match=f"requests_per_address must be between 10 and 2000000000, got {requests}"):
        web_acl_template(requests_per_address=requests)
