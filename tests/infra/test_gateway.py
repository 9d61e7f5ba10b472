from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from payments_infra.constructs.gateway import GatewaySimulatorLedger
from payments_infra.constructs.naming import Naming
from tests.infra.ground import KEY, Ground, granted, readable
from tests.infra.template import Body, Template, synthesized

if TYPE_CHECKING:
    from cdktf import TerraformStack

TABLE_ARN = "${aws_dynamodb_table.ledger_table.arn}"


@pytest.fixture(scope="module")
def template() -> Template:
    def build(stack: TerraformStack) -> None:
        ground = Ground(stack)
        ledger = GatewaySimulatorLedger(stack, "ledger", naming=ground.naming, key=ground.key)
        ledger.grant_use(ground.role("processor"))
        ledger.grant_read(ground.role("reconciler"))

    return synthesized(build)


@pytest.fixture(scope="module")
def table(template: Template) -> Body:
    found: Body = readable(template.only("aws_dynamodb_table"))
    return found


def test_a_second_charge_of_one_payment_is_a_second_item(table: Body) -> None:
    assert table["name"] == "payments-gateway-ledger-dev"
    assert (table["hash_key"], table["range_key"]) == ("reference", "idempotency_key")


def test_the_simulators_book_is_encrypted_and_may_be_thrown_away(table: Body) -> None:
    assert table["server_side_encryption"] == {"enabled": True, "kms_key_arn": KEY}
    assert table["point_in_time_recovery"] == {"enabled": False}
    assert table["deletion_protection_enabled"] is False


def test_the_simulator_may_write_and_look_up_its_book(template: Template) -> None:
    """Defect: Too much permission."""
    assert granted(template, "processor") == [
        {
            "Effect": "Allow",
            "Action": ["dynamodb:PutItem", "dynamodb:Query", "dynamodb:UpdateItem"],
            "Resource": TABLE_ARN,
        },
        {"Effect": "Allow", "Action": "kms:Decrypt", "Resource": KEY},
    ]


def test_whoever_reads_the_book_cannot_write_it(template: Template) -> None:
    """Defect: Too much permission."""
    assert granted(template, "reconciler") == [
        {"Effect": "Allow", "Action": ["dynamodb:BatchGetItem", "dynamodb:Query"], "Resource": TABLE_ARN},
        {"Effect": "Allow", "Action": "kms:Decrypt", "Resource": KEY},
        {"Effect": "Allow", "Action": "dynamodb:Query", "Resource": f"{TABLE_ARN}/index/by-day"},
    ]


def test_a_days_charges_are_found_by_day_and_shard(table: Body) -> None:
    """Defect: Indexes that can't answer."""
    (index,) = table["global_secondary_index"]
    assert (index["hash_key"], index["range_key"]) == ("charged_shard", "charged_at")


def test_a_stack_can_hold_two_books_one_of_them_guarded() -> None:
    """Defect: Two instances collide."""

    def build(stack: TerraformStack) -> None:
        ground = Ground(stack)
        GatewaySimulatorLedger(stack, "ledger", naming=ground.naming, key=ground.key)
        GatewaySimulatorLedger(
            stack,
            "kept",
            naming=Naming(project="payments", suffix="kept"),
            key=ground.key,
            deletion_protection=True,
            point_in_time_recovery=True,
        )

    tables = {body["name"]: body for body in synthesized(build).resources("aws_dynamodb_table").values()}
    assert len(tables) == 2
    assert tables["payments-gateway-ledger-kept"]["deletion_protection_enabled"] is True
    assert tables["payments-gateway-ledger-kept"]["point_in_time_recovery"] == {"enabled": True}
