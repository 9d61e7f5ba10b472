"""Stacks as an importer writes them, of bare resources, and what the guardrails find in them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from cdktf import TerraformStack
from cdktf import Testing as CdktfTesting
from cdktf_cdktf_provider_aws.iam_role import IamRole
from cdktf_cdktf_provider_aws.iam_role_policy import IamRolePolicy
from cdktf_cdktf_provider_aws.lambda_event_source_mapping import LambdaEventSourceMapping
from cdktf_cdktf_provider_aws.lambda_function import LambdaFunction
from cdktf_cdktf_provider_aws.provider import AwsProvider
from cdktf_cdktf_provider_aws.sqs_queue import SqsQueue

from payments_infra.guardrails import problems

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from cdktf_cdktf_provider_aws.lambda_alias import LambdaAlias
    from constructs import Construct

    from payments_infra.guardrails import Accepted


def guarded(
    build: Callable[[TerraformStack], object], *, retain_data: bool = False, accepted: Sequence[Accepted] = ()
) -> list[str]:
    """Return what the guardrails find in a stack that ``build`` filled."""
    stack = TerraformStack(CdktfTesting.app(), "shop")
    AwsProvider(stack, "aws", region="eu-central-1")
    build(stack)
    return problems(stack.to_terraform(), retain_data=retain_data, accepted=accepted)


def queue(scope: Construct, id_: str = "orders", **options: Any) -> SqsQueue:  # noqa: ANN401 - whatever SqsQueue takes
    """Add a queue without redrive policy."""
    return SqsQueue(scope, id_, **{"name": id_, **options})


def redriven_queue(scope: Construct, id_: str = "orders", **options: Any) -> SqsQueue:  # noqa: ANN401 - likewise
    """Add a queue, and one for its dead letters, which are kept for 14 days."""
    dead_letters = queue(scope, f"{id_}_dead_letters", message_retention_seconds=1_209_600)
    policy = json.dumps({"deadLetterTargetArn": dead_letters.arn, "maxReceiveCount": 5})
    return queue(scope, id_, **{"redrive_policy": policy, **options})


def function(scope: Construct, id_: str = "worker", **options: Any) -> LambdaFunction:  # noqa: ANN401 - likewise
    """Add a function with a role that may do nothing."""
    given = {"function_name": id_, "role": role(scope, f"{id_}_role").arn, "filename": "worker.zip", **options}
    return LambdaFunction(scope, id_, **given)


def consume(scope: Construct, source: SqsQueue, by: LambdaFunction | LambdaAlias, **options: Any) -> None:  # noqa: ANN401 - likewise
    """Let ``by`` consume ``source``, one failed message at a time."""
    given = {"function_response_types": ["ReportBatchItemFailures"], **options}
    LambdaEventSourceMapping(
        scope, f"{source.node.id}_mapping", event_source_arn=source.arn, function_name=by.arn, **given
    )


def role(scope: Construct, id_: str, *actions: str, on: str = "*") -> IamRole:
    """Add a role, and a policy of its own where it is to be allowed ``actions``."""
    made = IamRole(scope, id_, name=id_, assume_role_policy="{}")
    if actions:
        policy = {"Statement": [{"Effect": "Allow", "Action": list(actions), "Resource": on}]}
        IamRolePolicy(scope, f"{id_}_policy", role=made.id, policy=json.dumps(policy))
    return made
