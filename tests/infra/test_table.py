from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from payments_infra.constructs.naming import Naming
from payments_infra.constructs.table import BY_DAY, PAYMENTS_ONLY, PaymentsTable
from tests.infra.ground import KEY, Ground, granted, readable
from tests.infra.template import Body, Template, synthesized

if TYPE_CHECKING:
    from cdktf import TerraformStack

    from payments_infra.constructs.metric import Metric

TABLE_ARN = "${aws_dynamodb_table.payments_table.arn}"
STREAM_ARN = "${aws_dynamodb_table.payments_table.stream_arn}"
MAY_DECRYPT = {"Effect": "Allow", "Action": "kms:Decrypt", "Resource": KEY}

GRANTS = ("create", "read", "list", "advance", "find_overdue", "count_settled", "stream")


@pytest.fixture(scope="module")
def template() -> Template:
    def build(stack: TerraformStack) -> None:
        ground = Ground(stack)
        table = PaymentsTable(stack, "payments", naming=ground.naming, key=ground.key)
        for grant in GRANTS:
            getattr(table, f"grant_{grant}")(ground.role(grant.replace("_", "-")))

    return synthesized(build)


@pytest.fixture(scope="module")
def table(template: Template) -> Body:
    found: Body = readable(template.only("aws_dynamodb_table"))
    return found


def test_a_payment_is_found_by_its_id_alone(table: Body) -> None:
    assert table["name"] == "payments-payments-dev"
    assert table["hash_key"] == "payment_id"
    assert "range_key" not in table


def test_the_table_pays_by_request_and_can_be_restored(table: Body) -> None:
    assert table["billing_mode"] == "PAY_PER_REQUEST"
    assert table["point_in_time_recovery"] == {"enabled": True}
    assert table["deletion_protection_enabled"] is True


def test_the_table_is_encrypted_by_the_key_it_was_given(table: Body) -> None:
    assert table["server_side_encryption"] == {"enabled": True, "kms_key_arn": KEY}


def test_the_stream_tells_of_items_before_and_after(table: Body) -> None:
    assert table["stream_enabled"] is True
    assert table["stream_view_type"] == "NEW_AND_OLD_IMAGES"


def test_idempotency_keys_expire(table: Body) -> None:
    assert table["ttl"] == {"enabled": True, "attribute_name": "expires_at"}


def test_indexes_hold_keys_only_and_spread_what_is_written_at_one_time(table: Body) -> None:
    """Defect: Indexes that can't answer."""
    assert table["global_secondary_index"] == [
        {"name": name, "hash_key": partition, "range_key": sort, "projection_type": "KEYS_ONLY"}
        for name, partition, sort in (
            ("by-customer", "customer_id", "created_at"),
            ("by-day", "created_shard", "created_at"),
            ("open-by-due", "open_shard", "due_at"),
            ("settled-by-batch", "batch_shard", "status"),
        )
    ]
    # Strings: dates sort as text, and no partition is a status or a bare time.
    assert [(attribute["name"], attribute["type"]) for attribute in table["attribute"]] == [
        (name, "S")
        for name in (
            "batch_shard",
            "created_at",
            "created_shard",
            "customer_id",
            "due_at",
            "open_shard",
            "payment_id",
            "status",
        )
    ]


@pytest.mark.parametrize(
    ("grant", "actions", "resource"),
    [
        ("create", "dynamodb:PutItem", TABLE_ARN),
        ("read", "dynamodb:GetItem", TABLE_ARN),
        ("advance", "dynamodb:UpdateItem", TABLE_ARN),
        ("find_overdue", "dynamodb:Query", f"{TABLE_ARN}/index/open-by-due"),
        ("count_settled", "dynamodb:Query", f"{TABLE_ARN}/index/settled-by-batch"),
        (
            "stream",
            ["dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator", "dynamodb:ListStreams"],
            STREAM_ARN,
        ),
    ],
)
def test_a_grant_gives_one_thing_and_the_key(
    template: Template, grant: str, actions: str | list[str], resource: str
) -> None:
    """Defect: Too much permission."""
    assert granted(template, grant.replace("_", "-")) == [
        {"Effect": "Allow", "Action": actions, "Resource": resource},
        MAY_DECRYPT,
    ]


def test_whoever_lists_may_not_see_the_open_index(template: Template) -> None:
    """Defect: Too much permission."""
    assert granted(template, "list") == [
        {
            "Effect": "Allow",
            "Action": "dynamodb:Query",
            "Resource": [f"{TABLE_ARN}/index/by-customer", f"{TABLE_ARN}/index/by-day"],
        },
        MAY_DECRYPT,
        {"Effect": "Allow", "Action": "dynamodb:BatchGetItem", "Resource": TABLE_ARN},
    ]


def test_readers_of_the_stream_can_pass_over_what_is_no_payment() -> None:
    assert PAYMENTS_ONLY == {"dynamodb": {"NewImage": {"status": {"S": [{"exists": True}]}}}}


def test_metrics_name_the_table_and_the_index() -> None:
    metrics: list[Metric] = []

    def build(stack: TerraformStack) -> None:
        ground = Ground(stack)
        table = PaymentsTable(stack, "payments", naming=ground.naming, key=ground.key)
        metrics.extend(
            (table.metric_read_throttles(), table.metric_write_throttles(), table.metric_index_write_throttles(BY_DAY))
        )
        stack.add_override("output.dimensions.value", [one.dimensions for one in metrics])

    name = {"TableName": "${aws_dynamodb_table.payments_table.name}"}
    assert readable(synthesized(build).outputs["dimensions"]["value"]) == [
        name,
        name,
        {**name, "GlobalSecondaryIndexName": "by-day"},
    ]
    assert [(one.namespace, one.name, one.statistic, one.label) for one in metrics] == [
        ("AWS/DynamoDB", "ReadThrottleEvents", "Sum", "payments-payments-dev throttled reads"),
        ("AWS/DynamoDB", "WriteThrottleEvents", "Sum", "payments-payments-dev throttled writes"),
        ("AWS/DynamoDB", "WriteThrottleEvents", "Sum", "payments-payments-dev by-day throttled writes"),
    ]


def test_a_stack_can_hold_two_tables_one_of_them_deletable() -> None:
    """Defect: Two instances collide."""

    def build(stack: TerraformStack) -> None:
        ground = Ground(stack)
        PaymentsTable(stack, "payments", naming=ground.naming, key=ground.key)
        trial = Naming(project="payments", suffix="trial")
        PaymentsTable(stack, "trial", naming=trial, key=ground.key, deletion_protection=False)

    protection = {
        body["name"]: body["deletion_protection_enabled"]
        for body in synthesized(build).resources("aws_dynamodb_table").values()
    }
    assert protection == {"payments-payments-dev": True, "payments-payments-trial": False}
