"""Puts the guardrails around a stack: one call, and a stack that breaks a rule is never handed to Terraform."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import jsii
from constructs import IValidation

from payments_infra.guardrails.alarms import silent_alarms
from payments_infra.guardrails.keys import keys_that_shut_out
from payments_infra.guardrails.names import long_names, repeated_names
from payments_infra.guardrails.network import unreachable_services
from payments_infra.guardrails.queues import (
    early_forgetting,
    early_redelivery,
    queues_without_redrive,
    unread_queues,
    whole_batches_that_fail,
)
from payments_infra.guardrails.retention import unretained_data
from payments_infra.guardrails.synthesized import Synthesized

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cdktf import TerraformStack

    from payments_infra.guardrails.problem import Accepted

RULES = (
    early_redelivery,
    early_forgetting,
    unread_queues,
    queues_without_redrive,
    whole_batches_that_fail,
    silent_alarms,
    unreachable_services,
    keys_that_shut_out,
    long_names,
    repeated_names,
)
"""What holds for every stack. Data must be retained only where that is asked for."""


def guard(stack: TerraformStack, *, retain_data: bool, accepted: Sequence[Accepted] = ()) -> None:
    """Make the synthesis of ``stack`` fail where its resources don't work together, and name all problems at once.

    Looks at what Terraform would get, so constructs of any origin are checked alike.

    Args:
        stack: the stack; what is added to it later is checked too.
        retain_data: whether its tables, buckets, secrets and keys must survive a wrong command, as in production.
        accepted: problems that are none here, each with its reason. One that meets no problem is one itself.
    """
    stack.node.add_validation(_Guardrails(stack, retain_data=retain_data, accepted=accepted))


def problems(json: Mapping[str, Any], *, retain_data: bool, accepted: Sequence[Accepted] = ()) -> list[str]:
    """Return every problem of a synthesized stack, one line each, in the order of their paths.

    Args:
        json: content of the stack's ``cdk.tf.json``.
        retain_data: as for :func:`guard`.
        accepted: as for :func:`guard`.
    """
    stack = Synthesized(json)
    rules = (*RULES, unretained_data) if retain_data else RULES
    found = sorted(problem for rule in rules for problem in rule(stack))
    left = [problem for problem in found if not any(one.covers(problem) for one in accepted)]
    return [*map(str, left), *(_stale(one) for one in accepted if not any(map(one.covers, found)))]


def _stale(accepted: Accepted) -> str:
    return f"{accepted.path}: {accepted.rule} is accepted here and finds nothing. Take the exception out"


@jsii.implements(IValidation)
class _Guardrails:
    def __init__(self, stack: TerraformStack, *, retain_data: bool, accepted: Sequence[Accepted]) -> None:
        self._stack = stack
        self._retain_data = retain_data
        self._accepted = accepted

    def validate(self) -> list[str]:
        return problems(self._stack.to_terraform(), retain_data=self._retain_data, accepted=self._accepted)
