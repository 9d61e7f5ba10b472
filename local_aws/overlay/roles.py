"""Whether a role that a service acts by allows what the service is about to do."""

from ministack.core import iam_evaluator
from ministack.core.responses import get_account_id, get_region


def refusal(role_arn: str, action: str, resource_arn: str) -> str | None:
    """Return why the role does not allow ``action`` on ``resource_arn``, in AWS's words; None when it does."""
    name = role_arn.rsplit("/", 1)[-1]
    principal = f"arn:aws:sts::{get_account_id()}:assumed-role/{name}/service"
    context = iam_evaluator.EvalContext(
        principal_arn=principal,
        principal_type="AssumedRole",
        principal_account=get_account_id(),
        action=action,
        resource_arn=resource_arn,
        region=get_region(),
    )
    result = iam_evaluator.evaluate(context, iam_evaluator._gather_role_policies(name, get_account_id()))
    if result.decision == "Allow":
        return None
    return f"User: {principal} is not authorized to perform: {action} on resource: {resource_arn}"
