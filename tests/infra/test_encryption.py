from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from payments_infra.constructs.encryption import Encryption, Key
from payments_infra.constructs.naming import Naming
from tests.infra.ground import ACCOUNT, PARTITION, REGION, Ground, arn, granted, readable, statements
from tests.infra.template import Body, Template, synthesized

if TYPE_CHECKING:
    from cdktf import TerraformStack

DOMAIN = "${data.aws_partition.place_partition.dns_suffix}"
ADMINISTRATION = {
    "Sid": "AdministeredByTheAccount",
    "Effect": "Allow",
    "Principal": {"AWS": f"arn:{PARTITION}:iam::{ACCOUNT}:root"},
    "Action": "kms:*",
    "Resource": "*",
}
LOG_GROUPS = {
    "Sid": "LogGroups",
    "Effect": "Allow",
    "Principal": {"Service": f"logs.{REGION}.{DOMAIN}"},
    "Action": ["kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey*", "kms:ReEncrypt*"],
    "Resource": "*",
    "Condition": {
        "ArnEquals": {
            "kms:EncryptionContext:aws:logs:arn": [
                arn("logs", "log-group:/aws/lambda/payments-worker-dev"),
                arn("logs", "log-group:aws-waf-logs-payments-firewall-dev"),
            ]
        }
    },
}


def sender(service: str, sid: str, conditions: Body) -> Body:
    return {
        "Sid": sid,
        "Effect": "Allow",
        "Principal": {"Service": service},
        "Action": ["kms:Decrypt", "kms:GenerateDataKey"],
        "Resource": "*",
        "Condition": conditions,
    }


def through(*services: str) -> Body:
    return {"StringEquals": {"kms:ViaService": [f"{service}.{REGION}.{DOMAIN}" for service in services]}}


@pytest.fixture(scope="module")
def template() -> Template:
    def build(stack: TerraformStack) -> None:
        ground = Ground(stack)
        keys = Encryption(stack, "keys", naming=ground.naming, place=ground.place)
        for part in ("data", "queues", "functions"):
            getattr(keys, part).grant_encrypt(ground.role(f"{part}_writer"))
            getattr(keys, part).grant_decrypt(ground.role(f"{part}_reader"))
        ground.key.grant_decrypt(ground.role("unlimited"))
        cheap = Encryption(
            stack,
            "cheap",
            naming=Naming(project="payments", suffix="cheap"),
            place=ground.place,
            shared=True,
            deletion_window_days=7,
        )
        for name in ("/aws/lambda/payments-worker-dev", "aws-waf-logs-payments-firewall-dev"):
            keys.logs.allow_log_group(name)
            cheap.logs.allow_log_group(name)

    return synthesized(build)


def key(template: Template, name: str) -> Body:
    (found,) = [body for id_, body in template.resources("aws_kms_key").items() if id_.startswith(f"{name}_key_")]
    return found


def test_every_key_rotates_and_can_be_brought_back_for_a_month(template: Template) -> None:
    for part in ("data", "queues", "functions", "logs"):
        assert key(template, f"keys_{part}")["enable_key_rotation"] is True
        assert key(template, f"keys_{part}")["deletion_window_in_days"] == 30
    assert key(template, "cheap_shared")["deletion_window_in_days"] == 7


def test_every_key_has_an_alias_of_its_own(template: Template) -> None:
    aliases = readable(template.resources("aws_kms_alias"))
    assert {body["name"]: body["target_key_id"] for body in aliases.values() if "key-dev" not in body["name"]} == {
        "alias/payments-data-dev": "${aws_kms_key.keys_data_key.key_id}",
        "alias/payments-queues-dev": "${aws_kms_key.keys_queues_key.key_id}",
        "alias/payments-functions-dev": "${aws_kms_key.keys_functions_key.key_id}",
        "alias/payments-logs-dev": "${aws_kms_key.keys_logs_key.key_id}",
        "alias/payments-shared-cheap": "${aws_kms_key.cheap_shared_key.key_id}",
    }


