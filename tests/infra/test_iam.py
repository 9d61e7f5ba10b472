from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from payments_infra.constructs.iam import Role, policy_document, statement
from tests.infra.ground import ACCOUNT, KEY, Ground, granted, readable
from tests.infra.template import Template, synthesized

if TYPE_CHECKING:
    from cdktf import TerraformStack

TABLE = "arn:aws:dynamodb:eu-central-1:123456789012:table/payments"
QUEUE = "arn:aws:sqs:eu-central-1:123456789012:payments"
OTHER_QUEUE = "arn:aws:sqs:eu-central-1:123456789012:others"
OWN_REQUESTS = {"StringEquals": {"aws:ResourceAccount": "123456789012"}}


def worker(stack: TerraformStack) -> Role:
    return Role(stack, "worker", name="payments-worker-dev", service="lambda.amazonaws.com")


@pytest.fixture(scope="module")
def template() -> Template:
    def build(stack: TerraformStack) -> None:
        role = worker(stack)
        role.allow("sqs:SendMessage", on=QUEUE)
        role.allow("dynamodb:PutItem", on=TABLE)
        role.allow("dynamodb:GetItem", on=TABLE)
        role.allow("dynamodb:GetItem", on=TABLE)
        role.allow("sqs:SendMessage", on=OTHER_QUEUE)
        role.allow("sqs:SendMessage", on=QUEUE, conditions=OWN_REQUESTS)
        role.deny("dynamodb:UpdateItem", "dynamodb:DeleteItem", on=TABLE)
        role.deny("dynamodb:Scan", on=[TABLE, f"{TABLE}/index/by-day"], conditions=OWN_REQUESTS)

    return synthesized(build)


def test_one_inline_policy_merges_by_resource_and_sorts_actions(template: Template) -> None:
    """Defect: Too much permission."""
    assert granted(template) == [
        {"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": [QUEUE, OTHER_QUEUE]},
        {"Effect": "Allow", "Action": ["dynamodb:GetItem", "dynamodb:PutItem"], "Resource": TABLE},
        {"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": QUEUE, "Condition": OWN_REQUESTS},
        {"Effect": "Deny", "Action": ["dynamodb:DeleteItem", "dynamodb:UpdateItem"], "Resource": TABLE},
        {
            "Effect": "Deny",
            "Action": "dynamodb:Scan",
            "Resource": [TABLE, f"{TABLE}/index/by-day"],
            "Condition": OWN_REQUESTS,
        },
    ]
    assert len(template.resources("aws_iam_role_policy")) == 1


def test_one_resource_named_twice_by_reference_is_one_resource() -> None:
    """A reference looks different each time it is taken; a policy that grew by each look would outgrow its limit."""

    def build(stack: TerraformStack) -> None:
        ground = Ground(stack)
        role = worker(stack)
        for action in ("kms:Decrypt", "kms:Encrypt"):
            only_here = {"StringEquals": {"aws:SourceAccount": ground.place.account_id}}
            role.allow(action, on=ground.key.arn, conditions=only_here)

    assert granted(synthesized(build)) == [
        {
            "Effect": "Allow",
            "Action": ["kms:Decrypt", "kms:Encrypt"],
            "Resource": KEY,
            "Condition": {"StringEquals": {"aws:SourceAccount": ACCOUNT}},
        }
    ]


def test_a_role_is_trusted_by_its_service_alone(template: Template) -> None:
    role = template.only("aws_iam_role")
    assert role["name"] == "payments-worker-dev"
    assert json.loads(role["assume_role_policy"]) == {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"},
        ],
    }


def test_trust_can_be_limited_by_conditions() -> None:
    def build(stack: TerraformStack) -> None:
        Role(
            stack,
            "pipe",
            name="payments-pipe-dev",
            service="pipes.amazonaws.com",
            trust_conditions={"StringEquals": {"aws:SourceAccount": "123456789012"}},
        )

    (trust,) = json.loads(synthesized(build).only("aws_iam_role")["assume_role_policy"])["Statement"]
    assert trust["Condition"] == {"StringEquals": {"aws:SourceAccount": "123456789012"}}


def test_a_role_that_was_allowed_nothing_has_no_policy() -> None:
    kept: list[Role] = []
    template = synthesized(lambda stack: kept.append(worker(stack)))
    assert kept[0].policy is None
    assert not template.resources("aws_iam_role_policy")


def test_two_roles_of_one_stack_keep_their_permissions_apart() -> None:
    """Defect: Two instances collide."""

    def build(stack: TerraformStack) -> None:
        worker(stack).allow("sqs:SendMessage", on=QUEUE)
        other = Role(stack, "other", name="payments-other-dev", service="lambda.amazonaws.com")
        other.allow("sqs:ReceiveMessage", on=QUEUE)

    template = synthesized(build)
    assert granted(template) == [{"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": QUEUE}]
    assert granted(template, "other") == [{"Effect": "Allow", "Action": "sqs:ReceiveMessage", "Resource": QUEUE}]
    policies = readable(list(template.resources("aws_iam_role_policy").values()))
    assert {policy["role"] for policy in policies} == {
        "${aws_iam_role.worker_role.id}",
        "${aws_iam_role.other_role.id}",
    }


def test_a_statement_leaves_out_what_is_not_given() -> None:
    assert statement("sqs:SendMessage") == {"Effect": "Allow", "Action": "sqs:SendMessage"}


def test_a_policy_is_compact_json_of_the_current_language_version() -> None:
    assert policy_document({"Effect": "Allow"}) == '{"Version":"2012-10-17","Statement":[{"Effect":"Allow"}]}'
