"""What policies of a stack say, inline or as documents of their own."""

from __future__ import annotations

import json
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from payments_infra.guardrails.synthesized import blocks, many

if TYPE_CHECKING:
    from collections.abc import Iterator

    from payments_infra.guardrails.synthesized import Body, Resource, Synthesized

DOCUMENT = "data.aws_iam_policy_document"

_BEFORE_RESOURCE = 5
"""Colons of an ARN before what it names."""


def statements(stack: Synthesized, policy: object) -> list[Body] | None:
    """Return what ``policy`` says, in IAM's own words; None where only Terraform will know it."""
    text = str(policy)
    if text.lstrip().startswith("{"):
        return list(blocks(json.loads(text).get("Statement")))
    document = stack.target(text, DOCUMENT)
    return None if document is None else [_in_iam_words(one) for one in blocks(document.body.get("statement"))]


def allowed_to(stack: Synthesized, role: Resource) -> Iterator[Body]:
    """Yield what the policies of this stack allow ``role``; what AWS's managed policies add is not known here."""
    for policy in stack.resources("aws_iam_role_policy"):
        if role in stack.referred(policy.body.get("role"), "aws_iam_role"):
            yield from _allowing(stack, policy.body.get("policy"))
    for attachment in stack.resources("aws_iam_role_policy_attachment"):
        if role in stack.referred(attachment.body.get("role"), "aws_iam_role"):
            for policy in stack.referred(attachment.body.get("policy_arn"), "aws_iam_policy"):
                yield from _allowing(stack, policy.body.get("policy"))


def lets_in(statement: Body, service: str, action: str) -> bool:
    """Return whether ``statement`` allows ``action`` to the principal ``service``, or to that service of a region."""
    principal = statement.get("Principal")
    services = many(principal.get("Service")) if isinstance(principal, dict) else many(principal)
    return (
        statement.get("Effect", "Allow") == "Allow"
        and any(one in {"*", service} or one.startswith(f"{service}.") for one in services)
        and any(fnmatchcase(action.lower(), pattern.lower()) for pattern in many(statement.get("Action")))
    )


def names(statement: Body, key: str, called: str) -> bool:
    """Return whether no condition on ``key`` keeps out the ARN that ends with ``called``, a resource of its service."""
    for operator, keys in (statement.get("Condition") or {}).items():
        arns = [] if "Not" in operator else many(keys.get(key))
        if arns and not any(fnmatchcase(called, str(arn).split(":", _BEFORE_RESOURCE)[-1]) for arn in arns):
            return False
    return True


def _allowing(stack: Synthesized, policy: object) -> Iterator[Body]:
    for statement in statements(stack, policy) or ():
        if statement.get("Effect", "Allow") == "Allow":
            yield statement


def _in_iam_words(statement: Body) -> dict[str, Any]:
    principals: dict[str, list[str]] = {}
    for one in blocks(statement.get("principals")):
        principals.setdefault(one["type"], []).extend(many(one["identifiers"]))
    return {
        "Effect": statement.get("effect", "Allow"),
        "Action": many(statement.get("actions")),
        "Resource": many(statement.get("resources")),
        "Principal": principals,
    }
