from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from payments_infra.constructs.audit import AuditTable
from payments_infra.constructs.naming import Naming
from tests.infra.ground import KEY, Ground, granted, readable, statements
from tests.infra.template import Body, Template, synthesized

if TYPE_CHECKING:
    from cdktf import TerraformStack

TABLE_ARN = "${aws_dynamodb_table.audit_table.arn}"
MAY_DECRYPT = {"Effect": "Allow", "Action": "kms:Decrypt", "Resource": KEY}
CHANGES_OR_REMOVES = [
    "dynamodb:BatchWriteItem",
    "dynamodb:DeleteItem",
    "dynamodb:PartiQLDelete",
    "dynamodb:PartiQLInsert",
    "dynamodb:PartiQLUpdate",
    "dynamodb:UpdateItem",
    "dynamodb:UpdateTimeToLive",
]
NEVER_CHANGED = {
    "Sid": "NeverChanged",
    "Effect": "Deny",
    "Principal": "*",
    "Action": CHANGES_OR_REMOVES,
    "Resource": TABLE_ARN,
}
ADDED_BY_NOBODY = {
    "Sid": "AddedByTheAuditorOnly",
    "Effect": "Deny",
    "Principal": "*",
    "Action": "dynamodb:PutItem",
    "Resource": TABLE_ARN,
}


@pytest.fixture(scope="module")
def template() -> Template:
    def build(stack: TerraformStack) -> None:
        ground = Ground(stack)
        table = AuditTable(stack, "audit", naming=ground.naming, key=ground.key)
        table.grant_append(ground.role("auditor"))
        table.grant_read(ground.role("reader"))

    return synthesized(build)


@pytest.fixture(scope="module")
def table(template: Template) -> Body:
    found: Body = readable(template.only("aws_dynamodb_table"))
    return found


def test_an_event_is_keyed_by_payment_and_version(table: Body) -> None:
    """Defect: Audit. Same-second events overwrote each other."""
    assert (table["hash_key"], table["range_key"]) == ("payment_id", "version")
    assert table["attribute"] == [{"name": "payment_id", "type": "S"}, {"name": "version", "type": "N"}]


def test_the_record_is_encrypted_restorable_and_never_expires(table: Body) -> None:
    assert table["name"] == "payments-audit-dev"
    assert table["server_side_encryption"] == {"enabled": True, "kms_key_arn": KEY}
    assert table["point_in_time_recovery"] == {"enabled": True}
    assert table["deletion_protection_enabled"] is True
    assert "ttl" not in table
    assert "stream_view_type" not in table


def test_the_auditor_may_add_and_is_denied_everything_that_changes(template: Template) -> None:
    """Defect: Audit. A plain put was overwritable."""
    assert granted(template, "auditor") == [
        {"Effect": "Allow", "Action": "dynamodb:PutItem", "Resource": TABLE_ARN},
        MAY_DECRYPT,
        {"Effect": "Deny", "Action": CHANGES_OR_REMOVES, "Resource": TABLE_ARN},
    ]


def test_a_reader_may_query_and_nothing_else(template: Template) -> None:
    """Defect: Too much permission."""
    assert granted(template, "reader") == [
        {"Effect": "Allow", "Action": "dynamodb:Query", "Resource": TABLE_ARN},
        MAY_DECRYPT,
    ]


def test_the_table_itself_denies_changes_to_everyone_and_adding_to_all_but_the_auditor(template: Template) -> None:
    """Defect: Audit."""
    policy = readable(template.only("aws_dynamodb_resource_policy"))
    assert policy["resource_arn"] == TABLE_ARN
    only_the_auditor = {"ArnNotEquals": {"aws:PrincipalArn": ["${aws_iam_role.auditor_role.arn}"]}}
    assert statements(policy["policy"]) == [NEVER_CHANGED, {**ADDED_BY_NOBODY, "Condition": only_the_auditor}]


def test_a_table_nobody_was_granted_takes_no_event() -> None:
    def build(stack: TerraformStack) -> None:
        ground = Ground(stack)
        AuditTable(stack, "audit", naming=ground.naming, key=ground.key)

    policy = synthesized(build).only("aws_dynamodb_resource_policy")["policy"]
    assert statements(policy) == [NEVER_CHANGED, ADDED_BY_NOBODY]


def test_metrics_name_the_table() -> None:
    found = []

    def build(stack: TerraformStack) -> None:
        ground = Ground(stack)
        found.append(AuditTable(stack, "audit", naming=ground.naming, key=ground.key).metric_write_throttles())
        stack.add_override("output.dimensions.value", found[0].dimensions)

    assert readable(synthesized(build).outputs["dimensions"]["value"]) == {
        "TableName": "${aws_dynamodb_table.audit_table.name}"
    }
    assert (found[0].namespace, found[0].name, found[0].statistic) == ("AWS/DynamoDB", "WriteThrottleEvents", "Sum")


def test_a_stack_can_hold_two_records_one_of_them_deletable() -> None:
    """Defect: Two instances collide."""

    def build(stack: TerraformStack) -> None:
        ground = Ground(stack)
        AuditTable(stack, "audit", naming=ground.naming, key=ground.key)
        trial = Naming(project="payments", suffix="trial")
        AuditTable(stack, "trial", naming=trial, key=ground.key, deletion_protection=False)

    template = synthesized(build)
    tables = template.resources("aws_dynamodb_table").values()
    assert {body["name"]: body["deletion_protection_enabled"] for body in tables} == {
        "payments-audit-dev": True,
        "payments-audit-trial": False,
    }
    assert len(template.resources("aws_dynamodb_resource_policy")) == 2
