"""Roles with one inline policy each, written as sentences: ``role.allow("sqs:SendMessage", on=queue.arn)``."""

from __future__ import annotations

import json
from collections import defaultdict
from typing import TYPE_CHECKING, Any

from cdktf import DefaultTokenResolver, StringConcat, Tokenization
from cdktf_cdktf_provider_aws.iam_role import IamRole
from cdktf_cdktf_provider_aws.iam_role_policy import IamRolePolicy
from constructs import Construct

from payments_infra.constructs.lazy_text import lazy_text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    Conditions = Mapping[str, Mapping[str, str | Sequence[str]]]


class Role(Construct):
    """A role one AWS service may assume, with exactly the permissions that were said aloud.

    All permissions stand in one inline policy: what is allowed on one resource under the same conditions is merged,
    resources with the same actions share a statement, and actions are sorted.

    Args:
        name: physical name of the role.
        service: service principal that may assume it, for example ``lambda.amazonaws.com``.
        trust_conditions: conditions of the trust policy, against the confused deputy.
            https://docs.aws.amazon.com/IAM/latest/UserGuide/confused-deputy.html
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        name: str,
        service: str,
        trust_conditions: Conditions | None = None,
    ) -> None:
        super().__init__(scope, id_)
        self._said: list[list[Any]] = []
        self.role = IamRole(
            self,
            "role",
            name=name,
            assume_role_policy=policy_document(
                statement(
                    "sts:AssumeRole",
                    principal={"Service": service},
                    conditions=trust_conditions,
                )
            ),
        )
        self._policy: IamRolePolicy | None = None

    @property
    def arn(self) -> str:
        """ARN of the role."""
        return str(self.role.arn)

    @property
    def name(self) -> str:
        """Name of the role (a reference)."""
        return str(self.role.name)

    @property
    def policy(self) -> IamRolePolicy | None:
        """The role's one policy; None as long as nothing was allowed. Depend on it where a service checks early."""
        return self._policy

    def allow(
        self,
        *actions: str,
        on: str | Sequence[str],
        conditions: Conditions | None = None,
    ) -> None:
        """Allow ``actions`` on one resource or several, by ARN, under ``conditions``."""
        self._add("Allow", actions, on, conditions)

    def deny(
        self,
        *actions: str,
        on: str | Sequence[str],
        conditions: Conditions | None = None,
    ) -> None:
        """Deny ``actions`` under ``conditions``, whatever any other statement allows."""
        self._add("Deny", actions, on, conditions)

    def _add(
        self,
        effect: str,
        actions: Sequence[str],
        on: str | Sequence[str],
        conditions: Conditions | None,
    ) -> None:
        for resource in [on] if isinstance(on, str) else on:
            self._said.append([effect, list(actions), resource, dict(conditions or {})])
        if self._policy is None:
            self._policy = IamRolePolicy(
                self, "policy", name="permissions", role=self.role.id, policy=lazy_text(self.document)
            )

    def document(self) -> str:
        """Return the policy as it stands, as JSON."""
        allowed: dict[tuple[str, str, str], set[str]] = defaultdict(set)
        for effect, actions, resource, conditions in self._resolved(self._said):
            allowed[effect, resource, json.dumps(conditions or {}, sort_keys=True)].update(actions)
        merged: dict[tuple[str, str, tuple[str, ...]], list[str]] = defaultdict(list)
        for (effect, resource, under), actions in allowed.items():
            merged[effect, under, tuple(sorted(actions))].append(resource)
        return policy_document(
            *(
                statement(*actions, effect=effect, on=resources, conditions=json.loads(under))
                for (effect, under, actions), resources in merged.items()
            )
        )

    def _resolved(self, said: list[Any]) -> list[Any]:
        # Every look at an attribute makes a new token. Only the references they stand for can be told apart.
        resolved: list[Any] = Tokenization.resolve(
            said, preparing=False, resolver=DefaultTokenResolver(StringConcat()), scope=self
        )
        return resolved


def statement(
    *actions: str,
    effect: str = "Allow",
    on: str | Sequence[str] | None = None,
    principal: Mapping[str, str | Sequence[str]] | str | None = None,
    conditions: Conditions | None = None,
    sid: str | None = None,
) -> dict[str, Any]:
    """Return one IAM policy statement; what is not given is left out."""
    parts: dict[str, Any] = {
        "Sid": sid,
        "Effect": effect,
        "Principal": principal,
        "Action": _one_or_many(actions),
        "Resource": _one_or_many([on] if isinstance(on, str) else on or ()),
        "Condition": conditions,
    }
    return {key: value for key, value in parts.items() if value}


def policy_document(*statements: Mapping[str, Any]) -> str:
    """Return an IAM policy of ``statements`` as JSON."""
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)}, separators=(",", ":"))


def _one_or_many(values: Sequence[str]) -> str | list[str]:
    return values[0] if len(values) == 1 else list(values)