@pytest.mark.parametrize(("part", "let_in"), [("data", []), ("functions", []), ("logs", [LOG_GROUPS]), ("queues", [])])
def test_a_key_lets_in_the_services_that_act_in_their_own_name_and_nobody_else(
    template: Template, part: str, let_in: list[Body]
) -> None:
    """Defect: Encryption without grants."""
    assert statements(key(template, f"keys_{part}")["policy"]) == [ADMINISTRATION, *let_in]


def test_a_shared_key_lets_in_all_of_them_under_the_same_conditions(template: Template) -> None:
    """Defect: Encryption without grants."""
    shared = statements(key(template, "cheap_shared")["policy"])
    assert shared == [ADMINISTRATION, LOG_GROUPS]


def test_a_shared_key_is_one_key_under_four_names() -> None:
    def build(stack: TerraformStack) -> None:
        ground = Ground(stack)
        keys = Encryption(stack, "keys", naming=ground.naming, place=ground.place, shared=True)
        assert keys.data is keys.queues is keys.functions is keys.logs
        keys.data.grant_decrypt(ground.role())

    (statement,) = granted(synthesized(build))
    assert statement["Condition"] == through("dynamodb", "lambda", "s3", "secretsmanager", "sns", "sqs")


@pytest.mark.parametrize(
    ("part", "services"),
    [
        ("data", ("dynamodb", "s3", "secretsmanager")),
        ("queues", ("sns", "sqs")),
        ("functions", ("lambda",)),
    ],
)
def test_a_grant_holds_only_through_the_services_the_key_is_for(
    template: Template, part: str, services: tuple[str, ...]
) -> None:
    """Defect: Encryption without grants."""
    own_key = f"${{aws_kms_key.keys_{part}_key.arn}}"
    condition = through(*services)
    assert granted(template, f"{part}_writer") == [
        {
            "Effect": "Allow",
            "Action": ["kms:Decrypt", "kms:GenerateDataKey"],
            "Resource": own_key,
            "Condition": condition,
        }
    ]
    assert granted(template, f"{part}_reader") == [
        {"Effect": "Allow", "Action": "kms:Decrypt", "Resource": own_key, "Condition": condition}
    ]


def test_a_grant_may_be_for_one_of_the_keys_services_alone() -> None:
    """Defect: Too much permission."""

    def build(stack: TerraformStack) -> None:
        ground = Ground(stack)
        key = Key(stack, "key", name="key", description="x", place=ground.place, services=("dynamodb", "s3"))
        key.grant_decrypt(ground.role("reader"), through="s3")
        key.grant_encrypt(ground.role("writer"), through="dynamodb")
        with pytest.raises(ValueError, match=r"through must be one of the key's services .*, got 'sqs'"):
            key.grant_decrypt(ground.role("stranger"), through="sqs")

    template = synthesized(build)
    assert [one["Condition"] for one in granted(template, "reader")] == [through("s3")]
    assert [one["Condition"] for one in granted(template, "writer")] == [through("dynamodb")]


def test_a_key_for_no_service_in_particular_is_granted_without_a_limit(template: Template) -> None:
    (statement,) = granted(template, "unlimited")
    assert "Condition" not in statement


def test_a_service_let_in_later_is_added_to_the_policy_once() -> None:
    def build(stack: TerraformStack) -> None:
        ground = Ground(stack)
        for _ in range(2):
            ground.key.allow_service(
                "delivery.logs.amazonaws.com",
                "kms:GenerateDataKey",
                "kms:Decrypt",
                sid="Delivery",
                conditions={"StringEquals": {"aws:SourceAccount": ground.place.account_id}},
            )

    policy = statements(synthesized(build).only("aws_kms_key")["policy"])
    assert policy == [
        ADMINISTRATION,
        sender("delivery.logs.amazonaws.com", "Delivery", {"StringEquals": {"aws:SourceAccount": ACCOUNT}}),
    ]


@pytest.mark.parametrize("days", [6, 31])
def test_a_window_kms_would_refuse_is_refused_at_synth(days: int) -> None:
    def build(stack: TerraformStack) -> None:
        ground = Ground(stack)
        Key(stack, "key", name="key", description="x", place=ground.place, deletion_window_days=days)

    with pytest.raises(ValueError, match=rf"deletion_window_days must be between 7 and 30, got {days}"):
        synthesized(build)
