"""What a state machine's role allows, which MiniStack does not look at: every task runs.

AWS: https://docs.aws.amazon.com/step-functions/latest/dg/procedure-create-iam-role.html, and for a distributed map
https://docs.aws.amazon.com/step-functions/latest/dg/iam-policies-eg-dist-map.html: the machine starts itself and reads
the list of items.
"""

from typing import Any

from ministack.services import stepfunctions

from local_aws.overlay import workflow_scope
from local_aws.overlay.roles import refusal

Record = dict[str, Any]

_TASKS = {
    "lambda:invoke": ("lambda:InvokeFunction", "FunctionName", "Lambda.AWSLambdaException"),
    "sns:publish": ("sns:Publish", "TopicArn", "SNS.AuthorizationErrorException"),
}


def apply() -> None:
    """Ask the role before a function is invoked, a message published, a list of items read or a child started."""
    invoke, read, run_map = (
        stepfunctions._invoke_resource,
        stepfunctions._read_map_items,
        stepfunctions._run_distributed_map,
    )

    def invoke_by_role(resource: str, data: Any) -> Any:
        if permission := _TASKS.get(resource.rpartition(":::")[2]):
            action, field, error = permission
            _require(action, data[field], error)
        return invoke(resource, data)

    def read_by_role(reader: Record, data: Any, context: Record) -> Any:
        if reader["Resource"].endswith("s3:getObject"):
            wanted = stepfunctions._resolve_params_obj(reader["Parameters"], data, context)
            _require("s3:GetObject", f"arn:aws:s3:::{wanted['Bucket']}/{wanted['Key']}", "States.ItemReaderFailed")
        return read(reader, data, context)

    def run_map_by_role(state: Record, raw: Any, data: Any, processor: Record, *where: Record) -> Any:
        execution, context = where
        workflow_scope.enter(execution, context)
        _require("states:StartExecution", execution["stateMachineArn"], "States.Permissions")
        return run_map(state, raw, data, processor, execution, context)

    stepfunctions._invoke_resource = invoke_by_role
    stepfunctions._read_map_items = read_by_role
    stepfunctions._run_distributed_map = run_map_by_role


def _require(action: str, resource_arn: str, error: str) -> None:
    machine = workflow_scope.machine()
    why = refusal(machine["roleArn"], action, resource_arn) if machine else None
    if why:
        raise stepfunctions._ExecutionError(error, why)
