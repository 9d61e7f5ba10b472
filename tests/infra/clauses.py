"""What the policies of a template say, taken apart into single clauses that can be held against what is needed."""

from __future__ import annotations

import json
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from tests.infra.whole_stack import address_of, many

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tests.infra.template import Body, Template

POLICIES = {
    "aws_cloudwatch_log_resource_policy": ("policy_document", None),
    "aws_dynamodb_resource_policy": ("policy", "resource_arn"),
    "aws_iam_role_policy": ("policy", "role"),
    "aws_kms_key": ("policy", None),
    "aws_s3_bucket_policy": ("policy", "bucket"),
    "aws_sns_topic": ("policy", None),
    "aws_sqs_queue": ("policy", None),
    "aws_vpc_endpoint": ("policy", None),
}
"""Where policies stand, by type: the argument that holds one, and the one that names whose it is, where apart."""

ACCOUNT_WIDE = "aws_cloudwatch_log_resource_policy"
"""Policies of the whole account: together they are one holder, called by their type."""

TRUST = "trust of "
"""Begins the holder of a role's trust policy; its other clauses are held by the role itself."""


class Clause(NamedTuple):
    """One action on one resource, for whom, and under what conditions: operator, key and values of each.

    A role's own policy names no principal.
    """

    effect: str
    action: str
    resource: str
    principal: str
    conditions: tuple[tuple[str, str, tuple[str, ...]], ...]


def clause(
    action: str,
    resource: str = "",
    *,
    effect: str = "Allow",
    principal: str | Mapping[str, str] | None = None,
    conditions: Mapping[str, Mapping[str, str | list[str]]] | None = None,
) -> Clause:
    """Return a clause, its principal and conditions written in the one way that clauses are compared by."""
    whom = principal if isinstance(principal, str) else " ".join(str(one) for one in (principal or {}).items())
    under = [
        (operator, key, tuple(sorted(many(value))))
        for operator, keys in (conditions or {}).items()
        for key, value in keys.items()
    ]
    return Clause(effect, action, resource, whom, tuple(sorted(under)))


def policies(template: Template) -> Iterator[tuple[str, str]]:
    """Yield every policy with the address of whose it is; Lambda's permissions stand apart."""
    for type_, (argument, owner) in POLICIES.items():
        for name, body in template.resources(type_).items():
            if argument in body:
                yield _holder(type_, name, body[owner] if owner else None), body[argument]
    for name, body in template.resources("aws_iam_role").items():
        yield f"{TRUST}aws_iam_role.{name}", body["assume_role_policy"]


def said(template: Template) -> dict[str, list[Clause]]:
    """Return every clause of every policy, as often as it is said, by the address of whose it is."""
    found: dict[str, list[Clause]] = {}
    for holder, policy in policies(template):
        found.setdefault(holder, []).extend(_clauses(policy))
    for body in template.resources("aws_lambda_permission").values():
        source = {"ArnLike": {"aws:SourceArn": body["source_arn"]}} if "source_arn" in body else None
        principal = {"Service": body["principal"]}
        found.setdefault(address_of(body["function_name"]), []).append(
            clause(body["action"], principal=principal, conditions=source)
        )
    return found


def _holder(type_: str, name: str, owner: str | None) -> str:
    if type_ == ACCOUNT_WIDE:
        return type_
    return address_of(owner) if owner else f"{type_}.{name}"


@lru_cache(maxsize=10_000)
def _clauses(policy: str) -> tuple[Clause, ...]:
    statements: list[Body] = json.loads(policy)["Statement"]
    return tuple(
        clause(
            action,
            resource,
            effect=one["Effect"],
            principal=one.get("Principal"),
            conditions=one.get("Condition"),
        )
        for one in statements
        for action in many(one["Action"])
        for resource in many(one.get("Resource", ""))
    )
