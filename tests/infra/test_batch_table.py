from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from payments_infra.constructs.batch_table import BatchTable
from payments_infra.constructs.naming import Naming
from tests.infra.ground import KEY, Ground, granted, readable
from tests.infra.template import Body, Template, synthesized

if TYPE_CHECKING:
    from cdktf import TerraformStack

TABLE_ARN = "${aws_dynamodb_table.batches_table.arn}"
MAY_DECRYPT = {"Effect": "Allow", "Action": "kms:Decrypt", "Resource": KEY}

GRANTS = ("register", "advance", "read", "list", "find_overdue")


@pytest.fixture(scope="module")
def template() -> Template:
    def build(stack: TerraformStack) -> None:
        ground = Ground(stack)
        table = BatchTable(stack, "batches", naming=ground.naming, key=ground.key)
        for grant in GRANTS:
            getattr(table, f"grant_{grant}")(ground.role(grant.replace("_", "-")))

    return synthesized(build)


@pytest.fixture(scope="module")
def table(template: Template) -> Body:
    found: Body = readable(template.only("aws_dynamodb_table"))
    return found


def test_a_batch_is_found_by_its_id_alone(table: Body) -> None:
    assert (table["name"], table["hash_key"]) == ("payments-batches-dev", "batch_id")
    assert "range_key" not in table


def test_the_record_is_encrypted_restorable_kept_and_told_to_nobody(table: Body) -> None:
    assert table["server_side_encryption"] == {"enabled": True, "kms_key_arn": KEY}
    assert table["point_in_time_recovery"] == {"enabled": True}
    assert table["deletion_protection_enabled"] is True
    assert "stream_enabled" not in table
    assert "ttl" not in table


def test_batches_are_listed_by_day_and_found_by_when_they_are_due(table: Body) -> None:
    """Defect: Indexes that can't answer."""
    assert table["global_secondary_index"] == [
        {"name": name, "hash_key": partition, "range_key": sort, "projection_type": "KEYS_ONLY"}
        for name, partition, sort in (
            ("by-day", "created_day", "created_at"),
            ("open-by-due", "open_shard", "due_at"),
        )
    ]
    assert {attribute["type"] for attribute in table["attribute"]} == {"S"}


@pytest.mark.parametrize(
    ("grant", "allowed"),
    [
        ("register", [(["dynamodb:PutItem", "dynamodb:UpdateItem"], "")]),
        ("advance", [("dynamodb:UpdateItem", "")]),
        ("read", [("dynamodb:GetItem", "")]),
        ("list", [("dynamodb:Query", "/index/by-day"), ("dynamodb:BatchGetItem", "")]),
        ("find-overdue", [("dynamodb:Query", "/index/open-by-due")]),
    ],
)
def test_each_grant_is_what_its_use_takes_and_no_more(template: Template, grant: str, allowed: list[Body]) -> None:
    """Defect: Too much permission."""
    said = granted(template, grant)
    assert MAY_DECRYPT in said
    assert [(one["Action"], one["Resource"]) for one in said if one != MAY_DECRYPT] == [
        (action, f"{TABLE_ARN}{part}") for action, part in allowed
    ]


def test_a_stack_can_hold_two_tables() -> None:
    """Defect: Two instances collide."""

    def build(stack: TerraformStack) -> None:
        ground = Ground(stack)
        for suffix in ("blue", "green"):
            BatchTable(stack, suffix, naming=Naming(project="payments", suffix=suffix), key=ground.key)

    assert len(synthesized(build).resources("aws_dynamodb_table")) == 2
